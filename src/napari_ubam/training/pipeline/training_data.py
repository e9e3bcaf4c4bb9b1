"""Recordings from which the encoders learn, and what is held out for the checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from napari_ubam.crops import CachedCrops
from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import EncoderData
from napari_ubam.learners.posture_track import PostureTrack
from napari_ubam.learners.sampling import Crops
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import PostureNetwork
from napari_ubam.models.weights import weights_hash
from napari_ubam.models.windows import Windows, windows
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.training.checks.checked_recording import CheckedRecording
from napari_ubam.training.checks.holdout import EarlyCrops, LateCrops

from .context import TrainingContext
from .fitted_layers import keep_fitted
from .stretches import Stretches
from .training_record import TrainingRecord, with_posture

BATCH = 128  # frames that are encoded together
ONE_RECORDING = (
    "There is one recording, so stretches of it take the place of recordings. The model learns what this "
    "subject does, and cannot learn what differs between individuals. To score a part against another one, "
    "enter the parts as two rows of the study, with start and stop."
)


def windows_of(config: ModelConfig, crops: CachedCrops) -> Windows:
    """Place windows on the crops of a recording.

    Parameters
    ----------
    config : ModelConfig
        Length and steps of a window.
    crops : CachedCrops
        Crops of the recording.

    Returns
    -------
    Windows
    """
    sizes = config.behaviour
    return windows(crops.times, _segments(crops), sizes.window_ms, sizes.steps)


@dataclass
class EncoderRecordings:
    """Recordings of a training of the encoders.

    Parameters
    ----------
    context : TrainingContext
        The training.
    record : TrainingRecord
        Its record on the disk.
    used : list of Recording
        Recordings that can be read.
    held_out : set of str
        Subjects that are held out. If it is empty, the last fifth of each recording is held out.
    sources : dict of str to CachedCrops
        Crops by the name of the recording.
    checked : list of CheckedRecording
        All recordings with their postures, after the posture encoder was trained.
    """

    context: TrainingContext
    record: TrainingRecord
    used: list[Recording]
    held_out: set[str]
    sources: dict[str, CachedCrops]
    checked: list[CheckedRecording] = field(default_factory=list)

    @property
    def crops(self) -> list[Crops]:
        """Crops of each recording, without what is held out; of its parts if there is one recording."""
        crops = self._whole_crops
        return crops if self.stretches is None else [*self.stretches.crops(crops[0])]

    @property
    def recordings(self) -> int:
        """Number of recordings without those that are held out."""
        return len(self._whole_crops)

    @cached_property
    def stretches(self) -> Stretches | None:
        """Stretches of the recording, if there is only one.

        Raises
        ------
        RunError
            If it is too short.
        """
        crops = self._whole_crops
        return Stretches.of(crops[0], self.context.config) if len(crops) == 1 else None

    @property
    def _whole_crops(self) -> list[Crops]:
        return [
            self.sources[one.name] if self.held_out else EarlyCrops(self.sources[one.name])
            for one in self.used
            if one.subject not in self.held_out
        ]

    @property
    def data(self) -> EncoderData:
        """What the family gets for the training."""
        return EncoderData(self.crops, self.posture_tracks, self.held_out_crops)

    @property
    def held_out_crops(self) -> list[Crops]:
        """Crops of what is held out, without recordings that have none."""
        sources = ((one, self.sources[one.name]) for one in self.used)
        late: list[Crops] = [
            crops if self.held_out else LateCrops(crops)
            for one, crops in sources
            if not self.held_out or one.subject in self.held_out
        ]
        return [crops for crops in late if crops.runs]

    def posture_tracks(self, encoder: PostureNetwork) -> list[PostureTrack]:
        """Record the trained posture encoder, and encode all recordings.

        Parameters
        ----------
        encoder : PostureNetwork
            Trained posture encoder in evaluation mode.

        Returns
        -------
        list of PostureTrack
            Without what is held out.

        Raises
        ------
        TrainingError
            If no recording is longer than a window.
        Cancelled
            When the training is cancelled.
        """
        keep_fitted(encoder, self.context.checkpoints)
        digest = weights_hash(encoder.state_dict())
        self.record = with_posture(self.context.checkpoints, self.record, digest)
        self.checked = self._encoded(encoder)
        tracks = [
            one.track if self.held_out else one.early_track()
            for one in self.checked
            if one.subject not in self.held_out and len(one.track.windows)
        ]
        if self.stretches is not None and tracks:
            tracks = self.stretches.tracks(tracks[0], self.checked[0].frames)
        tracks = [track for track in tracks if len(track.windows)]
        if not tracks:
            raise TrainingError(
                "Without what is held out for the checks, no recording is longer than a window; add longer "
                "recordings, or shorten the window."
            )
        return tracks

    def _encoded(self, encoder: PostureNetwork) -> list[CheckedRecording]:
        """Encode all crops on the compute device of the training."""
        device, tell = choose_device(self.context.options.device), self.context.options.progress
        encoder.to(device)
        done: list[CheckedRecording] = []
        for one in self.used:
            tell(Progress("codes", len(done), len(self.used), detail=one.name))
            done.append(self._encoded_recording(one, encoder, device))
        tell(Progress("codes", len(self.used), len(self.used)))
        encoder.cpu()
        return done

    @torch.inference_mode()
    def _encoded_recording(
        self, recording: Recording, encoder: PostureNetwork, device: torch.device
    ) -> CheckedRecording:
        crops, config = self.sources[recording.name], self.context.config
        frames = np.array(crops.frames, np.int64)
        codes = np.full((len(frames), config.posture.code), np.nan, np.float32)
        for run in _segments(crops):
            for low in range(run.start, run.stop, BATCH):
                check_cancelled(self.context.options.cancel)
                end = min(low + BATCH, run.stop)
                read = crops.read(low + crops.frames.start, end + crops.frames.start)
                images = as_images(torch.from_numpy(read).to(device))
                codes[low:end] = encoder(images).cpu().numpy()
        track = PostureTrack.of(codes, windows_of(config, crops), unit=self.context.family.unit_codes)
        return CheckedRecording(
            recording.name, recording.subject, crops, frames, track, session=recording.session
        )


def _segments(crops: CachedCrops) -> list[range]:
    """Rows of consecutive crops without a gap."""
    first = crops.frames.start
    return [range(start - first, stop - first) for start, stop in crops.runs]
