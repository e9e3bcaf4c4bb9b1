"""The whole job on rendered animals, whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.report import save, timeline
from napari_ubam.sample import write_sample

from .learning import train
from .record import unfinished
from .scoring import Scoring
from .words import findings

INSIDE, OUTSIDE = 0.5, 0.05  # envelope of a bout over and under which a frame counts


def run_demo(
    folder: Path,
    *,
    steps: int | None = None,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Iterator[str]:
    """Write the sample study, train ``tiny``, embed, score, and compare with the truth.

    Parameters
    ----------
    folder : Path
        For the study and, in ``run``, what was found.
    steps : int, optional
        Steps to train; as the preset says unless given.
    seed : int
    progress, cancel : optional

    Yields
    ------
    str
        A line for people.
    """
    study = write_sample(folder, seed=seed, progress=progress, cancel=cancel)
    yield f"Sample study of {len(study)} recordings: {folder / 'study.csv'}"
    run = train(
        study,
        folder / "run",
        preset="tiny",
        steps=steps,
        seed=seed,
        resume=unfinished(folder / "run" / "checkpoints"),
        progress=progress,
        cancel=cancel,
    )
    yield from run.quality.summary()
    run.embed(study, progress=progress, cancel=cancel)
    scoring = run.scoring(study, "group=healthy", progress=progress, cancel=cancel)
    yield from findings(scoring)
    truth = pd.read_csv(folder / "truth.csv")
    yield from _against_truth(scoring, truth)
    _draw(run.folder / "figures", scoring, truth)
    yield f"Tables and figures: {run.folder}"


def agreement(scoring: Scoring, truth: pd.DataFrame) -> dict[str, float]:
    """Compare scores with the bouts that were rendered.

    Parameters
    ----------
    scoring : Scoring
    truth : DataFrame
        ``truth.csv`` of the sample study.

    Returns
    -------
    dict of str to float
        Mean over impaired recordings of the area under the ROC curve, frames in bouts against frames outside,
        ``posture`` and ``behaviour``; and ``subjects``, the part of (impaired, healthy) pairs that are
        ranked rightly.
    """
    joined = scoring.scores.merge(truth[["recording", "frame", "envelope"]], on=["recording", "frame"])
    joined = joined[(joined["envelope"] > INSIDE) | (joined["envelope"] < OUTSIDE)].dropna()
    areas: dict[str, list[float]] = {"posture": [], "behaviour": []}
    for _, part in joined.groupby("recording"):
        inside = part["envelope"] > INSIDE
        if inside.any() and not inside.all():
            for kind, values in areas.items():
                values.append(float(roc_auc_score(inside, part[f"{kind}_deviation"])))
    table = scoring.subjects
    ill = table.loc[table["group"] == "impaired", "deviation"].to_numpy()
    well = table.loc[table["group"] == "healthy", "deviation"].to_numpy()
    found = {kind: float(np.mean(values)) for kind, values in areas.items()}
    return {**found, "subjects": float(np.mean(ill[:, None] > well))}


def _against_truth(scoring: Scoring, truth: pd.DataFrame) -> Iterator[str]:
    found = agreement(scoring, truth)
    yield "Against the truth (0.5 is chance, 1 is perfect):"
    yield f"  frames in bouts told from frames outside, by posture    {found['posture']:.3f}"
    yield f"  the same by behaviour, over windows                     {found['behaviour']:.3f}"
    yield f"  pairs of an impaired and a healthy animal ranked right  {found['subjects']:.3f}"


def _draw(folder: Path, scoring: Scoring, truth: pd.DataFrame) -> None:
    """Draw the impaired animal with the strongest deviation, its true bouts as a band."""
    table = scoring.subjects[~scoring.subjects["reference"]]
    subject = table.sort_values("deviation").iloc[-1]["subject"]
    scores = next(one for one in scoring.result.recordings if one.subject == subject)
    own = scoring.episodes[scoring.episodes["recording"] == scores.name]
    envelope = truth.loc[truth["recording"] == scores.name, "envelope"].to_numpy()
    save(timeline(scores, own, truth=envelope > INSIDE), folder / "against_truth.png")
