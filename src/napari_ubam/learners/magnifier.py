"""Training the magnifier on the motion of the videos themselves, without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.native.magnifier import Magnifier, local_contrast
from napari_ubam.models.splatting import sample_at

from .learner import Learner
from .sampling import Crops, generator

LEVELS = 3  # of the pyramid on which pictures are compared
SOFT = 0.1  # differences under this count as squares, those above as they are
EDGES = 8.0  # how much an edge of the picture lets neighbours move apart

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Motion:
    """What the magnifier is trained on of a recording.

    Parameters
    ----------
    crops : Crops
    frames : (t,) int64 array
        Frame numbers that have a code, ascending.
    codes : (t, d) float32 array
        Posture of each.
    cross_subject : (t, d) float32 array
        The same posture as other subjects' nearest frames tell it; NaN where none is near enough.
    same_phase : (t, m) int64 array
        Rows at the same phase of the movement, at other times of the recording; -1 where there is none.
    """

    crops: Crops
    frames: NDArray[np.int64]
    codes: NDArray[np.float32]
    cross_subject: NDArray[np.float32]
    same_phase: NDArray[np.int64]


class MagnifierLearner(Learner):
    """Teaches the magnifier where pixels of one frame are in another frame of the recording.

    Parameters
    ----------
    config : ModelConfig
        Network and training.
    """

    def __init__(self, config: ModelConfig) -> None:
        plan = config.magnifier_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.plan = plan
        self.magnifier = Magnifier(config.posture.code, config.magnifier)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, as `MotionBatches` makes it."""
        crops, others = as_images(batch["crops"]), as_images(batch["others"])
        own = self.magnifier.coefficients(batch["codes"])
        change = self.magnifier.coefficients(batch["goals"]) - own
        displacement = self.magnifier(crops, own, change)
        true, seen = local_contrast(crops), local_contrast(others)
        unmoved = unlike(true, seen, torch.zeros_like(displacement)).clamp_min(1e-3)
        return self.together(
            {
                "match": unlike(true, seen, displacement) / unmoved,
                "smooth": self.plan.smooth * roughness(displacement, crops),
            }
        )


def unlike(one: Tensor, other: Tensor, displacement: Tensor) -> Tensor:
    """How unlike a picture is another one, read where its pixels have moved to.

    Robust differences (Charbonnier) on a pyramid, since what is coarse pulls from further away.

    Parameters
    ----------
    one, other : (n, 1, y, x) tensor
        Without light and contrast, as `local_contrast` gives them.
    displacement : (n, 2, y, x) tensor
        Pixels along x and y.

    Returns
    -------
    scalar tensor
    """
    total = one.new_zeros(())
    for level in range(LEVELS):
        if level:
            one, other = F.avg_pool2d(one, 2), F.avg_pool2d(other, 2)
            displacement = F.avg_pool2d(displacement, 2) / 2
        total = total + ((one - sample_at(other, displacement)).square() + SOFT**2).sqrt().mean() - SOFT
    return total


def roughness(displacement: Tensor, crops: Tensor) -> Tensor:
    """Mean difference of neighbours' displacements, less where the picture has an edge; scalar tensor."""
    total = displacement.new_zeros(())
    for axis in (2, 3):
        steps, edges = displacement.diff(dim=axis), crops.diff(dim=axis).abs()
        total = total + ((steps.square() + 1e-4).sqrt() * torch.exp(-EDGES * edges)).mean()
    return total


class MotionBatches:
    """Batches for `MagnifierLearner`: a pure function of the step.

    Parameters
    ----------
    motions : sequence of Motion
    config : ModelConfig
    seed : int
    """

    def __init__(self, motions: Sequence[Motion], config: ModelConfig, seed: int) -> None:
        self.motions, self.plan, self.seed = motions, config.magnifier_training, seed
        self.reach = [max(1, round(one.crops.fps * self.plan.reach_ms / 1000)) for one in motions]

    def __call__(self, step: int, count: int) -> Batch:
        """Draw the pairs of a step from ``count`` recordings."""
        rng = generator(self.seed, step)
        chosen = rng.permutation(len(self.motions))[:count]
        drawn = [self._pair(int(number), rng) for number in chosen for _ in range(self.plan.pairs)]
        names = ("crops", "others", "codes", "goals")
        return {
            name: torch.from_numpy(np.stack(part))
            for name, part in zip(names, zip(*drawn, strict=True), strict=True)
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
        """Row of the second frame: of another cycle of the movement, at the same phase or somewhat off.

        Between cycles, what is behind the body moves in its own way, as the belt of a treadmill does, so
        that posture does not tell it.
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
