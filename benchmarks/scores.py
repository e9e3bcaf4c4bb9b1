"""How well the scores of trained runs find what was rendered, and what other scores would find.

``python benchmarks/scores.py STUDY_FOLDER=RUN ...``: for studies of ``benchmarks/worlds`` or the sample
study that were trained and embedded. The last two subjects of the healthy group are controls; the others are
the reference.

``python benchmarks/worlds rats rats --seed 1``, ``napari-ubam train rats/study.csv --run rats/run --preset
tiny --steps 600`` and ``napari-ubam embed rats/study.csv --run rats/run`` make such a study and run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from _common import print_table
from sklearn.metrics import roc_auc_score

from napari_ubam.analysis import Calibration, Codes, DeviationResult, deviation, subject_table
from napari_ubam.analysis.individual import SHARE, without_individual
from napari_ubam.embedding.codes import read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.study import Study
from napari_ubam.tracking import with_found_regions

CONTROLS = 2
INSIDE, OUTSIDE = 0.5, 0.05  # envelope over which a frame deviates, and under which it does not
LINE = 95.0  # percentile
SHARES = (0.0, 0.3, 0.5, 0.7, 1.0)
APART = 30  # frames between a window and others of its recording that it is compared with

Values = dict[str, np.ndarray]  # of each window, by recording
Level = Callable[[np.ndarray], np.ndarray]  # what is done to the values of a recording

LEVELS: dict[str, Level] = {
    "": lambda values: values,
    "minus the median": lambda values: values - np.nanmedian(values),
    "minus the 35% quantile": lambda values: values - np.nanquantile(values, 0.35),
    "minus the 20% quantile": lambda values: values - np.nanquantile(values, 0.2),
    "divided by the median": lambda values: values / np.nanmedian(values),
}


@dataclass(frozen=True)
class Truth:
    """What was rendered.

    Parameters
    ----------
    envelope : (t,) float array
        0 outside the bouts, 1 within.
    course : str
        ``"none"``, ``"episodic"`` or ``"constant"``.
    """

    envelope: np.ndarray
    course: str


@dataclass(frozen=True)
class World:
    """Codes and truth of a study.

    Parameters
    ----------
    name : str
    codes : list of Codes
    truth : dict of str to Truth
        By recording.
    """

    name: str
    codes: list[Codes]
    truth: dict[str, Truth]

    @classmethod
    def read(cls, folder: Path, run: Path) -> World:
        """Read a study that was rendered, and its run."""
        encoder = ModelEncoder.load(run)
        study = with_found_regions(run, Study.from_csv(folder / "study.csv"))
        codes = read_codes(run, study, encoder)
        return cls(folder.name, codes, _truth_of(folder))

    @property
    def reference(self) -> list[str]:
        """Recordings of the healthy group but for the controls."""
        return [one.name for one in self.codes if one.group == "healthy"][:-CONTROLS]

    @property
    def controls(self) -> list[str]:
        """Recordings of the healthy group that are no reference."""
        return [one.name for one in self.codes if one.group == "healthy"][-CONTROLS:]

    def of(self, course: str) -> list[str]:
        """List the recordings whose impairment has a course."""
        return [name for name, truth in self.truth.items() if truth.course == course]


def _truth_of(folder: Path) -> dict[str, Truth]:
    if (folder / "truth").is_dir():
        files = {path.stem: np.load(path) for path in sorted((folder / "truth").glob("*.npz"))}
        return {name: Truth(file["envelope"], str(file["course"])) for name, file in files.items()}
    table = pd.read_csv(folder / "truth.csv")  # of the sample study, whose impairments come in bouts
    found = {name: part["envelope"].to_numpy() for name, part in table.groupby("recording")}
    return {name: Truth(part, "episodic" if part.max() > INSIDE else "none") for name, part in found.items()}


def results_of(world: World, share: float | None) -> DeviationResult:
    """Score a world.

    Parameters
    ----------
    world : World
    share : float or None
        Share of the mean posture that is taken out of windows; None to compare behaviour codes.
    """
    codes = [replace(one, window=None) for one in world.codes] if share is None else world.codes
    other = partial(without_individual, share=share or 0.0)  # each subject has one recording
    with patch("napari_ubam.analysis.codes.without_individual", other):
        return deviation(codes, world.reference)


def rest_of(world: World) -> Values:
    """Mean distance of each window to the ten nearest of its own recording, at least a second away."""
    found = {}
    for one in world.codes:
        if one.window is None:
            raise SystemExit("This model compares behaviour codes; choose a run of another preset.")
        grid, length = one.grid(one.window), one.window.steps
        products, count = grid.postures @ grid.postures.T, len(grid.postures) - length + 1
        distance = 1 - np.mean([products[at : at + count, at : at + count] for at in range(length)], axis=0)
        place = np.arange(count)
        distance[np.abs(place[:, None] - place) <= APART] = np.inf
        nearest = np.sort(distance, axis=1)[:, :10].mean(axis=1)
        found[one.name] = grid.at_frames(np.concatenate([nearest, np.full(length - 1, np.nan)]))
    return found


def measure(world: World, values: Values) -> dict[str, str]:
    """Measure values of windows against the truth."""
    each = [_area([world.truth[name]], [values[name]]) for name in world.of("episodic")]
    names = [name for name in values if world.truth[name].course != "constant"]
    pooled = _area([world.truth[name] for name in names], [values[name] for name in names])
    line = Calibration.of([values[name] for name in world.reference]).deviation(LINE)
    over = [100 * np.mean(_known(values[name]) > line) for name in world.controls]
    excess = {name: np.clip(_known(values[name]) - line, 0, None).mean() for name in names}
    highest = max(excess[name] for name in world.of("none"))
    ranked = sum(excess[name] > highest for name in world.of("episodic"))
    return {
        "AUROC": f"{np.mean(each):.3f} / {pooled:.3f}",
        "controls": ", ".join(f"{share:.0f}%" for share in over),
        "ranked": f"{ranked} of {len(world.of('episodic'))}",
    }


def _known(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _area(truths: Sequence[Truth], values: Sequence[np.ndarray]) -> float:
    envelope, score = (np.concatenate(part) for part in ([one.envelope for one in truths], list(values)))
    counted = ((envelope > INSIDE) | (envelope < OUTSIDE)) & np.isfinite(score)
    return float(roc_auc_score(envelope[counted] > INSIDE, score[counted]))


def scores_tried(world: World) -> dict[str, Values]:
    """Give all scores that are compared."""
    found: dict[str, Values] = {}
    shares = {"behaviour codes": None, **{f"{share:g} of the mean taken out": share for share in SHARES}}
    for label, share in shares.items():
        result = results_of(world, share)
        plain = {one.name: one.behaviour_deviation.astype(np.float64) for one in result.recordings}
        for level, change in LEVELS.items():
            found[", ".join(filter(None, (label, level)))] = {
                name: change(one) for name, one in plain.items()
            }
        if share == SHARE:
            rest = rest_of(world)
            found[f"{label}, minus the rest"] = {name: plain[name] - rest[name] for name in plain}
            both = {name: plain[name] + rest[name] for name in plain}
            median = LEVELS["minus the median"]
            found[f"{label}, plus the rest, minus the median"] = {name: median(both[name]) for name in both}
    return found


def product(world: World) -> list[str]:
    """Measure what the product gives: frames, windows, episodes, subjects."""
    result = results_of(world, SHARE)
    levels = ("posture_deviation", "behaviour_deviation", "episodic")
    values = {name: {one.name: getattr(one, name) for one in result.recordings} for name in levels}
    table = subject_table(result).set_index("subject")
    subject = {one.name: one.subject for one in world.codes}
    always = [subject[name] for name in world.of("constant")]
    never = [subject[name] for name in world.of("none")]
    names = np.r_[np.ones(len(always)), np.zeros(len(never))]
    constant = roc_auc_score(names, table.loc[[*always, *never], "constant"]) if always else float("nan")
    measured = [measure(world, values[name]) for name in levels]
    return [
        world.name,
        *(one["AUROC"] for one in measured),
        measured[-1]["controls"],
        measured[-1]["ranked"],
        f"{constant:.2f}" if always else "",
    ]


def main() -> None:
    """Print both tables."""
    pairs = [text.partition("=") for text in sys.argv[1:]]
    if not pairs or any(not run for _, _, run in pairs):
        raise SystemExit("Name studies and their runs, such as worlds/rats=worlds/rats/run.")
    worlds = [World.read(Path(folder), Path(run)) for folder, _, run in pairs]
    header = [
        "world",
        "frames",
        "windows",
        "episodic",
        "controls over the 95th",
        "ranked",
        "constant, subjects",
    ]
    print_table("Scores of the product: AUROC / pooled", header, [product(world) for world in worlds])
    tried = [scores_tried(world) for world in worlds]
    rows = []
    for name in tried[0]:
        cells = [measure(world, scores[name]) for world, scores in zip(worlds, tried, strict=True)]
        rows.append([name, *(" · ".join(one.values()) for one in cells)])
    print_table("Scores of windows that were tried", ["score", *(world.name for world in worlds)], rows)
    print(
        "AUROC of windows in bouts, mean over impaired recordings / pooled over all but those impaired\n"
        "throughout · control frames over the 95th percentile of the reference · impaired subjects whose\n"
        "mean excess is above that of every healthy one. Rest: distance to the nearest windows of the own\n"
        "recording."
    )


if __name__ == "__main__":
    main()
