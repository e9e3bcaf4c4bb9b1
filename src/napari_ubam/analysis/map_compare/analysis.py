"""The analysis ``map_compare``: groups compared on the map, by clusters, and by transitions."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from napari_ubam.analysis.analysis import Analysis, AnalysisInputs, AnalysisParameters
from napari_ubam.analysis.groups.comparison import Comparison, Settings, compare_values
from napari_ubam.analysis.maps import FrameMap, fit_map
from napari_ubam.kinds import INDIVIDUAL, MAP_KIND, Individual, Kind
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.tables import Result

from .clusters import Clusters, bouts, find_clusters
from .density import GRID, Extent, compare_densities, extent_of, subject_densities
from .inputs import NAMES, Windows, subject_of_nearest, windows_of
from .medoids import medoid_places
from .readable import readable_tables
from .subjects import PROBABILITY, RATE, SHARE, share_table, transition_table
from .words import conclusions, methods_text

UNSTABLE = 0.5  # agreement of halves of the subjects that is warned of
SAMPLE = 5000  # frames that the map is fitted on
OWN = 0.8  # share of a cluster's time from one subject that is warned of


class MapCompareParameters(AnalysisParameters):
    """Parameters of the comparison on the map."""

    by: str = Field("group", description="Column of the study whose values are compared.")
    paired: bool = Field(
        False, description="The values are conditions of the same subjects, such as drug on and off."
    )
    where: str = Field("", description="Filter of the recordings, such as session=3. Empty: all.")
    baseline: str = Field(
        "", description="Value that the others are compared with. Empty: the one of the reference."
    )
    clusters: int = Field(0, ge=0, le=50, description="Number of clusters. 0: chosen by stability.")
    shortest: float = Field(
        0.2, ge=0, le=10, description="Shortest bout in seconds; shorter ones are joined."
    )
    kind: Kind = Field(MAP_KIND, description="Codes that are compared: behaviour or posture.")
    individual: Individual = Field(
        INDIVIDUAL, description="remove: without what each subject always has; keep: codes as stored."
    )
    method: Literal["umap", "pca"] = Field("umap", description="Method of the map: umap or pca.")
    adjust: Literal["holm", "bh"] = Field(
        "holm", description="Adjustment of p for the number of tests: holm, or bh (Benjamini-Hochberg)."
    )
    permutations: int = Field(
        2000, ge=100, le=100_000, description="Number of arrangements; all, if there are no more than this."
    )
    seed: int = Field(0, ge=0, description="Random seed.")


def _compute(inputs: AnalysisInputs, parameters: MapCompareParameters) -> Result:
    done = [0]

    def check() -> None:
        check_cancelled(inputs.cancel)
        done[0] += 1
        inputs.progress(Progress("map_compare", 0, 0, detail=f"step {done[0]}"))

    p = parameters
    windows = windows_of(inputs, p.by, p.paired, p.where, p.baseline, p.kind, p.individual)
    owner = windows.owner
    # Conditions of a subject stay together: halves of the subjects that shared one would seem to agree.
    subject = pd.factorize(windows.frames["subject"])[0]
    clusters = find_clusters(windows.codes, subject, p.clusters, seed=p.seed, check=check)
    placed = fit_map(
        windows.codes,
        owner,
        method=p.method,
        sample=SAMPLE,
        seed=p.seed,
        progress=inputs.progress,
        cancel=inputs.cancel,
    )
    found = _bouts(windows, clusters, p.shortest)
    count = len(clusters.medoid)
    shares = share_table(found, count)
    moves, pairs = transition_table(found, shares)
    settings = Settings(p.paired, p.adjust, p.permutations, 1000, p.seed)
    names = [f"{SHARE}_{one}" for one in range(1, count + 1)]
    by_share = compare_values(shares, windows.levels, names, settings, check)
    tables = {"map_compare": _numbered(by_share.pairs)}
    if len(by_share.overall):
        tables["map_compare_overall"] = _numbered(by_share.overall)
    tables["map_compare_clusters"] = _cluster_table(windows, clusters, placed)
    tables["map_compare_subjects"] = shares
    tables |= _transitions(moves, pairs, windows.levels, settings, check)
    areas, cells, extent = _areas(windows, placed, p, check)
    tables |= {"map_compare_areas": areas, "map_compare_cells": cells}
    same, chance = subject_of_nearest(placed.points, windows.frames, p.seed)
    facts = {
        "by": p.by,
        "levels": windows.levels,
        "subjects": {k: int(v) for k, v in windows.subjects["level"].value_counts().items()},
        "paired": p.paired,
        "adjust": p.adjust,
        "seed": p.seed,
        "clusters": count,
        "agreement": {str(number): round(one, 3) for number, one in clusters.agreement.items()},
        "permutations": p.permutations,
        "grid": GRID,
        "extent": list(extent),
        "same_subject_nearest": round(same, 3),
        "same_subject_by_chance": round(chance, 3),
        "method": p.method,
        "kind": p.kind,
        "individual": p.individual,
        "shortest": p.shortest,
        "medoids": medoid_places(inputs.study, tables["map_compare_clusters"]),
    }
    warnings = [*_warnings(tables, facts), *_few(by_share)]
    return Result("map_compare", tables, facts, tuple(warnings))


def _bouts(windows: Windows, clusters: Clusters, shortest: float) -> pd.DataFrame:
    """Bouts of all recordings with ``subject`` and ``level``."""
    parts = []
    for _, rows in windows.frames.groupby("recording", sort=False):
        own = bouts(clusters.number[rows.index], rows["time"].to_numpy(float), shortest)
        parts.append(own.assign(subject=rows["subject"].iloc[0], level=rows["level"].iloc[0]))
    return pd.concat(parts, ignore_index=True)


def _cluster_table(windows: Windows, clusters: Clusters, placed: FrameMap) -> pd.DataFrame:
    """Each cluster with its medoid, its place on the map and its subjects."""
    rows = []
    for number, medoid in enumerate(clusters.medoid, 1):
        own = np.flatnonzero(clusters.number == number)
        frame, counts = windows.frames.iloc[medoid], windows.frames["subject"].iloc[own].value_counts()
        x, y = np.median(placed.points[own], axis=0)
        rows.append(
            {"cluster": number, "recording": frame["recording"], "frame": int(frame["frame"])}
            | {"time": float(frame["time"]), "x": float(x), "y": float(y), "subjects": len(counts)}
            | {"largest_subject": str(counts.index[0]), "largest_share": float(counts.iloc[0] / len(own))}
        )
    return pd.DataFrame(rows)


def _transitions(
    moves: pd.DataFrame, pairs: Any, levels: list[str], settings: Settings, check: Any
) -> dict[str, pd.DataFrame]:
    """Test rates, and probabilities, of the common transitions; each is adjusted for its number."""
    if not pairs:
        return {}
    tested = []
    for what in (RATE, PROBABILITY):
        names = [f"{what}_{origin}_{target}" for origin, target in pairs]
        found = compare_values(moves, levels, names, settings, check).pairs
        parts = found["measure"].str.split("_", expand=True)
        found.insert(0, "origin", parts[1].astype(int))
        found.insert(1, "target", parts[2].astype(int))
        tested.append(found.assign(measure=what))
    return {
        "map_compare_transitions": pd.concat(tested, ignore_index=True),
        "map_compare_transition_subjects": moves,
    }


def _areas(
    windows: Windows, placed: FrameMap, p: MapCompareParameters, check: Any
) -> tuple[pd.DataFrame, pd.DataFrame, Extent]:
    """Areas of each pair of levels, and the density of each level in every cell."""
    points, extent = placed.points, extent_of(placed.points)
    density = subject_densities(points, windows.owner, extent, seconds=windows.seconds)
    subjects = windows.subjects
    rows: list[dict[str, Any]] = []
    y, x = np.mgrid[:GRID, :GRID]
    cells = {"x": x.ravel(), "y": y.ravel()}
    samples = {}
    for place, level in enumerate(windows.levels):
        own = subjects[subjects["level"] == level].sort_values("subject").index
        samples[level] = density[own]
        cells[f"density_{place}"] = density[own].mean(0).ravel()
    tests = list(combinations(range(len(windows.levels)), 2))
    for one, other in tests:
        first, second = windows.levels[one], windows.levels[other]
        found = compare_densities(
            samples[first],
            samples[second],
            paired=p.paired,
            permutations=p.permutations,
            seed=p.seed,
            check=check,
        )
        cells[f"area_{one}_{other}"] = found.number.ravel()
        for number, (mass, value) in enumerate(zip(found.mass, found.p, strict=True), 1):
            inside = found.number == number
            share = [100 * float(samples[level][:, inside].sum(1).mean()) for level in (first, second)]
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "area": number,
                    "more_in": second if share[1] > share[0] else first,
                }
                | {"percent_first": share[0], "percent_second": share[1], "mass": float(mass)}
                | {"p": float(value), "p_adjusted": min(1.0, float(value) * len(tests))}
                | {"arrangements": found.arrangements, "exact": found.exact}
            )
    columns = ["first", "second", "area", "more_in", "percent_first", "percent_second", "mass", "p"]
    table = pd.DataFrame(rows, columns=[*columns, "p_adjusted", "arrangements", "exact"])
    return table, pd.DataFrame(cells), extent


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Table of shares with the number of the cluster in front."""
    found = table.copy()
    found.insert(0, "cluster", found["measure"].str.rsplit("_", n=1).str[1].astype(int))
    return found.assign(measure=SHARE)


