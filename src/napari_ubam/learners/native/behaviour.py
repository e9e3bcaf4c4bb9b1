"""Trains the behaviour encoder without labels, on the codes of the trained posture encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.learners.learner import Learner
from napari_ubam.learners.posture_track import STILL, PostureTrack, shuffled
from napari_ubam.learners.sampling import evenly_spaced, generator
from napari_ubam.models import losses
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.native.behaviour import BehaviourEncoder

from .posture import whitening_samples

Batch = dict[str, Tensor]
JITTER = 0.15  # noise on the postures of an augmented view, relative to their standard deviation


class BehaviourLearner(Learner):
    """Trains the encoder to see what happens in a window, and in which order.

    Parameters
    ----------
    config : ModelConfig
        Sizes of the encoder and settings of the training.
    deviation : float
        Standard deviation of the postures: root mean square distance from their mean.
    motion : float
        Median motion of the windows.
    """

    def __init__(self, config: ModelConfig, deviation: float, motion: float) -> None:
        plan, sizes = config.behaviour_training, config.behaviour
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.plan, self.deviation, self.motion = plan, deviation, motion
        self.encoder = BehaviourEncoder(config.posture.code, sizes)
        self.in_order = nn.Linear(sizes.recurrent, 1)
        self.read = nn.Sequential(
            nn.Linear(sizes.recurrent, 256), nn.ReLU(), nn.Linear(256, sizes.steps * config.posture.code)
        )

    @classmethod
    def of(cls, config: ModelConfig, tracks: Sequence[PostureTrack]) -> BehaviourLearner:
        """Make a learner for recordings.

        Parameters
        ----------
        config : ModelConfig
            Sizes of the encoder and settings of the training.
        tracks : sequence of PostureTrack
            Recordings of the training.

        Returns
        -------
        BehaviourLearner
        """
        codes = np.concatenate([track.posture[track.windows.centres] for track in tracks])
        deviation = float(np.sqrt(((codes - codes.mean(0)) ** 2).sum(1).mean()))
        return cls(config, deviation, float(np.median(np.concatenate([track.motion for track in tracks]))))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        batch : dict of str to Tensor
            From `BehaviourBatches`.
        batch_idx : int
            Number of the batch.

        Returns
        -------
        scalar tensor
        """
        plan, clean = self.plan, batch["windows"]
        videos, count = clean.shape[:2]
        flat = clean.flatten(0, 1)
        codes = self.encoder.raw(torch.cat([self._augmented(flat), self._augmented(flat)]))
        one, other = codes.view(2, videos, count, -1)
        contrast = losses.contrast(one, other, batch["times"], 0.0, plan.temperature)
        found = {"contrast": plan.contrast * contrast}
        if plan.reconstruct:
            mean = flat.mean((0, 1))
            read = self.read(F.normalize(one.flatten(0, 1), dim=-1) * one.shape[-1] ** 0.5).view_as(flat)
            # In the size of the postures, or the first steps would only make the output smaller.
            read = read * self.deviation / flat.shape[-1] ** 0.5
            found["reconstruct"] = plan.reconstruct * losses.unexplained_variance(read, flat - mean)
        if plan.shuffle:
            found["shuffle"] = plan.shuffle * self._order(
                self._augmented(flat), codes[: len(flat)], batch["motion"].flatten()
            )
        return self.total_loss(found)

    def _augmented(self, windows: Tensor) -> Tensor:
        jitter: float = JITTER * self.deviation / windows.shape[-1] ** 0.5
        return windows + jitter * torch.randn_like(windows)

    def _order(self, windows: Tensor, codes: Tensor, motion: Tensor) -> Tensor:
        """Loss of separating windows in order from shuffled ones, which get harder during the training."""
        moving = motion > STILL * self.motion
        if not moving.any():
            return codes.sum() * 0
        mixed: Tensor = self.encoder.raw(shuffled(windows[moving], self.share))
        scores = self.in_order(torch.cat([codes[moving], mixed])).squeeze(1)
        truth = torch.cat([torch.ones(len(mixed)), torch.zeros(len(mixed))]).to(scores)
        loss: Tensor = F.binary_cross_entropy_with_logits(scores, truth)
        return loss


@torch.no_grad()
def fit_behaviour_whitening(encoder: BehaviourEncoder, tracks: Sequence[PostureTrack]) -> None:
    """Fit the whitening of a trained encoder to evenly spaced windows of each recording.

    Parameters
    ----------
    encoder : BehaviourEncoder
        Trained encoder in evaluation mode, on the CPU. Its whitening is fitted.
    tracks : sequence of PostureTrack
        Recordings of the training.
    """
    codes = []
    for track in tracks:
        some = evenly_spaced(len(track.windows), whitening_samples(len(tracks)))
        codes.append(encoder.raw(torch.from_numpy(track.windows.of(track.posture, some))))
    encoder.whiten.fit(torch.cat(codes))


class BehaviourBatches:
    """Batches for `BehaviourLearner`, as a pure function of the step.

    Parameters
    ----------
    tracks : sequence of PostureTrack
        Recordings of the training.
    config : ModelConfig
        Settings of the training.
    seed : int
        Random seed.
    """

    def __init__(self, tracks: Sequence[PostureTrack], config: ModelConfig, seed: int) -> None:
        self.tracks, self.count, self.seed = tracks, config.behaviour_training.windows, seed

    def __call__(self, step: int, count: int) -> Batch:
        """Return the batch of a step with ``count`` recordings."""
        rng = generator(self.seed, step)
        chosen = rng.permutation(len(self.tracks))[:count]
        if count > len(chosen):
            chosen = np.concatenate([chosen, rng.integers(0, len(self.tracks), count - len(chosen))])
        sampled = [self._from(self.tracks[number], rng) for number in chosen]
        windows, centres, motion = (torch.from_numpy(np.stack(part)) for part in zip(*sampled, strict=True))
        return {"windows": windows, "times": (centres - centres[:, :1]).float(), "motion": motion}

    def _from(
        self, track: PostureTrack, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        total = len(track.windows)
        which = np.sort(rng.choice(total, self.count, replace=total < self.count))
        return track.windows.of(track.posture, which), track.windows.centres[which], track.motion[which]
