"""Training the magnifier of a run whose encoders are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.analysis import Codes, DeviationError
from napari_ubam.analysis.phase import cross_subject_match, same_phase_rows
from napari_ubam.analysis.phase_alignment import phase_alignment
from napari_ubam.crops import CachedCrops, CropCache
from napari_ubam.embedding.model_encoder import crops_for
from napari_ubam.families.family import AnyMagnifier
from napari_ubam.learners.gain import Sample, calibrate
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.magnifier import MagnifierLearner, Motion, MotionBatches
from napari_ubam.learners.sampling import evenly
from napari_ubam.learners.ubam2021 import CHECKPOINT_SECONDS
from napari_ubam.learners.vae import Postures, VaeBatches, VaeLearner
from napari_ubam.magnification.prepare import coefficients
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import describe_device
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.weights import WeightsHeader, save_weights
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.report import loss_curves, save
from napari_ubam.run.facade import Run
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.log import append, history
from napari_ubam.runfolder.paths import CHECKPOINTS, CROPS, LOG, MAGNIFIER
from napari_ubam.study import Study
from napari_ubam.training.loop.fit import Batches, FitPlan, FitResult, fit

from .context import preprocessing
from .record import TrainingRecord, begin, refuse_length, study_hash

STAGE = "magnifier"
CALIBRATED, CALIBRATED_FRAMES, CALIBRATED_SHOWN = 12, 600, 24  # recordings, and frames of each


def train_magnifier(
    study: Study,
    run: Run | str | Path,
    *,
    device: str = "auto",
    minutes: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    resume: bool = False,
    budget_bytes: int | None = None,
    weights: str | Path | None = None,
    vgg: str | Path | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Run:
    """Learn how the pixels of the recordings move with posture, without labels.

    Recordings that are not embedded yet are embedded first.

    Parameters
    ----------
    study : Study
        Recordings to learn from, best those that the encoders were trained on.
    run : Run or path
        Its encoders are used as they are.
    device : str
        As `napari_ubam.train` takes it.
    minutes : float, optional
        Time to train, over all resumptions; else as many steps as the preset says.
    steps : int, optional
        0 takes ``weights`` as they are.
    seed : int
    resume : bool
        Go on with a training of this magnifier that was cancelled or killed.
    budget_bytes : int, optional
        Bytes for decoded crops on the disk.
    weights, vgg : path, optional
        Of the preset ``"paper"``: a checkpoint (``*.pth.tar``) to begin with, and a file of VGG-16.
    progress, cancel : optional
        Told at least every second; looked at several times a second.

    Returns
    -------
    Run
        With a magnifier; one that was there is replaced only when the whole training succeeded.

    Raises
    ------
    RunError
        If the arguments do not go together, or no recording can be used.
    WeightsError
        If ``weights`` or ``vgg`` are not what they should be.
    Cancelled
        When ``cancel`` is set; the same call with ``resume=True`` goes on.
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    refuse_length(minutes, None if weights is not None and steps == 0 else steps)
    tell, config = progress or silent, opened.config
    _refuse_weights(opened, weights, vgg)
    task = _Task(opened, config, device, minutes, steps, seed, resume, tell, cancel)
    encoder, folder = opened.encoder("cpu"), _checkpoints(opened)
    record = _begun(folder, config, seed, study_hash(study), encoder.hashes["posture"], resume)
    what = describe_device(device)
    append(opened.folder / LOG, "train", preset=config.preset, seed=seed, device=what, stage=STAGE)
    painter = None if config.paper is None else _painter(task, weights, vgg)
    crops, codes = _crops(opened, study, device, budget_bytes, tell, cancel)
    if painter is not None:
        result = task.fit(painter, VaeBatches(_postures(crops, codes), config, seed))
        _save(opened, record, painter.magnifier, result, {})
        return opened
    motions, kept = _motions(crops, codes, tell, cancel)
    torch.manual_seed(seed)
    mover = MagnifierLearner(config)
    result = task.fit(mover, MotionBatches(motions, config, seed))
    samples = _samples(mover.magnifier, motions, kept, cancel)
    gain = calibrate(mover.magnifier, encoder.posture, samples, cancel)
    append(opened.folder / LOG, "calibrate", gain=gain)
    _save(opened, record, mover.magnifier, result, {"gain": gain})
    return opened


