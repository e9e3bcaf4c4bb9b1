"""What the encoders learn from, and what is kept for the checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from napari_ubam.crops import CachedCrops
from napari_ubam.learners.behaviour import PostureTrack
from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import Batches, FitResult
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.sampling import Crops
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import PostureNetwork
from napari_ubam.models.weights import weights_hash
from napari_ubam.models.windows import Windows, windows
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.training.checks.assess import CheckedRecording
from napari_ubam.training.checks.holdout import EarlyCrops

from .context import TrainingContext
from .record import TrainingRecord, with_posture

BATCH = 128  # frames that are encoded at once


def windows_of(config: ModelConfig, crops: CachedCrops) -> Windows:
    """Lay windows of behaviour over the crops of a recording.

    Parameters
    ----------
    config : ModelConfig
    crops : CachedCrops
    """
    sizes = config.behaviour
    return windows(crops.times, _segments(crops), sizes.window_ms, sizes.steps)


@dataclass
class Lesson:
    """Recordings that the encoders learn from; see `napari_ubam.learners.fitting.EncoderLesson`.

    Parameters
    ----------
    context : TrainingContext
    record : TrainingRecord
        What is on disk about the training.
    used : list of Recording
        Those that can be read.
    held_out : set of str
        Subjects that training does not see.
    sources : dict of str to CachedCrops
        Crops by the recording's name.
    """

    context: TrainingContext
    record: TrainingRecord
    used: list[Recording]
    held_out: set[str]
    sources: dict[str, CachedCrops]
    checked: list[CheckedRecording] = field(default_factory=list)
    """All recordings with their postures, once the posture encoder is trained."""

    @property
    def config(self) -> ModelConfig:
        """Networks and training."""
        return self.context.config

    @property
    def seed(self) -> int:
        """Random seed."""
        return self.context.options.seed

    @property
    def steps(self) -> int | None:
        """Steps that were asked for."""
        return self.context.options.steps

    @property
    def progress(self) -> ProgressCallback:
        """Told of long work."""
        return self.context.options.progress

    @property
    def cancel(self) -> Cancel | None:
        """Asks the work to stop."""
        return self.context.options.cancel

    @property
    def crops(self) -> Sequence[Crops]:
        """Crops that training may see: of all subjects but those held out, or without the last fifth."""
        return [
            self.sources[one.name] if self.held_out else EarlyCrops(self.sources[one.name])
            for one in self.used
            if one.subject not in self.held_out
        ]

    def fit(self, learner: Learner, batches: Batches, stage: str) -> FitResult:
        """Train a learner to the end of a stage."""
        return self.context.fit(learner, batches, stage)

    def posture_trained(self, encoder: PostureNetwork) -> list[PostureTrack]:
        """Note the trained posture encoder, encode all crops, and give the postures that training may see.

        Raises
        ------
        TrainingError
            If fewer than two recordings are longer than a window.
        """
        digest = weights_hash(encoder.state_dict())
        self.record = with_posture(self.context.checkpoints, self.record, digest)
        self.checked = self._encoded(encoder)
        tracks = [
            one.track if self.held_out else one.early_track()
            for one in self.checked
            if one.subject not in self.held_out and len(one.track.windows)
        ]
        tracks = [track for track in tracks if len(track.windows)]
        if len(tracks) < 2:
            raise TrainingError(
                "Without what is held out for the checks, fewer than two recordings are longer than a "
                "window; add recordings, or shorten the window."
            )
        return tracks

    def _encoded(self, encoder: PostureNetwork) -> list[CheckedRecording]:
        """Encode all crops that the cache holds, on the device that trains."""
        device = choose_device(self.context.options.device)
        encoder.to(device)
        done: list[CheckedRecording] = []
        for one in self.used:
            self.progress(Progress("codes", len(done), len(self.used), detail=one.name))
            done.append(self._encoded_recording(one, encoder, device))
        self.progress(Progress("codes", len(self.used), len(self.used)))
        encoder.cpu()
        return done

    @torch.inference_mode()
    def _encoded_recording(
        self, recording: Recording, encoder: PostureNetwork, device: torch.device
    ) -> CheckedRecording:
        crops = self.sources[recording.name]
        frames = np.array(crops.frames, np.int64)
        codes = np.full((len(frames), self.config.posture.code), np.nan, np.float32)
        for run in _segments(crops):
            for low in range(run.start, run.stop, BATCH):
                check_cancelled(self.cancel)
                end = min(low + BATCH, run.stop)
                read = crops.read(low + crops.frames.start, end + crops.frames.start)
                images = as_images(torch.from_numpy(read).to(device))
                codes[low:end] = encoder(images).cpu().numpy()
        unit_codes = self.context.family.unit_codes
        track = PostureTrack.of(codes, windows_of(self.config, crops), unit=unit_codes)
        return CheckedRecording(recording.name, recording.subject, crops, frames, track)


def _segments(crops: CachedCrops) -> list[range]:
    """Rows of the crops without a gap."""
    first = crops.frames.start
    return [range(start - first, stop - first) for start, stop in crops.runs]
