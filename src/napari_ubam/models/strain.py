"""Keeps a displacement from tearing or folding the picture that it moves."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LIMIT = 0.8  # pixels that neighbours may be moved apart; from 1 on, what is moved together folds
SIGMA = 2.0  # pixels over which a place that is strained too much is smoothed
ROUNDS = 60
ENOUGH = 0.02  # share over the limit at which no further round is needed


def strain(field: Tensor) -> Tensor:
    """Norm of a displacement's gradient.

    Parameters
    ----------
    field : (2, y, x) tensor
        Pixels along x and y.

    Returns
    -------
    (y, x) tensor
        0 where the picture moves as a whole; 1 where neighbours are moved a pixel apart or together.
    """
    along_y, along_x = torch.gradient(field, dim=(1, 2))
    return (along_y.square() + along_x.square()).sum(0).sqrt()


def limit_strain(field: Tensor, limit: float = LIMIT) -> Tensor:
    """Smooth a displacement where it would tear or fold the picture, and only there.

    An extrapolated displacement grows with the factor, while a limb that turns stays as long as it is. Places
    over the limit are smoothed, with a soft rim, until none is left: what moves too far is held back by what
    lies around it.

    Parameters
    ----------
    field : (2, y, x) tensor
        Pixels along x and y.
    limit : float
        Strain up to which nothing is changed.

    Returns
    -------
    (2, y, x) tensor
        The same tensor where nothing is over the limit.
    """
    for _ in range(ROUNDS):
        over = (strain(field) / limit - 1).clamp(0, 1)
        if float(over.max()) <= ENOUGH:
            break
        weight = (2 * _smooth((3 * over).clamp(max=1)[None])).clamp(max=1)
        field = field + weight * (_smooth(field) - field)
    return field


def _smooth(maps: Tensor) -> Tensor:
    """Smooth maps (c, y, x) by a Gaussian; the rim is carried on outside."""
    reach = round(3 * SIGMA)
    steps = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (steps / SIGMA).square())
    kernel = kernel / kernel.sum()
    padded = functional.pad(maps[:, None], (reach, reach, reach, reach), mode="replicate")
    down = functional.conv2d(padded, kernel.view(1, 1, -1, 1))
    return functional.conv2d(down, kernel.view(1, 1, 1, -1))[:, 0]
