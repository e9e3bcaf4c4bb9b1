"""What the parts of a training share: how long it is, its checkpoints, and the codes for its checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from napari_ubam.crops import CachedCrops
from napari_ubam.families.family import AnyPosture
from napari_ubam.learners.behaviour import PostureTrack
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.ubam2021 import CHECKPOINT_SECONDS
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.weights import WeightsHeader
from napari_ubam.models.windows import Windows, windows
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled
from napari_ubam.runfolder.paths import CHECKPOINTS, LOG
from napari_ubam.study import Recording
from napari_ubam.training.checks.assess import CheckedRecording
from napari_ubam.training.loop.fit import Batches, FitPlan, FitResult, fit

POSTURE_SHARE = 0.8  # of the minutes; the rest is for behaviour
BATCH = 128


def preprocessing(config: ModelConfig) -> dict[str, object]:
    """Tell what networks take, as noted with their weights."""
    return {"crop": "letterbox", "size": config.posture.size, "colour": config.posture.colour}


@dataclass(frozen=True)
class Job:
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
        """How long to train a stage, and with what; the published networks have one stage for both."""
        sizes = self.config.posture_training if stage == "posture" else self.config.behaviour_training
        steps: int | None = sizes.steps
        minutes = None
        if self.minutes is not None:
            share = POSTURE_SHARE if stage == "posture" else 1 - POSTURE_SHARE
            steps, minutes = None, self.minutes * (share if self.config.paper is None else 1)
        elif self.steps is not None:
            steps = max(1, round(self.steps * sizes.steps / self.config.posture_training.steps))
        plan = FitPlan(sizes.recordings, steps, minutes, device=self.device, seed=self.seed)
        return plan if self.config.paper is None else replace(plan, checkpoint_seconds=CHECKPOINT_SECONDS)

    def fit(self, learner: Learner, batches: Batches, stage: str) -> FitResult:
        """Train a stage, its checkpoints and losses going to the run."""
        return fit(
            learner,
            batches,
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
        return self.folder / CHECKPOINTS

    def header(self, kind: str, result: FitResult, trained_on: str = "") -> WeightsHeader:
        """Note what the weights of a stage are."""
        return WeightsHeader(
            kind=kind,
            config=self.config.model_dump(mode="json"),
            preprocessing=preprocessing(self.config),
            seed=self.seed,
            steps=result.steps,
            study=self.study_hash,
            trained_on=trained_on,
            metrics=result.losses,
        )


def windows_of(job: Job, crops: CachedCrops) -> Windows:
    """Windows of behaviour on what the cache holds of a recording."""
    sizes = job.config.behaviour
    return windows(crops.times, _segments(crops), sizes.window_ms, sizes.steps)


def _segments(crops: CachedCrops) -> list[range]:
    """Rows of the crops without a gap."""
    first = crops.frames.start
    return [range(start - first, stop - first) for start, stop in crops.runs]


def all_checked(
    job: Job, used: list[Recording], sources: dict[str, CachedCrops], encoder: AnyPosture
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
    job: Job, recording: Recording, crops: CachedCrops, encoder: AnyPosture, device: torch.device
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
    track = PostureTrack.of(codes, windows_of(job, crops), unit=job.config.paper is None)
    return CheckedRecording(recording.name, recording.subject, crops, frames, track)
