"""Limits the strain of a displacement field, so that it neither tears nor folds the image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LIMIT = 0.8  # change of displacement between neighbouring pixels; from 1 on, the image folds
SIGMA = 2.0  # pixels, standard deviation of the smoothing
ROUNDS = 60  # of smoothing, at most
TOLERANCE = 0.02  # relative excess over the limit that needs no further round


def strain(field: Tensor) -> Tensor:
    """Norm of the gradient of a displacement field.

    Parameters
    ----------
    field : (2, y, x) tensor
        Displacement along x and y in pixels.

    Returns
    -------
    (y, x) tensor
        0 where the image moves as a whole; 1 where the displacement changes by one pixel per pixel.
    """
    along_y, along_x = torch.gradient(field, dim=(1, 2))
    return (along_y.square() + along_x.square()).sum(0).sqrt()


def limit_strain(field: Tensor, limit: float = LIMIT) -> Tensor:
    """Smooth a displacement field where it would tear or fold the image, and only there.

    An extrapolated displacement grows with the magnification factor, but a limb that turns does not get
    longer. Places above the limit, with a soft margin, are smoothed until none is left.

    Parameters
    ----------
    field : (2, y, x) tensor
        Displacement along x and y in pixels.
    limit : float
        Largest strain that is left unchanged.

    Returns
    -------
    (2, y, x) tensor
        The same tensor if the strain is nowhere above the limit.
    """
    for _ in range(ROUNDS):
        over = (strain(field) / limit - 1).clamp(0, 1)
        if float(over.max()) <= TOLERANCE:
            break
        weight = (2 * _smooth((3 * over).clamp(max=1)[None])).clamp(max=1)
        field = field + weight * (_smooth(field) - field)
    return field


def _smooth(maps: Tensor) -> Tensor:
    """Smooth maps (c, y, x) with a Gaussian; border values are repeated outside."""
    reach = round(3 * SIGMA)
    steps = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (steps / SIGMA).square())
    kernel = kernel / kernel.sum()
    padded = functional.pad(maps[:, None], (reach, reach, reach, reach), mode="replicate")
    down = functional.conv2d(padded, kernel.view(1, 1, -1, 1))
    return functional.conv2d(down, kernel.view(1, 1, 1, -1))[:, 0]