def _refuse_weights(run: Run, weights: object, vgg: object) -> None:
    if run.config.paper is None and (weights or vgg):
        raise RunError(
            f"Weights of the published magnifier or of VGG-16 are for the preset paper, and {run.folder} "
            f"is of {run.config.preset}; leave them out, or train the preset paper."
        )


@dataclass(frozen=True)
class _Task:
    """What the training of either magnifier needs."""

    run: Run
    config: ModelConfig
    device: str
    minutes: float | None
    steps: int | None
    seed: int
    resume: bool
    tell: ProgressCallback
    cancel: Cancel | None

    def fit(self, learner: Learner, batches: Batches) -> FitResult:
        """Train, checkpoints and losses going to the run."""
        plan = self.config.magnifier_training
        if self.steps == 0:
            return FitResult(0, 0.0, plan.recordings, {})
        steps = plan.steps if self.steps is None and self.minutes is None else self.steps
        limit = FitPlan(plan.recordings, steps, self.minutes, device=self.device, seed=self.seed)
        if self.config.paper is not None:
            limit = replace(limit, checkpoint_seconds=CHECKPOINT_SECONDS)
        return fit(
            learner,
            batches,
            limit,
            folder=_checkpoints(self.run) / "steps",
            stage=STAGE,
            resume=self.resume,
            progress=self.tell,
            cancel=self.cancel,
            log=self.run.folder / LOG,
        )


def _painter(task: _Task, weights: str | Path | None, vgg: str | Path | None) -> VaeLearner:
    """Make the published magnifier, and say by what it compares pictures."""
    torch.manual_seed(task.seed)
    learner = VaeLearner(task.config, None if vgg is None else Path(vgg))
    said = (
        "Pictures are compared by pixels and edges, since no weights of VGG-16 were given."
        if vgg is None
        else f"Pictures are compared by VGG-16 of {Path(vgg).name}, as published."
    )
    task.tell(Progress(STAGE, 0, 0, message=said))
    if weights is not None:
        task.tell(Progress(STAGE, 0, 0, message=learner.load_checkpoint(Path(weights))))
    return learner


def _checkpoints(run: Run) -> Path:
    return run.folder / CHECKPOINTS / STAGE


def _begun(
    folder: Path, config: ModelConfig, seed: int, study: str, posture: str, resume: bool
) -> TrainingRecord:
    """Begin the training, or see that the one that is resumed was begun with the same."""
    record = begin(folder, TrainingRecord(config=config, seed=seed, study=study, posture=posture), resume)
    if record.posture != posture:
        raise RunError(
            f"The training in {folder} was begun with another posture encoder; remove that folder to begin "
            "anew."
        )
    return record


def _save(
    run: Run,
    record: TrainingRecord,
    magnifier: AnyMagnifier,
    result: FitResult,
    metrics: dict[str, float],
) -> None:
    header = WeightsHeader(
        kind="magnifier",
        config=record.config.model_dump(mode="json"),
        preprocessing=preprocessing(record.config),
        seed=record.seed,
        steps=result.steps,
        study=record.study,
        trained_on=record.posture,
        metrics={**result.losses, **metrics},
    )
    save_weights(run.folder / MAGNIFIER, magnifier.state_dict(), header)
    record.model_copy(update={"finished": True}).write(_checkpoints(run))
    losses = history(run.folder / LOG)
    if len(losses):
        save(loss_curves(losses), run.folder / "figures" / "losses.png")


