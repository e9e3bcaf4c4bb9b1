"""Trains the magnifier on the motion in the videos, without labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from napari_ubam.learners.learner import Learner
from napari_ubam.learners.sampling import generator
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.native.magnifier import Magnifier, normalise_contrast
from napari_ubam.models.splatting import sample_at

from .motion_pairs import Motion

LEVELS = 3  # of the image pyramid
ROBUST = 0.1  # smaller differences count by their square, larger ones by their absolute value
EDGES = 8.0  # how much an edge in the image allows the displacement to change

Batch = dict[str, Tensor]


class MagnifierLearner(Learner):
    """Trains the magnifier to displace the pixels of one frame to their place in another frame.

    Parameters
    ----------
    config : ModelConfig
        Sizes of the magnifier and settings of the training.
    """

    def __init__(self, config: ModelConfig) -> None:
        plan = config.magnifier_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.plan = plan
        self.magnifier = Magnifier(config.posture.code, config.magnifier)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        batch : dict of str to Tensor
            From `MotionBatches`.
        batch_idx : int
            Number of the batch.

        Returns
        -------
        scalar tensor
        """
        crops, others = as_images(batch["crops"]), as_images(batch["others"])
        own = self.magnifier.coefficients(batch["codes"])
        change = self.magnifier.coefficients(batch["goals"]) - own
        displacement = self.magnifier(crops, own, change)
        first, second = normalise_contrast(crops), normalise_contrast(others)
        unmoved = image_difference(first, second, torch.zeros_like(displacement)).clamp_min(1e-3)
        return self.total_loss(
            {
                "match": image_difference(first, second, displacement) / unmoved,
                "smooth": self.plan.smooth * roughness(displacement, crops),
            }
        )


def image_difference(one: Tensor, other: Tensor, displacement: Tensor) -> Tensor:
    """Difference between images and displaced images.

    Robust differences (Charbonnier) on an image pyramid, whose coarse levels correct large errors.

    Parameters
    ----------
    one, other : (n, 1, y, x) tensor
        Output of `normalise_contrast`.
    displacement : (n, 2, y, x) tensor
        Displacement from ``one`` to ``other`` along x and y in pixels.

    Returns
    -------
    scalar tensor
        0 if they are equal.
    """
    total = one.new_zeros(())
    for level in range(LEVELS):
        if level:
            one, other = F.avg_pool2d(one, 2), F.avg_pool2d(other, 2)
            displacement = F.avg_pool2d(displacement, 2) / 2
        difference = one - sample_at(other, displacement)
        total = total + (difference.square() + ROBUST**2).sqrt().mean() - ROBUST
    return total


def roughness(displacement: Tensor, crops: Tensor) -> Tensor:
    """Mean change of displacement between neighbouring pixels, with less weight at edges of the image.

    Parameters
    ----------
    displacement : (n, 2, y, x) tensor
        Displacement along x and y in pixels.
    crops : (n, 1, y, x) tensor
        Brightness, 0 to 1.

    Returns
    -------
    scalar tensor
    """
    total = displacement.new_zeros(())
    for axis in (2, 3):
        steps, edges = displacement.diff(dim=axis), crops.diff(dim=axis).abs()
        total = total + ((steps.square() + 1e-4).sqrt() * torch.exp(-EDGES * edges)).mean()
    return total


class MotionBatches:
    """Batches for `MagnifierLearner`, as a pure function of the step.

    Parameters
    ----------
    motions : sequence of Motion
        Recordings of the training.
    config : ModelConfig
        Settings of the training.
    seed : int
        Random seed.
    """

    def __init__(self, motions: Sequence[Motion], config: ModelConfig, seed: int) -> None:
        self.motions, self.plan, self.seed = motions, config.magnifier_training, seed
        self.reach = [max(1, round(one.crops.fps * self.plan.reach_ms / 1000)) for one in motions]

    def __call__(self, step: int, count: int) -> Batch:
        """Return the batch of a step with pairs of ``count`` recordings."""
        rng = generator(self.seed, step)
        chosen = rng.permutation(len(self.motions))[:count]
        pairs = [self._pair(int(number), rng) for number in chosen for _ in range(self.plan.pairs)]
        names = ("crops", "others", "codes", "goals")
        return {
            name: torch.from_numpy(np.stack(part))
            for name, part in zip(names, zip(*pairs, strict=True), strict=True)
        }

    def _pair(self, number: int, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        one = self.motions[number]
        row = int(rng.integers(len(one.frames)))
        other = self._other(one, row, self.reach[number], rng)
        goal = one.codes[other]
        if rng.random() < self.plan.cross_subject and np.isfinite(one.cross_subject[other, 0]):
            goal = one.cross_subject[other]
        first, second = (one.crops.read(f, f + 1)[0] for f in (int(one.frames[row]), int(one.frames[other])))
        return first, second, one.codes[row], goal

    def _other(self, one: Motion, row: int, reach: int, rng: np.random.Generator) -> int:
        """Row of the second frame, from another cycle of the movement: at the same phase or near it.

        The background may move, as the belt of a treadmill does. Between cycles its motion is independent of
        posture, so that the magnifier does not learn it.
        """
        rows = one.same_phase[row][one.same_phase[row] >= 0]
        if len(rows):
            row = int(rng.choice(rows))
            if rng.random() < self.plan.same_phase:
                return row
        near = np.arange(max(row - reach, 0), min(row + reach + 1, len(one.frames)))
        gaps = np.abs(one.frames[near] - one.frames[row])
        fits = near[(gaps > 0) & (gaps <= reach)]
        return int(rng.choice(fits)) if len(fits) else row
