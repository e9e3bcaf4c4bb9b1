"""Training a run: crops, posture, behaviour, checks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from torch import nn

from napari_ubam.crops import CachedCrops, CropCache, regions_of, shape_for
from napari_ubam.embedding.model_encoder import ModelEncoder, crops_for
from napari_ubam.files import write_atomic
from napari_ubam.learners.sampling import Crops
from napari_ubam.models.config import ModelConfig, preset
from napari_ubam.models.devices import describe_device
from napari_ubam.models.weights import save_weights, weights_hash
from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent
from napari_ubam.report import loss_curves, neighbour_sheet, save
from napari_ubam.run.facade import Run
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.log import append, history
from napari_ubam.runfolder.paths import BEHAVIOUR, CONFIG, CROPS, LOG, POSTURE, QUALITY
from napari_ubam.study import Recording, Study
from napari_ubam.training.checks.assess import assess, facts, save_quality
from napari_ubam.training.checks.holdout import EarlyCrops, held_out
from napari_ubam.training.checks.quality import Quality, TrainingFacts
from napari_ubam.training.loop.fit import FitResult

from .context import Job, windows_of
from .record import TrainingRecord, begin, refuse_length, study_hash, with_recordings
from .task import Task, learn, learn_published


def train(
    study: Study,
    run: str | Path,
    *,
    preset: str = "small",
    device: str = "auto",
    minutes: float | None = None,
    steps: int | None = None,
    window_ms: float | None = None,
    seed: int = 0,
    resume: bool = False,
    budget_bytes: int | None = None,
    weights: str | Path | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Run:
    """Learn posture and behaviour from the videos of a study, without labels.

    Parameters
    ----------
    study : Study
        All recordings, of all groups: nothing is told which is which.
    run : path
        Folder of the run; made where it is missing.
    preset : str
        ``"tiny"``, ``"small"`` or ``"base"``; ``"paper"`` for the published networks, as a baseline.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
    minutes : float, optional
        Time to train, over all resumptions; else as many steps as the preset says.
    steps : int, optional
        Steps of the posture training; behaviour takes as many more or fewer as in the preset. 0 takes
        ``weights`` as they are.
    window_ms : float, optional
        Length of the windows that behaviour is told of, in milliseconds: about one period of the movement,
        as `napari_ubam.check_study` proposes. Else as the preset says.
    seed : int
    resume : bool
        Go on with a training of this run that was cancelled or killed.
    budget_bytes : int, optional
        Bytes for decoded crops on the disk; 8 GiB or half of what is free unless given.
    weights : path, optional
        Checkpoint of the published code (``*.pth.tar``) that the preset ``"paper"`` begins with.
    progress, cancel : optional
        Told at least every second; looked at several times a second.

    Returns
    -------
    Run
        Its weights are replaced only when the whole training succeeded.

    Raises
    ------
    RunError
        If the arguments do not go together, or no recording can be read.
    WeightsError
        If ``weights`` is no such checkpoint.
    Cancelled
        When ``cancel`` is set; the same call with ``resume=True`` goes on.
    """
    folder, recordings = Path(run).absolute(), list(study)
    _refuse(minutes, steps, recordings, preset, weights)
    config, what = _config(preset, window_ms), describe_device(device)
    config = config.with_crops(*shape_for(regions_of(recordings, cancel), config.posture.size[0]))
    study_is = study_hash(recordings)
    job = Job(folder, config, device, minutes, steps, seed, resume, study_is, progress or silent, cancel)
    record = begin(job.checkpoints, TrainingRecord(config=config, seed=seed, study=study_is), resume)
    append(folder / LOG, "train", preset=config.preset, seed=seed, device=what)
    crops = _crops(job, recordings, budget_bytes)
    _train_both(job, record, recordings, crops, None if weights is None else Path(weights))
    return Run.open(folder)


def _refuse(
    minutes: float | None,
    steps: int | None,
    recordings: list[Recording],
    preset: str,
    weights: str | Path | None,
) -> None:
    refuse_length(minutes, None if weights is not None and steps == 0 else steps)
    if weights is not None and preset != "paper":
        raise RunError(
            f"A checkpoint of the published code does not fit the preset {preset!r}; choose the preset paper."
        )
    if len(recordings) < 2:
        raise RunError("A study of one recording is too little to learn from; add recordings to the table.")


def _config(name: str, window_ms: float | None) -> ModelConfig:
    """Give a preset with windows of a length."""
    try:
        config = preset(name)
    except ValueError as error:
        raise RunError(str(error)) from None
    if window_ms is not None:
        if not 0 < window_ms < math.inf:
            raise RunError(
                f"A window of {window_ms:g} ms makes no sense; give about a period of the movement."
            )
        config = config.with_window(window_ms)
    return config


def _crops(job: Job, recordings: list[Recording], budget: int | None) -> dict[str, CachedCrops]:
    """Fill the cache, and open what can be trained on."""
    cache = CropCache(job.folder / CROPS, crops_for(job.config))
    report = cache.fill(recordings, budget_bytes=budget, progress=job.progress, cancel=job.cancel)
    for name, sentence in report.failed:
        job.progress(Progress("crops", 0, 0, message=f"{name} is left out: {sentence}"))
    opened = {one.name: cache.open(one) for one in recordings if one.name in report.done}
    usable = {name: crops for name, crops in opened.items() if crops.runs}
    if len(usable) < 2:
        raise RunError(
            f"{len(usable)} recordings can be read and training needs two at least; see 'napari-ubam check'."
        )
    if sum(len(windows_of(job, crops)) > 0 for crops in usable.values()) < 2:
        raise RunError(
            f"Fewer than two recordings are as long as a window of {job.config.behaviour.window_ms:g} ms; "
            "add longer ones, or shorten the window."
        )
    return usable


def _train_both(
    job: Job,
    record: TrainingRecord,
    recordings: list[Recording],
    sources: dict[str, CachedCrops],
    weights: Path | None,
) -> None:
    used = [one for one in recordings if one.name in sources]
    held = held_out([one.subject for one in used], job.seed)
    if len({one.subject for one in used} - held) < 2:
        held = set()
    record = with_recordings(job.checkpoints, record, tuple(one.name for one in used), held)
    seen: list[Crops] = [
        sources[one.name] if held else EarlyCrops(sources[one.name])
        for one in used
        if one.subject not in held
    ]
    task = Task(job, used, held, sources, seen)
    learned, record = learn_published(task, record, weights) if job.config.paper else learn(task, record)
    training = TrainingFacts(
        posture=facts(learned.first),
        behaviour=facts(learned.second),
        device=describe_device(job.device),
        recordings=len(seen),
        frames=sum(stop - start for crops in seen for start, stop in crops.runs),
    )
    quality = assess(
        learned.posture,
        learned.behaviour,
        learned.checked,
        held,
        training,
        seed=job.seed,
        progress=job.progress,
        cancel=job.cancel,
    )
    _save(job, (learned.posture, learned.first), (learned.behaviour.encoder, learned.second))
    save_quality(quality, job.folder / QUALITY)
    record.model_copy(update={"finished": True}).write(job.checkpoints)
    _draw(job, quality, sources)


def _save(job: Job, *parts: tuple[nn.Module, FitResult]) -> None:
    (posture, first), (behaviour, second) = parts
    # Should this be cut off between the two, the hash tells that they do not belong together.
    reads = weights_hash(posture.state_dict())
    save_weights(job.folder / POSTURE, posture.state_dict(), job.header("posture", first))
    save_weights(job.folder / BEHAVIOUR, behaviour.state_dict(), job.header("behaviour", second, reads))
    write_atomic(job.folder / CONFIG, (job.config.model_dump_json(indent=2) + "\n").encode())
    ModelEncoder.load(job.folder)  # what was written can be read


def _draw(job: Job, quality: Quality, sources: dict[str, CachedCrops]) -> None:
    figures = job.folder / "figures"
    losses = history(job.folder / LOG)
    if len(losses):
        save(loss_curves(losses), figures / "losses.png")

    def picture(recording: str, frame: int) -> np.ndarray:
        crop: np.ndarray = sources[recording].read(frame, frame + 1)[0]
        return crop

    rows = [
        (
            picture(row.frame.recording, row.frame.frame),
            f"{row.frame.subject}, frame {row.frame.frame}",
            [picture(one.recording, one.frame) for one in row.nearest],
            [f"{one.subject}, frame {one.frame}" for one in row.nearest],
        )
        for row in quality.sheet
        if row.nearest
    ]
    if rows:
        save(neighbour_sheet(rows), figures / "neighbours.png")