def _few(found: Comparison) -> list[str]:
    """Each warning of the tests once."""
    return list(dict.fromkeys(found.warnings))


def _warnings(tables: dict[str, pd.DataFrame], facts: dict[str, Any]) -> list[str]:
    said = []
    same, chance = facts["same_subject_nearest"], facts["same_subject_by_chance"]
    if same > NAMES[0] and same > NAMES[1] * chance:
        said.append(
            f"The map names the subject: the nearest point of another moment is of the same subject "
            f"in {same:.0%} of points ({chance:.0%} by chance). Densities then show who they are more than "
            "what they do, so do not read them as behaviour; train longer, or add subjects."
        )
    clusters = tables["map_compare_clusters"]
    own = clusters[clusters["largest_share"] > OWN]
    if len(own):
        listed = ", ".join(f"{row.cluster} ({row.largest_subject})" for row in own.itertuples())
        said.append(f"Clusters that hold mostly one subject: {listed}. They tell nothing about a group.")
    found = facts["agreement"].get(str(facts["clusters"]))
    if found is not None and found < UNSTABLE:
        said.append(
            f"The clusters are not stable: those of two halves of the subjects agree by only {found:.2f} "
            "(adjusted Rand index; 1 is perfect, 0 is chance). Take them as a division, not as behaviours "
            "that exist."
        )
    return said


MAP_COMPARE = Analysis(
    "map_compare",
    "Map, compared",
    "Compares groups on the map of behaviour: density, share of time in clusters, and transitions between "
    "them. The unit of every test is the subject.",
    _compute,
    MapCompareParameters,
    conclude=conclusions,
    methods=methods_text,
    readable=readable_tables,
)