def _crops(
    run: Run,
    study: Study,
    device: str,
    budget: int | None,
    tell: ProgressCallback,
    cancel: Cancel | None,
) -> tuple[list[CachedCrops], list[Codes]]:
    """Crops and codes of all recordings that can be used."""
    cache = CropCache(run.folder / CROPS, crops_for(run.config))
    report = cache.fill(study, budget_bytes=budget, progress=tell, cancel=cancel)
    embedded = run.embed(study, device=device, progress=tell, cancel=cancel)
    failed = dict((*report.failed, *embedded.failed))
    for name, sentence in failed.items():
        tell(Progress(STAGE, 0, 0, message=f"{name} is left out: {sentence}"))
    used = [one for one in study if one.name not in failed]
    return [cache.open(one) for one in used], run.codes(used)


NOTHING = "No recording has frames whose movement is known; add longer recordings."


def _motions(
    crops: list[CachedCrops], codes: list[Codes], tell: ProgressCallback, cancel: Cancel | None
) -> tuple[list[Motion], list[Codes]]:
    """Find what is learned from each recording that moves, and its codes."""
    found, kept = [], []
    for number, (held, own) in enumerate(zip(crops, codes, strict=True)):
        check_cancelled(cancel)
        tell(Progress("phases", number, len(codes), detail=own.name))
        motion = _motion(held, own, codes, cancel)
        if len(motion.frames) > 1:
            found.append(motion)
            kept.append(own)
    if not found:
        raise RunError(NOTHING)
    return found, kept


def _postures(crops: list[CachedCrops], codes: list[Codes]) -> list[Postures]:
    """Find what the published magnifier learns from each recording."""
    found = []
    for held, own in zip(crops, codes, strict=True):
        rows = _rows(held, own)
        frames = own.frames[rows].astype(np.int64)
        found.append(Postures(held, frames, own.posture[rows].astype(np.float32)))
    usable = [one for one in found if len(one.frames) > 1]
    if not usable:
        raise RunError(NOTHING)
    return usable


def _rows(crops: CachedCrops, own: Codes) -> NDArray[np.int64]:
    """Rows of frames that the cache holds and that have a code."""
    held = np.zeros(len(own), bool)
    first = int(own.frames[0])
    for start, stop in crops.runs:
        held[start - first : stop - first] = True
    return np.flatnonzero(own.valid & held)


def _samples(
    magnifier: Magnifier, motions: list[Motion], codes: list[Codes], cancel: Cancel | None
) -> list[Sample]:
    """Take some frames of some recordings, and how far the other subjects' posture at their phase is."""
    chosen = evenly(len(codes), CALIBRATED)
    others = [codes[place] for place in chosen]
    found = []
    for place in chosen.tolist():
        own, motion = codes[place], motions[place]
        runs = np.split(motion.frames, np.flatnonzero(np.diff(motion.frames) > 1) + 1)
        run = max(runs, key=len)[:CALIBRATED_FRAMES]
        start = int(run[0]) - int(own.frames[0])
        rows = slice(start, start + len(run))
        try:
            led = phase_alignment(own, others, window=rows, cancel=cancel)
        except DeviationError:  # there is no other recording
            continue
        by_name = {one.name: one for one in others}
        goal = led.mean([coefficients(magnifier, by_name[name]) for name in led.names])
        mine = coefficients(magnifier, own)[rows]
        some = evenly(len(run), CALIBRATED_SHOWN)
        crops = np.concatenate([motion.crops.read(int(run[at]), int(run[at]) + 1) for at in some])
        found.append(Sample(crops, mine[some], (goal - mine)[some]))
    return found


def _motion(crops: CachedCrops, own: Codes, codes: list[Codes], cancel: Cancel | None) -> Motion:
    """Frames that the cache holds and that have a code, their codes, and what is like them."""
    rows = _rows(crops, own)
    place = np.full(len(own) + 1, -1)
    place[rows] = np.arange(len(rows))
    others = same_phase_rows(own, cancel=cancel)[rows]
    return Motion(
        crops=crops,
        frames=own.frames[rows].astype(np.int64),
        codes=own.posture[rows].astype(np.float32),
        cross_subject=cross_subject_match(codes, own, cancel=cancel)[rows],
        same_phase=place[others],
    )
