"""The whole job on rendered animals, whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from napari_ubam.kinds import PARTS
from napari_ubam.magnification.defaults import FACTOR
from napari_ubam.magnification.export import export
from napari_ubam.magnification.prepare import magnification
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.report import save, sweep_sheet, timeline
from napari_ubam.runfolder.paths import CHECKPOINTS, FIGURES, MAGNIFIER_CHECKPOINTS, figure_file
from napari_ubam.sample import write_sample
from napari_ubam.study import Study
from napari_ubam.study.values import counted
from napari_ubam.training.pipeline.training_record import unfinished

from .facade import Run
from .score_table import ScoreTable
from .summary import summary_lines
from .training import train

MAGNIFIER_STEPS = 600
INSIDE, OUTSIDE = 0.5, 0.05  # envelope of a bout over and under which a frame counts


def run_demo(
    folder: Path,
    *,
    steps: int | None = None,
    seed: int = 0,
    magnify: bool = False,
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
    magnify : bool
        Also train the magnifier, and write the strongest episode at twice its deviation.
    progress, cancel : optional

    Yields
    ------
    str
        A line for people.
    """
    study = write_sample(folder, seed=seed, progress=progress, cancel=cancel)
    yield f"Sample study of {counted(len(study), 'recording')}: {folder / 'study.csv'}"
    run = train(
        study,
        folder / "run",
        preset="tiny",
        steps=steps,
        seed=seed,
        resume=unfinished(folder / "run" / CHECKPOINTS),
        progress=progress,
        cancel=cancel,
    )
    yield from run.quality.summary()
    run.embed(study, progress=progress, cancel=cancel)
    scores = run.score(study, "group=healthy", progress=progress, cancel=cancel)
    yield from summary_lines(scores)
    truth = pd.read_csv(folder / "truth.csv", keep_default_na=False)
    yield from _against_truth(scores, truth)
    _draw(run.folder, scores, truth)
    if magnify:
        yield from _magnified(run, study, scores, steps, seed, progress, cancel)
    yield f"Report: {run.report(progress=progress, cancel=cancel)}"
    yield f"Tables and figures: {run.folder}"


def _magnified(
    run: Run,
    study: Study,
    scores: ScoreTable,
    steps: int | None,
    seed: int,
    progress: ProgressCallback | None,
    cancel: Cancel | None,
) -> Iterator[str]:
    """Train the magnifier; write the strongest episode of all, and its peak at several factors."""
    run.train_magnifier(
        study,
        steps=steps or MAGNIFIER_STEPS,
        seed=seed,
        resume=unfinished(run.folder / MAGNIFIER_CHECKPOINTS),
        progress=progress,
        cancel=cancel,
    )
    queries = scores.subjects.loc[~scores.subjects["reference"], "subject"]
    names = [one.name for one in scores.deviation.recordings if one.subject in set(queries)]
    found = scores.episodes[scores.episodes["recording"].isin(names)]
    if not len(found):
        yield "No episode was found, so none is magnified."
        return
    best = found.sort_values("excess", ascending=False).iloc[0]
    frames = slice(int(best["start"]), int(best["stop"]))
    made = magnification(
        run.folder, str(best["recording"]), "group=healthy", FACTOR, frames=frames, cancel=cancel
    )
    video = run.folder / FIGURES / "magnified.mp4"
    export(made, video, side_by_side=True, label=True, progress=progress, cancel=cancel)
    peak = int(best["peak"])
    title = f"{best['recording']}, frame {peak}, reference group=healthy"
    save(sweep_sheet(made.sweep(peak), title), run.folder / figure_file("sweep"))
    yield f"Strongest episode, original, twice its deviation, and where it deviates: {video}"


def agreement(scores: ScoreTable, truth: pd.DataFrame) -> dict[str, float]:
    """Compare scores with the bouts that were rendered.

    Parameters
    ----------
    scores : ScoreTable
        Result of `Run.score`.
    truth : DataFrame
        ``truth.csv`` of the sample study.

    Returns
    -------
    dict of str to float
        Mean over impaired recordings of the area under the ROC curve, frames in bouts against frames outside,
        ``posture`` and ``behaviour``; ``pooled``, the same over all recordings together by the episodic part;
        and ``episodic`` and ``constant``, the share of (impaired, healthy) pairs of subjects that each part
        ranks rightly. The impairment of the sample study comes in bouts, so the constant part need not.
    """
    joined = scores.merge(truth[["recording", "frame", "envelope"]], on=["recording", "frame"])
    joined = joined[(joined["envelope"] > INSIDE) | (joined["envelope"] < OUTSIDE)].dropna()
    areas: dict[str, list[float]] = {"posture": [], "behaviour": []}
    for _, part in joined.groupby("recording"):
        inside = part["envelope"] > INSIDE
        if inside.any() and not inside.all():
            for kind, values in areas.items():
                values.append(float(roc_auc_score(inside, part[f"{kind}_deviation"])))
    found = {kind: float(np.mean(values)) for kind, values in areas.items()}
    pooled = float(roc_auc_score(joined["envelope"] > INSIDE, joined["episodic"]))
    table = scores.subjects
    for name in PARTS:
        ill = table.loc[table["group"] == "impaired", name].to_numpy()
        well = table.loc[table["group"] == "healthy", name].to_numpy()
        found[name] = float(np.mean(ill[:, None] > well))
    return {**found, "pooled": pooled}


def _against_truth(scores: ScoreTable, truth: pd.DataFrame) -> Iterator[str]:
    found = agreement(scores, truth)
    yield "Against the truth (0.5 is chance, 1 is perfect):"
    yield f"  frames in bouts against frames outside, by posture      {found['posture']:.3f}"
    yield f"  the same by behaviour, over windows                     {found['behaviour']:.3f}"
    yield f"  the same over all recordings, by the episodic part      {found['pooled']:.3f}"
    yield f"  pairs of an impaired and a healthy animal ranked right  {found['episodic']:.3f}"
    yield f"  the same by the constant part (bouts do not show there) {found['constant']:.3f}"


def _draw(folder: Path, scores: ScoreTable, truth: pd.DataFrame) -> None:
    """Draw the impaired animal with the strongest deviation, its true bouts as a band."""
    table = scores.subjects[~scores.subjects["reference"]]
    subject = table.sort_values("episodic").iloc[-1]["subject"]
    shown = next(one for one in scores.deviation.recordings if one.subject == subject)
    own = scores.episodes[scores.episodes["recording"] == shown.name]
    envelope = truth.loc[truth["recording"] == shown.name, "envelope"].to_numpy()
    save(timeline(shown, own, truth=envelope > INSIDE), folder / figure_file("against_truth"))
