"""Training the behaviour encoder without labels, on the posture codes of the trained posture encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.models import losses
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.native.behaviour import BehaviourEncoder
from napari_ubam.models.windows import Windows

from .learner import Learner
from .posture import share_of_whitening
from .sampling import evenly, generator

Batch = dict[str, Tensor]
JITTER = 0.15  # noise on the postures of a view, as a part of their spread
STILL = 0.35  # windows that move less than this part of the median movement are not shuffled


@dataclass(frozen=True)
class PostureTrack:
    """Postures of a recording, and the windows on them.

    Parameters
    ----------
    posture : (t, d) float32 array
        Unit codes; of the published networks codes as they are.
    windows : Windows
        At least one.
    motion : (n,) float32 array
        How much posture changes in each window.
    """

    posture: NDArray[np.float32]
    windows: Windows
    motion: NDArray[np.float32]

    @classmethod
    def of(cls, posture: NDArray[np.float32], windows: Windows, *, unit: bool = True) -> PostureTrack:
        """Measure the motion of a recording's windows, of codes that are brought to length 1 where asked."""
        if unit:
            posture = unit_vectors(posture)
        blocks = np.array_split(np.arange(len(windows)), max(1, len(windows) // 256))
        motion = np.concatenate([motion_of(windows.of(posture, block)) for block in blocks])
        return cls(posture.astype(np.float32), windows, motion)


def motion_of(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Root of the mean variance of posture within windows (n, steps, d), shape (n,)."""
    motion: NDArray[np.float32] = np.sqrt(codes.var(axis=1).sum(axis=1))
    return motion


def shuffled(windows: Tensor, hardness: float) -> Tensor:
    """Put the steps of windows out of order.

    Parameters
    ----------
    windows : (n, steps, d) tensor
    hardness : float
        0: all steps at random; towards 1, each step moves less far. At 1, pairs of neighbours are swapped.

    Returns
    -------
    (n, steps, d) tensor
        No window is in order.
    """
    count, steps, _ = windows.shape
    device = windows.device
    firmness = hardness**2 / 1.5  # of the true order, against noise from 0 to 1
    keys = firmness * torch.arange(steps, device=device) + torch.rand(count, steps, device=device)
    order = keys.argsort(1)
    first = torch.randint(0, steps - 1, (count, 1), device=device)  # for those that stayed as they were
    kept = (order == torch.arange(steps, device=device)).all(1, keepdim=True)
    swap = torch.arange(steps, device=device).expand(count, steps).clone()
    swap.scatter_(1, first, first + 1).scatter_(1, first + 1, first)
    order = torch.where(kept, swap, order)
    return windows.gather(1, order[..., None].expand_as(windows))


class BehaviourLearner(Learner):
    """Teaches the encoder what is done in a window, and in which order.

    Parameters
    ----------
    config : ModelConfig
        Encoder and training.
    spread : float
        Root mean square distance of the postures from their mean.
    motion : float
        Median motion of the windows.
    """

    def __init__(self, config: ModelConfig, spread: float, motion: float) -> None:
        plan, sizes = config.behaviour_training, config.behaviour
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.plan, self.spread, self.motion = plan, spread, motion
        self.encoder = BehaviourEncoder(config.posture.code, sizes)
        self.in_order = nn.Linear(sizes.recurrent, 1)
        self.read = nn.Sequential(
            nn.Linear(sizes.recurrent, 256), nn.ReLU(), nn.Linear(256, sizes.steps * config.posture.code)
        )

    @classmethod
    def of(cls, config: ModelConfig, tracks: Sequence[PostureTrack]) -> BehaviourLearner:
        """Make one for recordings: how far their postures spread, and how much their windows move."""
        codes = np.concatenate([track.posture[track.windows.centres] for track in tracks])
        spread = float(np.sqrt(((codes - codes.mean(0)) ** 2).sum(1).mean()))
        return cls(config, spread, float(np.median(np.concatenate([track.motion for track in tracks]))))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, as `BehaviourBatches` makes it."""
        plan, clean = self.plan, batch["windows"]
        videos, count = clean.shape[:2]
        flat = clean.flatten(0, 1)
        codes = self.encoder.raw(torch.cat([self._view(flat), self._view(flat)]))
        one, other = codes.view(2, videos, count, -1)
        contrast = losses.contrast(one, other, batch["times"], 0.0, plan.temperature)
        found = {"contrast": plan.contrast * contrast}
        if plan.reconstruct:
            mean = flat.mean((0, 1))
            drawn = self.read(F.normalize(one.flatten(0, 1), dim=-1) * one.shape[-1] ** 0.5).view_as(flat)
            # In the size that postures have, or the first steps would only make the output smaller.
            drawn = drawn * self.spread / flat.shape[-1] ** 0.5
            found["reconstruct"] = plan.reconstruct * losses.explained(drawn, flat - mean)
        if plan.shuffle:
            found["shuffle"] = plan.shuffle * self._order(
                self._view(flat), codes[: len(flat)], batch["motion"].flatten()
            )
        return self.together(found)

    def _view(self, windows: Tensor) -> Tensor:
        jitter: float = JITTER * self.spread / windows.shape[-1] ** 0.5
        return windows + jitter * torch.randn_like(windows)

    def _order(self, windows: Tensor, codes: Tensor, motion: Tensor) -> Tensor:
        """Loss of telling windows in order from shuffled ones, which get harder with time."""
        moving = motion > STILL * self.motion
        if not moving.any():
            return codes.sum() * 0
        mixed: Tensor = self.encoder.raw(shuffled(windows[moving], self.share))
        says = self.in_order(torch.cat([codes[moving], mixed])).squeeze(1)
        truth = torch.cat([torch.ones(len(mixed)), torch.zeros(len(mixed))]).to(says)
        wrong: Tensor = F.binary_cross_entropy_with_logits(says, truth)
        return wrong


@torch.no_grad()
def whiten_behaviour(encoder: BehaviourEncoder, tracks: Sequence[PostureTrack]) -> None:
    """Fit the last layer of a trained encoder to windows spread over each recording.

    Parameters
    ----------
    encoder : BehaviourEncoder
        In evaluation mode, on the processor.
    tracks : sequence of PostureTrack
        Those that it was trained on.
    """
    codes = []
    for track in tracks:
        some = evenly(len(track.windows), share_of_whitening(len(tracks)))
        codes.append(encoder.raw(torch.from_numpy(track.windows.of(track.posture, some))))
    encoder.whiten.fit(torch.cat(codes))


class BehaviourBatches:
    """Batches for `BehaviourLearner`: a pure function of the step.

    Parameters
    ----------
    tracks : sequence of PostureTrack
    config : ModelConfig
    seed : int
    """

    def __init__(self, tracks: Sequence[PostureTrack], config: ModelConfig, seed: int) -> None:
        self.tracks, self.count, self.seed = tracks, config.behaviour_training.windows, seed

    def __call__(self, step: int, count: int) -> Batch:
        """Draw windows of ``count`` recordings."""
        rng = generator(self.seed, step)
        chosen = rng.permutation(len(self.tracks))[:count]
        if count > len(chosen):
            chosen = np.concatenate([chosen, rng.integers(0, len(self.tracks), count - len(chosen))])
        drawn = [self._from(self.tracks[number], rng) for number in chosen]
        windows, centres, motion = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
        return {"windows": windows, "times": (centres - centres[:, :1]).float(), "motion": motion}

    def _from(
        self, track: PostureTrack, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        total = len(track.windows)
        which = np.sort(rng.choice(total, self.count, replace=total < self.count))
        return track.windows.of(track.posture, which), track.windows.centres[which], track.motion[which]
