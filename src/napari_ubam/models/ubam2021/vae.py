"""The magnifier that was published in 2021: a variational autoencoder of appearance and posture.

Architecture of Brattoli, Büchler et al., Nature Machine Intelligence 2021 (arXiv 2012.09237).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import MagnifierNetwork

from .sizes import Ubam2021Sizes

SLOPE = 0.2  # of the leaky rectifiers
EPSILON = 1e-3  # of the batch normalisation in the decoder
REDUCTION = 32  # of height and width, from the image to the coarsest maps


class Latents(NamedTuple):
    """Normal distribution of latents, one row for each image.

    Parameters
    ----------
    mean, log_variance : (n, latents) tensor
    """

    mean: Tensor
    log_variance: Tensor

    def sample(self) -> Tensor:
        """Draw one sample of each row, (n, latents)."""
        return self.mean + torch.randn_like(self.mean) * (self.log_variance / 2).exp()


class FrameVae(MagnifierNetwork):
    """Generates images from two kinds of latents: appearance of the subject, and posture.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the family ``ubam2021``.
    """

    def __init__(self, config: ModelConfig) -> None:
        # The names of the layers are those in saved weights.
        super().__init__()
        sizes = Ubam2021Sizes.of(config)
        self.side, first = sizes.picture, sizes.filters
        coarse, cells = 8 * first, (sizes.picture // REDUCTION) ** 2
        down = (3, first, 2 * first, 4 * first, coarse, coarse)
        self.look = nn.Sequential(*(layer for pair in pairwise(down) for layer in _smaller(*pair)))
        self.look_mean = nn.Linear(coarse * cells, sizes.latents)
        self.look_variance = nn.Linear(coarse * cells, sizes.latents)
        inner = config.posture.code // 4
        self.pose = nn.Sequential(
            nn.Linear(config.posture.code, inner), nn.BatchNorm1d(inner), nn.LeakyReLU(SLOPE)
        )
        self.pose_mean = nn.Linear(inner, sizes.latents)
        self.pose_variance = nn.Linear(inner, sizes.latents)
        self.first = nn.Linear(2 * sizes.latents, 2 * coarse * cells)
        up = (2 * coarse, coarse, 4 * first, 2 * first, first)
        self.paint = nn.Sequential(
            *(layer for pair in pairwise(up) for layer in _larger(*pair)),
            *(nn.UpsamplingNearest2d(scale_factor=2), nn.ReplicationPad2d(1), nn.Conv2d(first, 3, 3)),
            nn.Sigmoid(),
        )

    def as_squares(self, crops: Tensor) -> Tensor:
        """Stretch crops to the square images of the autoencoder.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Brightness or RGB, 0 to 1.

        Returns
        -------
        (n, 3, side, side) float tensor
        """
        square = (self.side, self.side)
        # Antialiasing, since most crops are larger than the square.
        scaled = F.interpolate(crops, size=square, mode="bilinear", align_corners=False, antialias=True)
        return scaled.expand(-1, 3, -1, -1)

    def encode_appearance(self, squares: Tensor) -> Latents:
        """Encode the appearance in images.

        Parameters
        ----------
        squares : (n, 3, side, side) float tensor
            Output of `as_squares`.

        Returns
        -------
        Latents
        """
        maps = self.look(squares).flatten(1)
        return Latents(self.look_mean(maps), self.look_variance(maps))

    def encode_posture(self, codes: Tensor) -> Latents:
        """Encode posture codes.

        Parameters
        ----------
        codes : (n, code) float tensor
            Posture codes.

        Returns
        -------
        Latents
        """
        inner = self.pose(codes)
        return Latents(self.pose_mean(inner), self.pose_variance(inner))

    def coefficients(self, codes: Tensor) -> Tensor:
        """Turn posture codes into coefficients, here the mean latents of posture.

        Parameters
        ----------
        codes : (n, code) float tensor
            Posture codes.

        Returns
        -------
        (n, latents) float tensor
        """
        return self.encode_posture(codes).mean

    def decode(self, appearance: Tensor, posture: Tensor) -> Tensor:
        """Generate square images.

        Parameters
        ----------
        appearance, posture : (n, latents) tensor

        Returns
        -------
        (n, 3, side, side) tensor
            RGB, 0 to 1.
        """
        begin = F.relu(self.first(torch.cat([appearance, posture], 1)))
        rows = self.side // REDUCTION
        images: Tensor = self.paint(begin.view(len(begin), -1, rows, rows))
        return images

    def decode_crops(self, appearance: Tensor, posture: Tensor, size: tuple[int, int]) -> Tensor:
        """Generate crops.

        Parameters
        ----------
        appearance, posture : (n, latents) tensor
        size : tuple of int
            Height and width of the crops.

        Returns
        -------
        (n, 3, y, x) tensor
            RGB, 0 to 1.
        """
        squares = self.decode(appearance, posture)
        return F.interpolate(squares, size=size, mode="bilinear", align_corners=False, antialias=True)

    def forward(self, crops: Tensor, posture: Tensor) -> Tensor:
        """Show crops in other postures.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Crops with the appearance, 0 to 1.
        posture : (n, latents) tensor
            Output of `coefficients`.

        Returns
        -------
        (n, 3, y, x) tensor
            RGB, 0 to 1, in the size of the crops.
        """
        size = (crops.shape[-2], crops.shape[-1])
        return self.decode_crops(self.encode_appearance(self.as_squares(crops)).mean, posture, size)


def _smaller(inside: int, outside: int) -> tuple[nn.Module, ...]:
    """Layers that halve height and width."""
    return nn.Conv2d(inside, outside, 4, 2, 1), nn.BatchNorm2d(outside), nn.LeakyReLU(SLOPE)


def _larger(inside: int, outside: int) -> tuple[nn.Module, ...]:
    """Layers that double height and width."""
    return (
        nn.UpsamplingNearest2d(scale_factor=2),
        nn.ReplicationPad2d(1),
        nn.Conv2d(inside, outside, 3),
        nn.BatchNorm2d(outside, EPSILON),
        nn.LeakyReLU(SLOPE),
    )
