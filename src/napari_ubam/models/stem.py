"""Fixed first layer: maps of oriented gradients, nearly independent of light, contrast and colour."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class OrientedGradients(nn.Module):
    r"""Strength and orientation of edges, normalised by the local contrast.

    Nothing here is learned. An edge of strength :math:`m` and direction :math:`\theta` adds
    :math:`m (1, \cos 2\theta, \sin 2\theta, \cos 4\theta, \sin 4\theta, \dots)` to its cell: the Fourier
    coefficients of a histogram of oriented gradients (Dalal & Triggs, CVPR 2005) with smooth, overlapping
    bins. The sign of an edge does not count, so a dark animal on a bright ground and a bright animal on a
    dark ground give the same maps. The same holds for any change of light that is smooth over some pixels.

    Parameters
    ----------
    stride : int
        Pixels of the crop for one cell of the maps, along each axis.
    harmonics : int
        Harmonics of the orientation. 2 harmonics are as fine as a histogram of eight bins.
    contrast_cells : int
        Width in cells of the neighbourhood in which contrast is measured; odd.
    """

    def __init__(self, stride: int = 4, harmonics: int = 2, contrast_cells: int = 5) -> None:
        super().__init__()
        self.stride, self.harmonics, self.contrast_cells = stride, harmonics, contrast_cells

    @property
    def channels(self) -> int:
        """Number of maps."""
        return 1 + 2 * self.harmonics

    @torch.no_grad()
    def forward(self, luma: Tensor) -> Tensor:
        """Compute the maps of images, without gradients.

        Parameters
        ----------
        luma : (n, 1, y, x) float tensor
            Brightness, 0 to 1.

        Returns
        -------
        (n, channels, y / stride, x / stride) float tensor
        """
        # Several times as fast as one large batch, since small batches stay in the cache of the CPU.
        cells = torch.cat([self._cells(piece) for piece in torch.split(luma, 16)])
        margin = self.contrast_cells // 2
        around = F.avg_pool2d(cells[:, :1], self.contrast_cells, 1, margin, count_include_pad=False)
        return cells / (around + 0.01)

    def _cells(self, luma: Tensor) -> Tensor:
        across, down = _derivatives(luma)
        squared = across.square() + down.square() + 1e-8
        strength = squared.sqrt()
        # cos and sin of twice the angle, from those of the angle itself
        cosine, sine = (across + down) * (across - down) / squared, 2 * across * down / squared
        maps, c, s = [strength], cosine, sine
        for order in range(self.harmonics):
            maps += [strength * c, strength * s]
            if order + 1 < self.harmonics:
                c, s = c * cosine - s * sine, s * cosine + c * sine
        return torch.cat([F.avg_pool2d(one, self.stride) for one in maps], 1)


def _derivatives(luma: Tensor) -> tuple[Tensor, Tensor]:
    """Return derivatives of (n, 1, y, x) images along x and y, smoothed; a ramp of 1 a pixel gives 1."""
    padded = F.pad(luma, (2, 2, 2, 2), mode="replicate")
    blurred = _binomial(padded, 2), _binomial(padded, 3)
    return _slope(blurred[0], 3), _slope(blurred[1], 2)


def _binomial(images: Tensor, axis: int) -> Tensor:
    """Smooth along an axis with (1, 4, 6, 4, 1) / 16; the axis gets shorter by 4."""
    a, b, c, d, e = (images.narrow(axis, k, images.shape[axis] - 4) for k in range(5))
    return (a + e) / 16 + (b + d) / 4 + c * 0.375


def _slope(images: Tensor, axis: int) -> Tensor:
    """Differentiate along an axis with (-1, -2, 0, 2, 1) / 8; the axis gets shorter by 4."""
    a, b, _, d, e = (images.narrow(axis, k, images.shape[axis] - 4) for k in range(5))
    return (e - a) / 8 + (d - b) / 4
