"""Trains the published magnifier: frames are generated from their posture and the appearance of other frames.

As published (Brattoli, Büchler et al., Nature Machine Intelligence 2021). Appearance comes from another frame
of the recording, so that it contains no posture. Half way between the postures of two near frames, the
frame between them is the target. The latents are kept near a normal distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.learners.errors import NO_MOVEMENT, TrainingError
from napari_ubam.learners.fitting import MagnifierData
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.sampling import Crops, generator
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.ubam2021.checkpoint import VAE_LAYERS, load_layers, read_checkpoint
from napari_ubam.models.ubam2021.image_losses import PixelLoss, VggLoss
from napari_ubam.models.ubam2021.sizes import Ubam2021Sizes
from napari_ubam.models.ubam2021.vae import FrameVae, Latents
from napari_ubam.models.weights import WeightsError

Batch = dict[str, Tensor]
APART = 2  # frames between the two whose middle is generated
BETWEEN_FROM = 0.2  # share of the training; earlier, no image is good enough


@dataclass(frozen=True)
class RecordedPostures:
    """Frames of a recording that have a crop and a code.

    Parameters
    ----------
    crops : Crops
        Crops of the recording.
    frames : (t,) int64 array
        Frame numbers, ascending.
    codes : (t, d) float32 array
        Posture code of each frame.
    """

    crops: Crops
    frames: NDArray[np.int64]
    codes: NDArray[np.float32]


def recorded_postures(data: MagnifierData) -> list[RecordedPostures]:
    """Find the frames of each recording that have a crop and a code.

    Parameters
    ----------
    data : MagnifierData
        Recordings of the training.

    Returns
    -------
    list of RecordedPostures
        Recordings with at least two such frames.

    Raises
    ------
    TrainingError
        If there is no such recording.
    """
    found = [
        RecordedPostures(crops, own.frames[rows].astype(np.int64), own.posture[rows].astype(np.float32))
        for crops, own, rows in data.usable_rows()
        if len(rows) > 1
    ]
    if not found:
        raise TrainingError(NO_MOVEMENT)
    return found


class VaeLearner(Learner):
    """Trains the variational autoencoder.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the family ``ubam2021``.
    vgg : Path, optional
        Weights of VGG-16, with whose maps images are compared. Without them, images are compared by pixels
        and edges.
    """

    def __init__(self, config: ModelConfig, vgg: Path | None = None) -> None:
        plan = config.magnifier_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.sizes = Ubam2021Sizes.of(config)
        self.magnifier = FrameVae(config)
        # In a list, so that it is no part of the learner and not in its checkpoints.
        self._image_loss: list[VggLoss | PixelLoss] = [PixelLoss() if vgg is None else VggLoss(vgg)]

    def image_loss(self, images: Tensor, targets: Tensor) -> Tensor:
        """Compare images.

        Parameters
        ----------
        images, targets : (n, 3, y, x) tensor
            RGB, 0 to 1.

        Returns
        -------
        scalar tensor
            0 if they are equal.
        """
        loss: Tensor = self._image_loss[0].to(images.device)(images, targets)
        return loss

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        batch : dict of str to Tensor
            From `VaeBatches`.
        batch_idx : int
            Number of the batch.

        Returns
        -------
        scalar tensor
        """
        sizes, vae = self.sizes, self.magnifier
        frames, middles, appearances, others = (
            vae.as_squares(as_images(batch[name])) for name in ("crops", "middles", "appearances", "others")
        )
        appearance, posture = vae.encode_appearance(appearances), vae.encode_posture(batch["codes"])
        sample = appearance.sample()
        with torch.no_grad():
            other = vae.encode_appearance(others).sample()
        generated = vae.decode(sample, posture.sample())
        self.part_done(generated, "frames")
        losses = {
            "similar": sizes.similar * self.image_loss(generated, frames),
            "appearance": sizes.appearance * (sample - other).square().mean(),
            "divergence": sizes.divergence * (divergence(appearance) + divergence(posture)),
        }
        if self.share >= BETWEEN_FROM:
            half = (posture.sample() + vae.encode_posture(batch["goals"]).sample()) / 2
            between = vae.decode(vae.encode_appearance(frames).sample(), half)
            self.part_done(between, "frames between")
            losses["between"] = sizes.between * self.image_loss(between, middles)
        return self.total_loss(losses)

    def load_checkpoint(self, path: Path) -> str:
        """Load the weights of an original checkpoint of the autoencoder.

        Parameters
        ----------
        path : Path
            A ``.pth.tar`` file of the published code.

        Returns
        -------
        str
            A sentence for the user: which layers were loaded.

        Raises
        ------
        WeightsError
            If the file is no such checkpoint.
        """
        if not load_layers(self.magnifier, read_checkpoint(path), VAE_LAYERS, path):
            raise WeightsError(
                f"{path} has no layer of the autoencoder; choose a checkpoint of its training."
            )
        return f"All layers of the magnifier were loaded from {path.name}."


def divergence(latents: Latents) -> Tensor:
    """Kullback-Leibler divergence of latents from the standard normal distribution.

    Parameters
    ----------
    latents : Latents
        Mean and variance of each latent.

    Returns
    -------
    scalar tensor
        Summed over latents, averaged over images.
    """
    mean, variance = latents.mean.square(), latents.log_variance
    return (mean + variance.exp() - 1 - variance).sum(1).mean() / 2


class VaeBatches:
    """Batches for `VaeLearner`, as a pure function of the step.

    Parameters
    ----------
    recordings : sequence of RecordedPostures
        Recordings of the training.
    config : ModelConfig
        Settings of the training.
    seed : int
        Random seed.
    """

    def __init__(self, recordings: Sequence[RecordedPostures], config: ModelConfig, seed: int) -> None:
        self.recordings, self.pairs, self.seed = recordings, config.magnifier_training.pairs, seed

    def __call__(self, step: int, count: int) -> Batch:
        """Return the batch of a step with frames of ``count`` recordings."""
        rng = generator(self.seed, step)
        chosen = rng.permutation(len(self.recordings))[:count]
        if len(chosen) * self.pairs < 2:  # batch normalisation needs two images
            chosen = np.repeat(chosen, 2)
        sampled = [self._frames(self.recordings[int(n)], rng) for n in chosen for _ in range(self.pairs)]
        names = ("crops", "middles", "appearances", "others", "codes", "goals")
        return {
            name: torch.from_numpy(np.stack(part))
            for name, part in zip(names, zip(*sampled, strict=True), strict=True)
        }

    def _frames(self, one: RecordedPostures, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        row = int(rng.integers(len(one.frames)))
        other, middle = _beside(one.frames, row, rng)
        rows = (row, middle, *rng.integers(len(one.frames), size=2).tolist())
        numbers = (int(one.frames[at]) for at in rows)
        crops = (one.crops.read(number, number + 1)[0] for number in numbers)
        return (*crops, one.codes[row], one.codes[other])


def _beside(frames: NDArray[np.int64], row: int, rng: np.random.Generator) -> tuple[int, int]:
    """Rows of a frame two frames before or after, and of the frame between; the row itself at a gap."""
    for way in rng.permutation(np.array([-1, 1])).tolist():
        other = row + way * APART
        if 0 <= other < len(frames) and abs(int(frames[other] - frames[row])) == APART:
            return other, row + way
    return row, row
