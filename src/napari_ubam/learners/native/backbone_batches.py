"""Trainings on the features of a backbone: their batches, and what is fitted before and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.learners.fitting import Batches, EncoderData, Training
from napari_ubam.learners.sampling import (
    Crops,
    Sample,
    evenly_spaced,
    generator,
    read_images,
    spaced_frames,
)
from napari_ubam.models.native.backbone_posture import BackboneEncoder
from napari_ubam.runfolder.paths import CHECKPOINTS

from .feature_clips import FeatureClips, Features, feature_clips
from .posture import Batch, PostureBatches, fit_posture_whitening

SCALE_FRAMES = 4096  # in all, to measure the features
TUNED_FRAMES = 8  # of each recording, where the features are not on disk


class BackboneTraining:
    """What a training with a backbone adds to one with gradient maps.

    Parameters
    ----------
    encoder : BackboneEncoder
        Untrained encoder. It gets the weights of its backbone, and the scale of the features.
    data : EncoderData
        Recordings of the training, and those that are held out.
    training : Training
        Settings of the training.

    Raises
    ------
    BackboneError, TrainingError
        If the weights of the backbone are missing, or the disk space is too small for its features.
    Cancelled
        When the training is cancelled.
    """

    def __init__(self, encoder: BackboneEncoder, data: EncoderData, training: Training) -> None:
        self.encoder, self.recordings, self.training = encoder, data.crops, training
        self._held_out = data.held_out
        encoder.start_from(training.folder / CHECKPOINTS if encoder.tuned else training.folder)
        clips = [] if encoder.tuned else feature_clips(encoder, [*data.crops, *data.held_out], training)
        self.clips, self._held_out_clips = clips[: len(data.crops)], clips[len(data.crops) :]
        with torch.no_grad():
            if encoder.tuned:
                frames = [read_images(one, spaced_frames(one, TUNED_FRAMES)) for one in data.crops]
                encoder.fit_scale(torch.cat([encoder.features(images) for images in frames]))
            else:
                encoder.fit_scale(self._plain_features(SCALE_FRAMES))

    @property
    def batches(self) -> Batches:
        """Batches for `PostureLearner`."""
        return self._batches(self.recordings, self.clips)

    @property
    def held_out(self) -> Batches | None:
        """Batches of the recordings that are held out; None if there are none."""
        return self._batches(self._held_out, self._held_out_clips) if self._held_out else None

    def _batches(self, recordings: Sequence[Crops], clips: Sequence[FeatureClips]) -> Batches:
        config, seed = self.training.config, self.training.seed
        if self.encoder.tuned:
            return PostureBatches(recordings, config, seed)
        chosen = config.posture.backbone
        assert chosen is not None
        return FeatureBatches(clips, config.posture_training.runs, chosen.views, seed)

    @torch.no_grad()
    def fit_whitening(self) -> None:
        """Fit the whitening of the trained encoder; see `fit_posture_whitening`."""
        training = self.training
        if self.encoder.tuned:
            fit_posture_whitening(self.encoder, self.recordings, training.cancel, training.progress)
            return
        codes = []
        for one in self.clips:
            for clip in range(len(one.frames)):
                codes.append(self.encoder.encode(torch.from_numpy(one.read(clip, 0))))
        self.encoder.whiten.fit(torch.cat(codes))

    def _plain_features(self, most: int) -> Tensor:
        """Features of frames as they are, of every recording."""
        length = self.clips[0].frames.shape[1]
        clips = max(most // (len(self.clips) * length), 1)
        found = [
            one.read(int(clip), 0) for one in self.clips for clip in evenly_spaced(len(one.frames), clips)
        ]
        return torch.from_numpy(np.concatenate(found))


class FeatureBatches:
    """Batches of features for `PostureLearner`, as a pure function of the step.

    Parameters
    ----------
    recordings : sequence of FeatureClips
        Recordings, in the order of the mean maps of the learner.
    runs, views : int
        Clips of each recording in a batch, and views of each clip on disk.
    seed : int
        Random seed.
    """

    def __init__(self, recordings: Sequence[FeatureClips], runs: int, views: int, seed: int) -> None:
        self.recordings, self.runs, self.views, self.seed = recordings, runs, views, seed

    def __call__(self, step: int, count: int) -> Batch:
        """Return the batch of a step with ``count`` recordings.

        Besides crops, times and numbers of the recordings as `PostureBatches` returns them, ``features`` is a
        (2, v, m, channels, rows, columns) float16 tensor with two views of each frame.
        """
        rng = generator(self.seed, step)
        total = len(self.recordings)
        chosen = rng.permutation(total)[:count]
        if count > total:
            chosen = np.concatenate([chosen, rng.integers(0, total, count - total)])
        sampled = [self._from(self.recordings[number], rng) for number in chosen.tolist()]
        frames, crops, features = (np.stack(part) for part in zip(*sampled, strict=True))
        rates = np.array([self.recordings[number].crops.fps for number in chosen])
        sample = Sample(chosen.astype(np.int64), frames, frames / rates[:, None], crops)
        return {**sample.batch(step), "features": torch.from_numpy(np.moveaxis(features, 1, 0).copy())}

    def _from(
        self, one: FeatureClips, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], Features]:
        """Sample clips of a recording, and two views of each."""
        clips = rng.choice(len(one.frames), self.runs, replace=len(one.frames) < self.runs).tolist()
        views = [rng.permutation(self.views)[:2].tolist() for _ in clips]
        frames = one.frames[clips].ravel()
        crops = np.concatenate([one.crops.read(frame, frame + 1) for frame in frames.tolist()])
        features = [
            np.concatenate([one.read(clip, pair[which]) for clip, pair in zip(clips, views, strict=True)])
            for which in range(2)
        ]
        return frames, crops, np.stack(features)
