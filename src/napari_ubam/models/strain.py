"""Limits the strain of a displacement field, so that it neither tears nor folds the image."""

from __future__ import annotations

import torch
from torch import Tensor

from .images import gaussian

LIMIT = 0.8  # change of displacement between neighbouring pixels; from 1 on, the image folds
SIGMA, REACH = 2.0, 6  # pixels, standard deviation of the smoothing and half of its width
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
        weight = (2 * gaussian((3 * over).clamp(max=1)[None], SIGMA, REACH)).clamp(max=1)
        field = field + weight * (gaussian(field, SIGMA, REACH) - field)
    return field
