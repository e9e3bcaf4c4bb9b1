"""Training the published magnifier: frames are painted from their posture and the looks of other frames.

As published (Brattoli, Büchler et al., Nature Machine Intelligence 2021): appearance comes from any other
frame of the recording, so that posture cannot come from there; half way between the postures of two near
frames, the frame between them is to be painted; latents are kept near a normal distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.ubam2021.checkpoint import VAE_LAYERS, load_layers, read_checkpoint
from napari_ubam.models.ubam2021.perceptual import ByPixels, ByVgg
from napari_ubam.models.ubam2021.vae import FrameVae, Latents
from napari_ubam.models.weights import WeightsError

from .errors import TrainingError
from .fitting import MagnifierLesson
from .learner import Learner
from .motion_pairs import NO_MOVEMENT, usable_rows
from .sampling import Crops, generator

Batch = dict[str, Tensor]
APART = 2  # frames between the two whose middle is painted
BETWEEN_FROM = 0.2  # of the training; before that, no picture is good enough to have a middle


@dataclass(frozen=True)
class Postures:
    """What the painter is trained on of a recording.

    Parameters
    ----------
    crops : Crops
    frames : (t,) int64 array
        Frame numbers that have a code, ascending.
    codes : (t, d) float32 array
        Posture of each.
    """

    crops: Crops
    frames: NDArray[np.int64]
    codes: NDArray[np.float32]


def frames_of(lesson: MagnifierLesson) -> list[Postures]:
    """Find what is learned from each recording that has at least two frames.

    Raises
    ------
    TrainingError
        If there is none.
    """
    found = []
    for crops, own in zip(lesson.crops, lesson.codes, strict=True):
        rows = usable_rows(crops, own)
        frames = own.frames[rows].astype(np.int64)
        found.append(Postures(crops, frames, own.posture[rows].astype(np.float32)))
    usable = [one for one in found if len(one.frames) > 1]
    if not usable:
        raise TrainingError(NO_MOVEMENT)
    return usable


class VaeLearner(Learner):
    """Teaches the painter.

    Parameters
    ----------
    config : ModelConfig
        Network and training, of the preset ``paper``.
    vgg : Path, optional
        Weights of VGG-16, by whose maps pictures are compared; by pixels and edges where there are none.
    """

    def __init__(self, config: ModelConfig, vgg: Path | None = None) -> None:
        plan = config.magnifier_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.sizes = config.published
        self.magnifier = FrameVae(config)
        # Not a part of the learner, whose checkpoints would hold it.
        self._unlike: list[ByVgg | ByPixels] = [ByPixels() if vgg is None else ByVgg(vgg)]

    def unlike(self, one: Tensor, other: Tensor) -> Tensor:
        """How unlike pictures are, scalar tensor."""
        found: Tensor = self._unlike[0].to(one.device)(one, other)
        return found

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, as `VaeBatches` makes it."""
        sizes, painter = self.sizes, self.magnifier
        frames, middles, looks, others = (
            painter.squares(as_images(batch[name])) for name in ("crops", "middles", "looks", "others")
        )
        look, posture = painter.appearance(looks), painter.posture(batch["codes"])
        drawn = look.drawn()
        with torch.no_grad():
            again = painter.appearance(others).drawn()
        painted = painter.painted(drawn, posture.drawn())
        self.part_done(painted, "frames")
        found = {
            "similar": sizes.similar * self.unlike(painted, frames),
            "appearance": sizes.appearance * (drawn - again).square().mean(),
            "divergence": sizes.divergence * (divergence(look) + divergence(posture)),
        }
        if self.share >= BETWEEN_FROM:
            half = (posture.drawn() + painter.posture(batch["goals"]).drawn()) / 2
            between = painter.painted(painter.appearance(frames).drawn(), half)
            self.part_done(between, "frames between")
            found["between"] = sizes.between * self.unlike(between, middles)
        return self.together(found)

    def load_checkpoint(self, path: Path) -> str:
        """Take the weights of an original checkpoint of the painter.

        Parameters
        ----------
        path : Path
            A ``.pth.tar`` file of the published code.

        Returns
        -------
        str
            A sentence that says what was taken.

        Raises
        ------
        WeightsError
            If it is none.
        """
        if not load_layers(self.magnifier, read_checkpoint(path), VAE_LAYERS, path):
            raise WeightsError(f"{path} has no layer of the painter; choose a checkpoint of its training.")
        return f"All layers of the magnifier are those of {path.name}."


def divergence(latents: Latents) -> Tensor:
    """Kullback-Leibler divergence from a normal distribution, summed over latents, scalar tensor."""
    mean, variance = latents.mean.square(), latents.log_variance
    return (mean + variance.exp() - 1 - variance).sum(1).mean() / 2


class VaeBatches:
    """Batches for `VaeLearner`: a pure function of the step.

    Parameters
    ----------
    recordings : sequence of Postures
    config : ModelConfig
    seed : int
    """

    def __init__(self, recordings: Sequence[Postures], config: ModelConfig, seed: int) -> None:
        self.recordings, self.pairs, self.seed = recordings, config.magnifier_training.pairs, seed

    def __call__(self, step: int, count: int) -> Batch:
        """Draw the frames of a step from ``count`` recordings."""
        rng = generator(self.seed, step)
        chosen = rng.permutation(len(self.recordings))[:count]
        if len(chosen) * self.pairs < 2:  # a batch of one has no spread that could be normalised
            chosen = np.repeat(chosen, 2)
        drawn = [self._frames(self.recordings[int(n)], rng) for n in chosen for _ in range(self.pairs)]
        names = ("crops", "middles", "looks", "others", "codes", "goals")
        return {
            name: torch.from_numpy(np.stack(part))
            for name, part in zip(names, zip(*drawn, strict=True), strict=True)
        }

    def _frames(self, one: Postures, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        row = int(rng.integers(len(one.frames)))
        other, middle = _beside(one.frames, row, rng)
        rows = (row, middle, *rng.integers(len(one.frames), size=2).tolist())
        numbers = (int(one.frames[at]) for at in rows)
        crops = (one.crops.read(number, number + 1)[0] for number in numbers)
        return (*crops, one.codes[row], one.codes[other])


def _beside(frames: NDArray[np.int64], row: int, rng: np.random.Generator) -> tuple[int, int]:
    """Rows of a frame two frames before or after, and of the one between; the frame itself at a gap."""
    for way in rng.permutation(np.array([-1, 1])).tolist():
        other = row + way * APART
        if 0 <= other < len(frames) and abs(int(frames[other] - frames[row])) == APART:
            return other, row + way
    return row, row
