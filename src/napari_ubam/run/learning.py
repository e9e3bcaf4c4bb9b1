"""Training a run: crops, posture, behaviour, checks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from napari_ubam.crops import CachedCrops, CropCache, CropSpec, regions_of, shape_for
from napari_ubam.models.config import ModelConfig, preset
from napari_ubam.models.devices import choose_device, describe_device
from napari_ubam.models.encoder import BEHAVIOUR, POSTURE, ModelEncoder
from napari_ubam.models.posture import PostureEncoder, as_images
from napari_ubam.models.weights import WeightsHeader, save_weights, weights_hash, write_whole
from napari_ubam.models.windows import Windows, windows
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.report import loss_curves, neighbour_sheet, save
from napari_ubam.study import Recording, Study
from napari_ubam.training.assess import CheckedRecording, assess, facts, save_quality
from napari_ubam.training.behaviour import (
    BehaviourBatches,
    BehaviourLearner,
    PostureTrack,
    whiten_behaviour,
)
from napari_ubam.training.fit import FitPlan, FitResult, fit
from napari_ubam.training.holdout import EarlyCrops, held_out
from napari_ubam.training.log import append, history
from napari_ubam.training.posture import PostureBatches, PostureLearner, mean_maps, whiten_posture
from napari_ubam.training.quality import Quality, TrainingFacts
from napari_ubam.training.sampling import Crops

from .errors import RunError
from .facade import LOG, QUALITY, Run
from .record import TrainingRecord, begin, refuse_length, study_hash, with_posture, with_recordings

POSTURE_SHARE = 0.8  # of the minutes; the rest is for behaviour
BATCH = 128


@dataclass(frozen=True)
class _Job:
    """What all parts of a training need."""

    folder: Path
    config: ModelConfig
    device: str
    minutes: float | None
    steps: int | None
    seed: int
    resume: bool
    study_hash: str
    progress: ProgressCallback
    cancel: Cancel | None

    def plan(self, stage: str) -> FitPlan:
        """How long to train a stage, and with what."""
        sizes = self.config.posture_training if stage == "posture" else self.config.behaviour_training
        steps: int | None = sizes.steps
        minutes = None
        if self.minutes is not None:
            share = POSTURE_SHARE if stage == "posture" else 1 - POSTURE_SHARE
            steps, minutes = None, self.minutes * share
        elif self.steps is not None:
            steps = max(1, round(self.steps * sizes.steps / self.config.posture_training.steps))
        return FitPlan(sizes.recordings, steps, minutes, device=self.device, seed=self.seed)

    def fit(self, learner: PostureLearner | BehaviourLearner, batches: object, stage: str) -> FitResult:
        """Train a stage, its checkpoints and losses going to the run."""
        return fit(
            learner,
            batches,  # type: ignore[arg-type]
            self.plan(stage),
            folder=self.checkpoints / stage,
            stage=stage,
            resume=self.resume,
            progress=self.progress,
            cancel=self.cancel,
            log=self.folder / LOG,
        )

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints of all stages."""
        return self.folder / "checkpoints"

    def header(self, kind: str, result: FitResult, trained_on: str = "") -> WeightsHeader:
        """Note what the weights of a stage are."""
        return WeightsHeader(
            kind=kind,
            config=self.config.model_dump(mode="json"),
            preprocessing={"crop": "letterbox", "size": self.config.posture.size, "colour": False},
            seed=self.seed,
            steps=result.steps,
            study=self.study_hash,
            trained_on=trained_on,
            metrics=result.losses,
        )


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
        ``"tiny"``, ``"small"`` or ``"base"``.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
    minutes : float, optional
        Time to train, over all resumptions; else as many steps as the preset says.
    steps : int, optional
        Steps of the posture training; behaviour takes as many more or fewer as in the preset.
    window_ms : float, optional
        Length of the windows that behaviour is told of, in milliseconds: about one period of the movement,
        as `napari_ubam.check_study` proposes. Else as the preset says.
    seed : int
    resume : bool
        Go on with a training of this run that was cancelled or killed.
    budget_bytes : int, optional
        Bytes for decoded crops on the disk; 8 GiB or half of what is free unless given.
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
    Cancelled
        When ``cancel`` is set; the same call with ``resume=True`` goes on.
    """
    folder, recordings = Path(run).absolute(), list(study)
    _refuse(minutes, steps, recordings)
    config, what = _config(preset, window_ms), describe_device(device)
    config = config.with_crops(*shape_for(regions_of(recordings, cancel), config.posture.size[0]))
    study_is = study_hash(recordings)
    job = _Job(folder, config, device, minutes, steps, seed, resume, study_is, progress or silent, cancel)
    record = begin(job.checkpoints, TrainingRecord(config=config, seed=seed, study=study_is), resume)
    append(folder / LOG, "train", preset=config.preset, seed=seed, device=what)
    _train_both(job, record, recordings, _crops(job, recordings, budget_bytes))
    return Run.open(folder)


def _refuse(minutes: float | None, steps: int | None, recordings: list[Recording]) -> None:
    refuse_length(minutes, steps)
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


def _crops(job: _Job, recordings: list[Recording], budget: int | None) -> dict[str, CachedCrops]:
    """Fill the cache, and open what can be trained on."""
    cache = CropCache(job.folder / "crops.zarr", CropSpec(*job.config.posture.size))
    report = cache.fill(recordings, budget_bytes=budget, progress=job.progress, cancel=job.cancel)
    for name, sentence in report.failed:
        job.progress(Progress("crops", 0, 0, message=f"{name} is left out: {sentence}"))
    opened = {one.name: cache.open(one) for one in recordings if one.name in report.done}
    usable = {name: crops for name, crops in opened.items() if crops.runs}
    if len(usable) < 2:
        raise RunError(
            f"{len(usable)} recordings can be read and training needs two at least; see 'napari-ubam check'."
        )
    if sum(len(_windows(job, crops)) > 0 for crops in usable.values()) < 2:
        raise RunError(
            f"Fewer than two recordings are as long as a window of {job.config.behaviour.window_ms:g} ms; "
            "add longer ones, or shorten the window."
        )
    return usable


def _windows(job: _Job, crops: CachedCrops) -> Windows:
    """Windows of behaviour on what the cache holds of a recording."""
    sizes = job.config.behaviour
    return windows(crops.times, _segments(crops), sizes.window_ms, sizes.steps)


def _segments(crops: CachedCrops) -> list[range]:
    """Rows of the crops without a gap."""
    first = crops.frames.start
    return [range(start - first, stop - first) for start, stop in crops.runs]


def _train_both(
    job: _Job, record: TrainingRecord, recordings: list[Recording], sources: dict[str, CachedCrops]
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
    torch.manual_seed(job.seed)
    means = mean_maps(PostureEncoder(job.config.posture), seen, job.cancel, job.progress)
    posture = PostureLearner(job.config, means)
    first = job.fit(posture, PostureBatches(seen, job.config, job.seed), "posture")
    whiten_posture(posture.encoder, seen, job.cancel, job.progress)

    record = with_posture(job.checkpoints, record, weights_hash(posture.encoder.state_dict()))

    checked = _all_checked(job, used, sources, posture.encoder)
    tracks = [
        one.track if held else one.early_track()
        for one in checked
        if one.subject not in held and len(one.track.windows)
    ]
    tracks = [track for track in tracks if len(track.windows)]
    if len(tracks) < 2:
        raise RunError(
            "Without what is kept out for the checks, fewer than two recordings are longer than a window; "
            "add recordings, or shorten the window."
        )
    torch.manual_seed(job.seed)
    behaviour = BehaviourLearner.of(job.config, tracks)
    second = job.fit(behaviour, BehaviourBatches(tracks, job.config, job.seed), "behaviour")
    whiten_behaviour(behaviour.encoder, tracks)

    training = TrainingFacts(
        posture=facts(first),
        behaviour=facts(second),
        device=describe_device(job.device),
        recordings=len(seen),
        frames=sum(stop - start for crops in seen for start, stop in crops.runs),
    )
    quality = assess(
        posture.encoder,
        behaviour,
        checked,
        held,
        training,
        seed=job.seed,
        progress=job.progress,
        cancel=job.cancel,
    )
    _save(job, (posture.encoder, first), (behaviour.encoder, second))
    save_quality(quality, job.folder / QUALITY)
    record.model_copy(update={"finished": True}).write(job.checkpoints)
    _draw(job, quality, sources)


def _all_checked(
    job: _Job, used: list[Recording], sources: dict[str, CachedCrops], encoder: PostureEncoder
) -> list[CheckedRecording]:
    """Encode all crops that the cache holds, on the device that trains."""
    device = choose_device(job.device)
    encoder.to(device)
    done: list[CheckedRecording] = []
    for one in used:
        job.progress(Progress("codes", len(done), len(used), detail=one.name))
        done.append(_checked(job, one, sources[one.name], encoder, device))
    job.progress(Progress("codes", len(used), len(used)))
    encoder.cpu()
    return done


def _checked(
    job: _Job, recording: Recording, crops: CachedCrops, encoder: PostureEncoder, device: torch.device
) -> CheckedRecording:
    """Encode the crops of a recording, and lay windows on them."""
    frames = np.array(crops.frames, np.int64)
    codes = np.full((len(frames), job.config.posture.code), np.nan, np.float32)
    for run in _segments(crops):
        for low in range(run.start, run.stop, BATCH):
            check_cancelled(job.cancel)
            end = min(low + BATCH, run.stop)
            read = crops.read(low + crops.frames.start, end + crops.frames.start)
            images = as_images(torch.from_numpy(read).to(device))
            with torch.inference_mode():
                codes[low:end] = encoder(images).cpu().numpy()
    track = PostureTrack.of(codes, _windows(job, crops))
    return CheckedRecording(recording.name, recording.subject, crops, frames, track)


def _save(job: _Job, *parts: tuple[nn.Module, FitResult]) -> None:
    (posture, first), (behaviour, second) = parts
    # Should this be cut off between the two, the hash tells that they do not belong together.
    reads = weights_hash(posture.state_dict())
    save_weights(job.folder / POSTURE, posture.state_dict(), job.header("posture", first))
    save_weights(job.folder / BEHAVIOUR, behaviour.state_dict(), job.header("behaviour", second, reads))
    write_whole(job.folder / "config.json", (job.config.model_dump_json(indent=2) + "\n").encode())
    ModelEncoder.load(job.folder)  # what was written can be read


def _draw(job: _Job, quality: Quality, sources: dict[str, CachedCrops]) -> None:
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
