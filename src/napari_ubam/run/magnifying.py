"""Training the magnifier of a run whose encoders are trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from napari_ubam.analysis import Codes, DeviationError
from napari_ubam.analysis.guide import guide
from napari_ubam.analysis.phase import alike, borrowed
from napari_ubam.crops import CachedCrops, CropCache
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import describe_device
from napari_ubam.models.encoder import ModelEncoder, crops_for
from napari_ubam.models.magnifier import MAGNIFIER, Magnifier
from napari_ubam.models.weights import WeightsHeader, save_weights
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.report import loss_curves, save
from napari_ubam.study import Study
from napari_ubam.training.fit import FitPlan, FitResult, fit
from napari_ubam.training.log import append, history
from napari_ubam.training.magnifier import MagnifierLearner, Motion, MotionBatches
from napari_ubam.training.sampling import evenly

from .calibrating import Sample, calibrate
from .errors import RunError
from .facade import LOG, Run
from .magnification import coefficients
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
    seed : int
    resume : bool
        Go on with a training of this magnifier that was cancelled or killed.
    budget_bytes : int, optional
        Bytes for decoded crops on the disk.
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
    Cancelled
        When ``cancel`` is set; the same call with ``resume=True`` goes on.
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    refuse_length(minutes, steps)
    tell, config = progress or silent, opened.config
    encoder, folder = opened.encoder("cpu"), _checkpoints(opened)
    record = _begun(folder, config, seed, study_hash(study), encoder.hashes["posture"], resume)
    what = describe_device(device)
    append(opened.folder / LOG, "train", preset=config.preset, seed=seed, device=what, stage=STAGE)
    motions, codes = _motions(opened, study, encoder, device, budget_bytes, tell, cancel)
    torch.manual_seed(seed)
    learner = MagnifierLearner(config)
    limit = config.magnifier_training.steps if steps is None and minutes is None else steps
    result = fit(
        learner,
        MotionBatches(motions, config, seed),
        FitPlan(config.magnifier_training.recordings, limit, minutes, device=device, seed=seed),
        folder=folder / "steps",
        stage=STAGE,
        resume=resume,
        progress=tell,
        cancel=cancel,
        log=opened.folder / LOG,
    )
    calibrate(learner.magnifier, encoder.posture, _samples(learner.magnifier, motions, codes, cancel), cancel)
    _save(opened, record, learner.magnifier, result)
    return opened


def _checkpoints(run: Run) -> Path:
    return run.folder / "checkpoints" / STAGE


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


def _save(run: Run, record: TrainingRecord, magnifier: Magnifier, result: FitResult) -> None:
    gain = float(magnifier.gain)
    append(run.folder / LOG, "calibrate", gain=gain)
    header = WeightsHeader(
        kind="magnifier",
        config=record.config.model_dump(mode="json"),
        preprocessing={"crop": "letterbox", "size": record.config.posture.size, "colour": False},
        seed=record.seed,
        steps=result.steps,
        study=record.study,
        trained_on=record.posture,
        metrics={**result.losses, "gain": gain},
    )
    save_weights(run.folder / MAGNIFIER, magnifier.state_dict(), header)
    record.model_copy(update={"finished": True}).write(_checkpoints(run))
    losses = history(run.folder / LOG)
    if len(losses):
        save(loss_curves(losses), run.folder / "figures" / "losses.png")


def _motions(
    run: Run,
    study: Study,
    encoder: ModelEncoder,
    device: str,
    budget: int | None,
    tell: ProgressCallback,
    cancel: Cancel | None,
) -> tuple[list[Motion], list[Codes]]:
    """Crops and codes of all recordings that can be used, and the codes alone."""
    cache = CropCache(run.folder / "crops.zarr", crops_for(run.config))
    report = cache.fill(study, budget_bytes=budget, progress=tell, cancel=cancel)
    embedded = run.embed(study, device=device, progress=tell, cancel=cancel)
    failed = dict((*report.failed, *embedded.failed))
    for name, sentence in failed.items():
        tell(Progress(STAGE, 0, 0, message=f"{name} is left out: {sentence}"))
    used = [one for one in study if one.name not in failed]
    codes = run.codes(used)
    found, kept = [], []
    for number, (recording, own) in enumerate(zip(used, codes, strict=True)):
        check_cancelled(cancel)
        tell(Progress("phases", number, len(used), detail=recording.name))
        motion = _motion(cache.open(recording), own, codes, cancel)
        if len(motion.frames) > 1:
            found.append(motion)
            kept.append(own)
    if not found:
        raise RunError("No recording has frames whose movement is known; add longer recordings.")
    return found, kept


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
            led = guide(own, others, window=rows, cancel=cancel)
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
    held = np.zeros(len(own), bool)
    first = int(own.frames[0])
    for start, stop in crops.runs:
        held[start - first : stop - first] = True
    rows = np.flatnonzero(own.valid & held)
    place = np.full(len(own) + 1, -1)
    place[rows] = np.arange(len(rows))
    others = alike(own, cancel=cancel)[rows]
    return Motion(
        crops=crops,
        frames=own.frames[rows].astype(np.int64),
        codes=own.posture[rows].astype(np.float32),
        borrowed=borrowed(codes, own, cancel=cancel)[rows],
        alike=place[others],
    )
