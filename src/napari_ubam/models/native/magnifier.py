"""The magnifier: where each pixel of a frame would be if the body had another posture."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import MagnifierConfig
from napari_ubam.models.networks import MagnifierNetwork

NEAR, EPSILON = 15, 0.08  # cells of the neighbourhood that contrast is measured in; grey levels
POSE_HIDDEN = 128


def local_contrast(crops: Tensor) -> Tensor:
    """Take out light and contrast.

    Parameters
    ----------
    crops : (n, 1, y, x) float tensor
        Grey levels, 0 to 1.

    Returns
    -------
    (n, 1, y, x) float tensor
        Of mean 0 and at most about standard deviation 1 around each pixel.
    """
    mean = _around(crops)
    variance = (_around(crops.square()) - mean.square()).clamp_min(0)
    return (crops - mean) / (variance.sqrt() + EPSILON)


def _around(maps: Tensor) -> Tensor:
    for _ in range(2):
        maps = F.avg_pool2d(maps, NEAR, 1, NEAR // 2, count_include_pad=False)
    return maps


class _Stage(nn.Module):
    """Two convolutions; the first may halve the maps."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            nn.GroupNorm(8, outside),
            nn.ReLU(),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            nn.GroupNorm(8, outside),
            nn.ReLU(),
        )

    def forward(self, maps: Tensor) -> Tensor:
        done: Tensor = self.layers(maps)
        return done


class Magnifier(MagnifierNetwork):
    r"""Moves the pixels of a frame from its posture towards another.

    A posture code :math:`z` is turned into a few coefficients :math:`m(z)`, and the frame, at each of its
    pixels :math:`p`, into as many directions :math:`b_k(p)` in which the pixel moves. Between two postures of
    the same body the displacement is

    .. math:: u(p) = \sum_k b_k(p) \, (m_k(z') - m_k(z))

    It is nothing between equal postures, and what is :math:`\lambda` times as far in the coefficients moves
    the pixels :math:`\lambda` times as far, so that a factor that was never trained means what it says. One
    ``gain``, worked out after the training, multiplies all.

    Parameters
    ----------
    code : int
        Numbers in a posture code.
    config : MagnifierConfig
        Sizes.
    """

    def __init__(self, code: int, config: MagnifierConfig) -> None:
        super().__init__()
        self.config = config
        self.pose = nn.Sequential(
            nn.Linear(code, POSE_HIDDEN), nn.ReLU(), nn.Linear(POSE_HIDDEN, config.components)
        )
        widths = (2, *config.widths)
        self.down = nn.ModuleList(_Stage(*pair, 2) for pair in pairwise(widths))
        self.tell = nn.Linear(config.components, 2 * config.widths[-1])
        # Back to quarter size only: what moves finer than that is noise, which a factor of 3 would tear.
        back = config.widths[:0:-1]
        self.up = nn.ModuleList(_Stage(a + b, b, 1) for a, b in pairwise(back))
        self.directions = nn.Conv2d(back[-1], 2 * config.components, 3, 1, 1)
        self.register_buffer("gain", torch.ones(()))
        self.gain: Tensor

    def coefficients(self, codes: Tensor) -> Tensor:
        """Turn posture codes (n, code) into coefficients (n, components); only their direction counts."""
        found: Tensor = self.pose(F.normalize(codes, dim=-1) * codes.shape[-1] ** 0.5)
        return found

    def basis(self, crops: Tensor, own: Tensor) -> Tensor:
        """Directions in which the pixels move.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Grey levels, 0 to 1.
        own : (n, components) tensor
            Coefficients of the frames' own postures.

        Returns
        -------
        (n, components, 2, y / 4, x / 4) tensor
            Pixels of the crop along x and y, for a coefficient of 1.
        """
        maps = torch.cat([crops, local_contrast(crops)], 1)
        passed = []
        for stage in self.down:
            maps = stage(maps)
            passed.append(maps)
        scale, shift = self.tell(own)[..., None, None].chunk(2, 1)
        maps = maps * (1 + scale) + shift
        for stage, before in zip(self.up, passed[-2:0:-1], strict=True):
            grown = F.interpolate(maps, size=before.shape[-2:], mode="bilinear", align_corners=False)
            maps = stage(torch.cat([grown, before], 1))
        rows, columns = maps.shape[-2:]
        found: Tensor = self.directions(maps).view(len(crops), -1, 2, rows, columns)
        return found

    def forward(self, crops: Tensor, own: Tensor, change: Tensor) -> Tensor:
        """Displacement of each pixel.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Grey levels, 0 to 1.
        own, change : (n, components) tensor
            Coefficients of the frames' own postures, and how those of the others differ from them.

        Returns
        -------
        (n, 2, y, x) tensor
            Pixels along x and y.
        """
        coarse = torch.einsum("nkcyx,nk->ncyx", self.basis(crops, own), self.gain * change)
        whole: Tensor = F.interpolate(coarse, size=crops.shape[-2:], mode="bicubic", align_corners=False)
        return whole
