"""The magnifier: displacement of each pixel of a frame if the body had another posture."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import MagnifierConfig
from napari_ubam.models.images import box_mean
from napari_ubam.models.networks import MagnifierNetwork

NEIGHBOURHOOD = 15  # pixels, width of the box filter for local brightness and contrast
EPSILON = 0.08  # brightness; limits the amplification of flat regions
POSE_HIDDEN = 128
BORDER = 0.08  # of a side of the crop, within which the displacement falls to zero


def normalise_contrast(crops: Tensor) -> Tensor:
    """Remove local brightness and contrast.

    Parameters
    ----------
    crops : (n, 1, y, x) float tensor
        Brightness, 0 to 1.

    Returns
    -------
    (n, 1, y, x) float tensor
        Local mean 0, and local standard deviation of about 1 at most.
    """
    mean = _local_mean(crops)
    variance = (_local_mean(crops.square()) - mean.square()).clamp_min(0)
    return (crops - mean) / (variance.sqrt() + EPSILON)


def _local_mean(maps: Tensor) -> Tensor:
    return box_mean(box_mean(maps, NEIGHBOURHOOD // 2), NEIGHBOURHOOD // 2)


class _Stage(nn.Module):
    """Two convolutions; a stride of 2 halves height and width."""

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
        result: Tensor = self.layers(maps)
        return result


class Magnifier(MagnifierNetwork):
    r"""Displaces the pixels of a frame from its posture to another one.

    A posture code :math:`z` gives a few coefficients :math:`m(z)`. The frame gives as many directions
    :math:`b_k(p)` of motion for each pixel :math:`p`. The displacement from :math:`z` to :math:`z'` is

    .. math:: u(p) = \sum_k b_k(p) \, (m_k(z') - m_k(z))

    It is zero for equal postures, and proportional to the change of the coefficients. So a magnification
    factor that did not occur in the training has its true meaning. One ``gain``, fitted after the training,
    multiplies all displacements.

    Parameters
    ----------
    code : int
        Dimensions of a posture code.
    config : MagnifierConfig
        Sizes of the network.
    """

    def __init__(self, code: int, config: MagnifierConfig) -> None:
        # The names of the layers are those in saved weights.
        super().__init__()
        self.config = config
        self.pose = nn.Sequential(
            nn.Linear(code, POSE_HIDDEN), nn.ReLU(), nn.Linear(POSE_HIDDEN, config.components)
        )
        widths = (2, *config.widths)
        self.down = nn.ModuleList(_Stage(*pair, 2) for pair in pairwise(widths))
        self.tell = nn.Linear(config.components, 2 * config.widths[-1])
        # Only up to a quarter of the resolution: finer motion is noise, and a factor of 3 would tear it.
        back = config.widths[:0:-1]
        self.up = nn.ModuleList(_Stage(a + b, b, 1) for a, b in pairwise(back))
        self.directions = nn.Conv2d(back[-1], 2 * config.components, 3, 1, 1)
        self.register_buffer("gain", torch.ones(()))
        self.gain: Tensor

    def coefficients(self, codes: Tensor) -> Tensor:
        """Turn posture codes into coefficients.

        Parameters
        ----------
        codes : (n, code) float tensor
            Posture codes; only their direction counts.

        Returns
        -------
        (n, components) float tensor
        """
        coefficients: Tensor = self.pose(F.normalize(codes, dim=-1) * codes.shape[-1] ** 0.5)
        return coefficients

    def basis(self, crops: Tensor, own: Tensor) -> Tensor:
        """Directions of motion of each pixel.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Brightness, 0 to 1.
        own : (n, components) tensor
            Coefficients of the postures in the crops.

        Returns
        -------
        (n, components, 2, y / 4, x / 4) tensor
            Displacement along x and y in pixels of the crop, for a coefficient of 1.
        """
        maps = torch.cat([crops, normalise_contrast(crops)], 1)
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
        directions: Tensor = self.directions(maps).view(len(crops), -1, 2, rows, columns)
        return directions

    def forward(self, crops: Tensor, own: Tensor, change: Tensor) -> Tensor:
        """Displacement of each pixel.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Brightness, 0 to 1.
        own, change : (n, components) tensor
            Coefficients of the postures in the crops, and their change to the other postures.

        Returns
        -------
        (n, 2, y, x) tensor
            Displacement along x and y in pixels of the crop. It falls to zero at the border, so that what
            continues outside of the region, such as a tail, does not break there.
        """
        coarse = torch.einsum("nkcyx,nk->ncyx", self.basis(crops, own), self.gain * change)
        return self.to_crop(coarse, crops.shape[-2:])

    def to_crop(self, coarse: Tensor, size: tuple[int, ...]) -> Tensor:
        """Bring displacements to the size of the crop, and let them fall to zero at its border.

        Parameters
        ----------
        coarse : (n, 2, y / 4, x / 4) tensor
            Displacement along x and y in pixels of the crop.
        size : tuple of int
            Height and width of the crop in pixels.

        Returns
        -------
        (n, 2, y, x) tensor
        """
        whole = F.interpolate(coarse, size=size, mode="bicubic", align_corners=False)
        rows, columns = (_fade(side, whole) for side in size)
        return whole * rows[:, None] * columns


def _fade(side: int, like: Tensor) -> Tensor:
    """Rise smoothly from 0 at both ends of a side to 1, (side,)."""
    place = torch.arange(side, device=like.device, dtype=like.dtype) + 0.5
    share = (torch.minimum(place, side - place) / (BORDER * side)).clamp(max=1)
    return share.square() * (3 - 2 * share)
