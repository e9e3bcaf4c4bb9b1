"""Training a run: crops, posture, behaviour, checks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from napari_ubam.crops import CachedCrops, CropCache, CropSpec, regions_of, shape_for
from napari_ubam.models.config import ModelConfig, preset
from napari_ubam.models.encoder import BEHAVIOUR, POSTURE, ModelEncoder
from napari_ubam.models.posture import PostureEncoder
from napari_ubam.models.weights import WeightsHeader, save_weights, write_whole
from napari_ubam.models.windows import windows
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
from napari_ubam.training.devices import describe_device
from napari_ubam.training.fit import FitPlan, FitResult, fit
from napari_ubam.training.holdout import EarlyCrops, held_out
from napari_ubam.training.log import append, history
from napari_ubam.training.posture import PostureBatches, PostureLearner, mean_maps, whiten_posture
from napari_ubam.training.quality import Quality, TrainingFacts
from napari_ubam.training.sampling import Crops

from .errors import RunError
from .facade import LOG, QUALITY, Run

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
            folder=self.folder / "checkpoints" / stage,
            stage=stage,
            resume=self.resume,
            progress=self.progress,
            cancel=self.cancel,
            log=self.folder / LOG,
        )

    def header(self, kind: str, result: FitResult) -> WeightsHeader:
        """Note what the weights of a stage are."""
        return WeightsHeader(
            kind=kind,
            config=self.config.model_dump(mode="json"),
            preprocessing={"crop": "letterbox", "size": self.config.posture.size, "colour": False},
            seed=self.seed,
            steps=result.steps,
            study=self.study_hash,
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
    if minutes is not None and steps is not None:
        raise RunError("Minutes and steps are both given; choose one of them.")
    folder, recordings = Path(run).absolute(), list(study)
    config = _config(preset, recordings, window_ms)
    folder.mkdir(parents=True, exist_ok=True)
    job = _Job(
        folder, config, device, minutes, steps, seed, resume, _hash(recordings), progress or silent, cancel
    )
    append(folder / LOG, "train", preset=config.preset, seed=seed, device=describe_device(device))
    held = held_out([recording.subject for recording in recordings], seed)
    sources = _crops(job, recordings, budget_bytes)
    _train_both(job, recordings, sources, held)
    return Run.open(folder)


def _config(name: str, recordings: list[Recording], window_ms: float | None) -> ModelConfig:
    """Give a preset for the shape of the recordings and the length of windows."""
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
    return config.with_crops(*shape_for(regions_of(recordings), config.posture.size[0]))


def _hash(recordings: Iterable[Recording]) -> str:
    text = "\n".join(f"{one.name} {one.subject} {one.group} {one.session}" for one in recordings)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
    return usable


def _train_both(
    job: _Job, recordings: list[Recording], sources: dict[str, CachedCrops], held: set[str]
) -> None:
    used = [one for one in recordings if one.name in sources]
    if len({one.subject for one in used} - held) < 2 or not held <= {one.subject for one in used}:
        held = set()
    seen: list[Crops] = [
        sources[one.name] if held else EarlyCrops(sources[one.name])
        for one in used
        if one.subject not in held
    ]
    torch.manual_seed(job.seed)
    posture = PostureLearner(job.config, mean_maps(PostureEncoder(job.config.posture), seen))
    first = job.fit(posture, PostureBatches(seen, job.config, job.seed), "posture")
    whiten_posture(posture.encoder, seen, job.cancel)

    checked = [_checked(job, one, sources[one.name], posture.encoder) for one in used]
    tracks = [one.track for one in checked if one.subject not in held and len(one.track.windows)]
    if len(tracks) < 2:
        window = job.config.behaviour.window_ms
        raise RunError(
            f"Fewer than two recordings are as long as a window of {window:g} ms; add longer ones."
        )
    torch.manual_seed(job.seed)
    motion = float(np.median(np.concatenate([track.motion for track in tracks])))
    behaviour = BehaviourLearner(job.config, _spread(tracks), motion)
    second = job.fit(behaviour, BehaviourBatches(tracks, job.config, job.seed), "behaviour")
    whiten_behaviour(behaviour.encoder, tracks)

    device, frames = describe_device(job.device), sum(len(one.rows) for one in checked)
    training = TrainingFacts(
        posture=facts(first), behaviour=facts(second), device=device, recordings=len(used), frames=frames
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
    _draw(job, quality, sources)


def _checked(
    job: _Job, recording: Recording, crops: CachedCrops, encoder: PostureEncoder
) -> CheckedRecording:
    """Encode all crops that the cache holds of a recording, and lay windows on them."""
    frames = np.array(crops.frames, np.int64)
    codes = np.full((len(frames), job.config.posture.code), np.nan, np.float32)
    segments = [range(a - crops.frames.start, b - crops.frames.start) for a, b in crops.runs]
    for run in segments:
        for begin in range(run.start, run.stop, BATCH):
            check_cancelled(job.cancel)
            end = min(begin + BATCH, run.stop)
            images = crops.read(begin + crops.frames.start, end + crops.frames.start)
            with torch.inference_mode():
                codes[begin:end] = encoder(torch.from_numpy(images)[:, None].float() / 255).numpy()
    sizes = job.config.behaviour
    laid = windows(crops.times, segments, sizes.window_ms, sizes.steps)
    return CheckedRecording(recording.name, recording.subject, crops, frames, PostureTrack.of(codes, laid))


def _spread(tracks: list[PostureTrack]) -> float:
    """Root mean square distance of postures from their mean."""
    codes = np.concatenate([track.posture[track.windows.centres] for track in tracks])
    return float(np.sqrt(((codes - codes.mean(0)) ** 2).sum(1).mean()))


def _save(job: _Job, *parts: tuple[nn.Module, FitResult]) -> None:
    (posture, first), (behaviour, second) = parts
    save_weights(job.folder / POSTURE, posture.state_dict(), job.header("posture", first))
    save_weights(job.folder / BEHAVIOUR, behaviour.state_dict(), job.header("behaviour", second))
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
