"""The comparison on the map in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from napari_ubam.analysis.groups.comparison import ADJUSTED_BY
from napari_ubam.analysis.groups.words import p_text
from napari_ubam.runfolder.tables import Result

LEVEL = 0.05


def conclusions(result: Result) -> list[str]:
    """Say what was found on the map, in the clusters, and in the transitions.

    Parameters
    ----------
    result : Result
        Of the analysis ``"map_compare"``.

    Returns
    -------
    list of str
    """
    said = [_density(result.tables["map_compare_areas"])]
    shares = result.tables["map_compare"]
    clear = shares[shares["p_adjusted"] < LEVEL]
    tests = len(shares)
    for row in _rows(clear):
        sizes = f"n = {row.n_first}" if result.facts["paired"] else f"n = {row.n_second} and {row.n_first}"
        said.append(
            f"Cluster {row.cluster}, {row.second} against {row.first} ({sizes}): difference "
            f"{row.difference:.3g} percentage points of time (95% interval {row.low:.3g} to {row.high:.3g}), "
            f"{p_text(float(row.p))}, adjusted {p_text(float(row.p_adjusted))} ({tests} tests)."
        )
    if not len(clear):
        said.append(f"No cluster differs in its share of time (smallest adjusted {_least(shares)}).")
    moves = result.tables.get("map_compare_transitions")
    if moves is not None:
        for what, words in (("rate", "rate per minute"), ("probability", "probability")):
            own = moves[moves["measure"] == what]
            many = int((own["p_adjusted"] < LEVEL).sum())
            said.append(
                f"Transitions, {words}: {many} of {len(own)} tests differ (smallest adjusted {_least(own)})."
            )
    said.append("A difference that is not found is not shown to be absent.")
    return said


def methods_text(facts: Mapping[str, Any]) -> str:
    """Name the tests, for a methods section.

    Parameters
    ----------
    facts : mapping of str to object
        Of the analysis ``"map_compare"``.

    Returns
    -------
    str
    """
    counts = ", ".join(f"{level}: n = {facts['subjects'][level]}" for level in facts["levels"])
    way = "sign flips within subjects" if facts["paired"] else "permutation of subjects"
    chosen = (
        f"the largest number for which two halves of the subjects agree nearly best (adjusted Rand index "
        f"{facts['agreement'].get(str(facts['clusters']), float('nan')):.2f})"
        if facts["agreement"]
        else "a number that was given"
    )
    return (
        f"The unit is the subject ({counts}). Windows were clustered by k-means on their codes into "
        f"{facts['clusters']} clusters, {chosen}; no label was used. Bouts shorter than "
        f"{facts['shortest']:g} s were joined to the one before. "
        "A cluster that a subject never shows counts as 0%. Shares of time "
        f"and transitions of at least half of the subjects: {way}, p adjusted by "
        f"{ADJUSTED_BY[facts['adjust']]} for the tests of each table and quantity. Density: "
        "a smoothed histogram of each subject on the map, "
        f"all subjects with the same weight; areas by {way} with the mass of the largest area (Maris and "
        f"Oostenveld 2007), at most {facts['permutations']} arrangements. Codes of all subjects are treated "
        "alike, so reference subjects do not depend on each other here as their scores do. "
        f"Seed {facts['seed']}."
    )


def _density(areas: pd.DataFrame) -> str:
    clear = areas[areas["p_adjusted"] < LEVEL]
    if not len(clear):
        least = _least(areas) if len(areas) else "no area at all"
        return f"Density: no area of the map differs ({least}, corrected for the whole map)."
    parts = [
        f"an area with {row.percent_second:.1f}% of the time of {row.second} and {row.percent_first:.1f}% of "
        f"{row.first} ({p_text(float(row.p_adjusted))})"
        for row in _rows(clear)
    ]
    return f"Density, corrected for the whole map: {'; '.join(parts)}. The borders of areas are not tested."


def _least(table: pd.DataFrame) -> str:
    value = table["p_adjusted"].min()
    return "p unknown" if pd.isna(value) else p_text(float(value))


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples()
