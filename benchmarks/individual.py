"""What taking the individual out of codes does: who is named, which posture is known, what neighbours show.

``python benchmarks/individual.py STUDY_FOLDER=RUN ...``: for studies of ``benchmarks/worlds`` that were
trained and embedded; see ``benchmarks/scores.py`` for how. Every second frame is used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
from _common import print_table
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_ubam.analysis import Codes, neighbours, phase_alignment
from napari_ubam.analysis.individual import codes_without_individual
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.embedding.codes import read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.training.checks import probes

EVERY = 2  # frames
COMPONENTS = 400  # of the linear classifier
OUTSIDE = 0.05  # envelope under which a frame does not deviate


def own_mean_removed(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Take the mean of each subject out of values (n, d)."""
    return np.concatenate([values[owner == one] - values[owner == one].mean(0) for one in np.unique(owner)])


def named(codes: np.ndarray, owner: np.ndarray) -> tuple[float, float]:
    """Accuracy of naming the subject: by a linear classifier, and by the nearest frames of other times."""
    blocks = np.concatenate([np.arange(n) * probes.FOLDS // n for n in np.bincount(owner)])
    width = min(codes.shape[1], COMPONENTS)
    linear = probes.subject_identifiability(codes, owner, blocks, width, lambda: None)
    return linear, probes.subject_of_nearest(codes, owner, blocks)


def angles_explained(codes: np.ndarray, angles: np.ndarray, owner: np.ndarray) -> float:
    """R² of ridge regression to the joint angles of other subjects."""
    drawn, scale = np.empty_like(angles), StandardScaler().fit(angles)
    for known, asked in GroupKFold(4).split(codes, groups=owner):
        folds = list(GroupKFold(4).split(codes[known], groups=owner[known]))
        model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 5, 7), cv=folds))
        model.fit(codes[known], scale.transform(angles[known]))
        drawn[asked] = scale.inverse_transform(model.predict(codes[asked]))
    return float(r2_score(angles, drawn, multioutput="variance_weighted"))


def neighbours_apart(codes: np.ndarray, angles: np.ndarray, owner: np.ndarray) -> float:
    """Distance of joint angles to the nearest frames of four other subjects; 1 is that to random frames."""
    rows = np.arange(0, len(codes), 7)
    found = neighbours(
        codes[rows], codes, k=4, query_subjects=owner[rows], reference_subjects=owner, per_subject=1
    ).index
    drawn = np.random.default_rng(0).integers(0, len(codes), found.shape)
    there = angles[rows][:, None]
    near, random = (np.sqrt(((angles[which] - there) ** 2).mean(2)) for which in (found, drawn))
    return float(near.mean() / random[owner[drawn] != owner[rows][:, None]].mean())


def alignment_apart(
    codes: Sequence[Codes], angles: dict[str, np.ndarray], calm: dict[str, np.ndarray]
) -> float:
    """Distance of joint angles between frames outside bouts and the mean of their aligned frames."""
    healthy = [one for one in codes if one.group == "healthy"]
    found = []
    for one in codes[::2]:
        rows = np.flatnonzero(one.valid)
        window = slice(rows[0], rows[-1] + 1)
        aligned = phase_alignment.phase_alignment(one, healthy, window=window)
        mean = aligned.mean([angles[name] for name in aligned.names])
        apart = np.sqrt(((mean - angles[one.name][window]) ** 2).mean(1))[calm[one.name][window]]
        if len(apart):  # some subjects are impaired throughout
            found.append(apart.mean())
    return float(np.mean(found))


def rows_of(folder: Path, run: Path) -> list[list[str]]:
    """Measure one study."""
    codes = read_codes(run, read_recordings(run), ModelEncoder.load(run))
    truth = {one.name: np.load(folder / "truth" / f"{one.name}.npz") for one in codes}
    spread = np.concatenate([one["angles"] for one in truth.values()]).std(0) + 1e-9
    angles = {name: (one["angles"] - one["angles"].mean(0)) / spread for name, one in truth.items()}
    calm = {name: one["envelope"] < OUTSIDE for name, one in truth.items()}
    some = [np.flatnonzero(one.valid)[::EVERY] for one in codes]
    owner = np.repeat(np.arange(len(codes)), [len(rows) for rows in some])
    asked = own_mean_removed(
        np.concatenate([angles[one.name][rows] for one, rows in zip(codes, some, strict=True)]), owner
    )
    found = []
    with patch.object(phase_alignment, "SHORTEST", np.inf):  # keeps the individual
        aligned = {"as stored": alignment_apart(codes, angles, calm)}
    aligned["individual removed"] = alignment_apart(codes, angles, calm)
    for kind in ("posture", "behaviour"):
        stored = unit_vectors(
            np.concatenate([getattr(one, kind)[rows] for one, rows in zip(codes, some, strict=True)])
        )
        ways = {"as stored": stored, "individual removed": codes_without_individual(stored, owner)}
        for way, values in ways.items():
            linear, nearest = named(values, owner)
            explained = angles_explained(values, asked, owner)
            apart = neighbours_apart(values, asked, owner)
            last = f"{aligned[way]:.3f}" if kind == "behaviour" else ""
            numbers = [f"{linear:.2f} / {nearest:.2f}", f"{explained:.2f}", f"{apart:.2f}", last]
            found.append([folder.name, f"{kind}, {way}", *numbers])
    return found


def main() -> None:
    """Print the table."""
    pairs = [text.partition("=") for text in sys.argv[1:]]
    if not pairs or any(not run for _, _, run in pairs):
        raise SystemExit("Name studies and their runs, such as worlds/rats=worlds/rats/run.")
    header = ["world", "code", "named: linear / nearest", "R²", "neighbours", "aligned"]
    rows = [row for folder, _, run in pairs for row in rows_of(Path(folder), Path(run))]
    print_table("Codes with and without the individual", header, rows)


if __name__ == "__main__":
    main()
