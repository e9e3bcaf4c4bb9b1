"""The published magnifier: a variational autoencoder that paints a frame from its appearance and a posture.

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

SLOPE = 0.2  # of the rectifiers, below zero
EPSILON = 1e-3  # of the normalisations while painting
BEGIN = 32  # times as small as the picture is the first map


class Latents(NamedTuple):
    """Distribution of latents, each (n, latents)."""

    mean: Tensor
    log_variance: Tensor

    def drawn(self) -> Tensor:
        """One draw of each row."""
        return self.mean + torch.randn_like(self.mean) * (self.log_variance / 2).exp()


class FrameVae(MagnifierNetwork):
    """Paints pictures from two kinds of latents: how the individual looks, and its posture.

    Parameters
    ----------
    config : ModelConfig
        Sizes, of the preset ``paper``.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes = config.published
        self.side, first = sizes.picture, sizes.filters
        coarse, cells = 8 * first, (sizes.picture // BEGIN) ** 2
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

    def squares(self, crops: Tensor) -> Tensor:
        """Stretch crops (n, 1 or 3, y, x) to what is painted, (n, 3, side, side)."""
        square = (self.side, self.side)
        # Without smoothing, a crop that shrinks would alias.
        scaled = F.interpolate(crops, size=square, mode="bilinear", align_corners=False, antialias=True)
        return scaled.expand(-1, 3, -1, -1)

    def appearance(self, squares: Tensor) -> Latents:
        """Latents of how individuals look in squares (n, 3, side, side)."""
        found = self.look(squares).flatten(1)
        return Latents(self.look_mean(found), self.look_variance(found))

    def posture(self, codes: Tensor) -> Latents:
        """Latents of posture codes (n, code)."""
        found = self.pose(codes)
        return Latents(self.pose_mean(found), self.pose_variance(found))

    def coefficients(self, codes: Tensor) -> Tensor:
        """Mean latents (n, latents) of posture codes (n, code): what a factor multiplies the change of."""
        return self.posture(codes).mean

    def painted(self, appearance: Tensor, posture: Tensor) -> Tensor:
        """Paint squares.

        Parameters
        ----------
        appearance, posture : (n, latents) tensor

        Returns
        -------
        (n, 3, side, side) tensor
            RGB, 0 to 1.
        """
        begin = F.relu(self.first(torch.cat([appearance, posture], 1)))
        rows = self.side // BEGIN
        picture: Tensor = self.paint(begin.view(len(begin), -1, rows, rows))
        return picture

    def forward(self, crops: Tensor, posture: Tensor) -> Tensor:
        """Paint crops in other postures.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Whose appearance is taken, 0 to 1.
        posture : (n, latents) tensor
            As `coefficients` gives them.

        Returns
        -------
        (n, 3, y, x) tensor
            RGB, 0 to 1, stretched back to the crops' size.
        """
        size = (crops.shape[-2], crops.shape[-1])
        return self.paint_crop(self.appearance(self.squares(crops)).mean, posture, size)

    def paint_crop(self, appearance: Tensor, posture: Tensor, size: tuple[int, int]) -> Tensor:
        """Paint crops from latents.

        Parameters
        ----------
        appearance, posture : (n, latents) tensor
        size : tuple of int
            Height and width of the crop.

        Returns
        -------
        (n, 3, y, x) tensor
            RGB, 0 to 1.
        """
        squares = self.painted(appearance, posture)
        return F.interpolate(squares, size=size, mode="bilinear", align_corners=False, antialias=True)


def _smaller(inside: int, outside: int) -> tuple[nn.Module, ...]:
    """Layers that halve the maps."""
    return nn.Conv2d(inside, outside, 4, 2, 1), nn.BatchNorm2d(outside), nn.LeakyReLU(SLOPE)


def _larger(inside: int, outside: int) -> tuple[nn.Module, ...]:
    """Layers that double the maps."""
    return (
        nn.UpsamplingNearest2d(scale_factor=2),
        nn.ReplicationPad2d(1),
        nn.Conv2d(inside, outside, 3),
        nn.BatchNorm2d(outside, EPSILON),
        nn.LeakyReLU(SLOPE),
    )
