"""Losses that need no labels, as pure functions.

Codes come as ``(v, m, d)``: ``v`` recordings, ``m`` frames or windows of each, ``d`` numbers in the code.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def contrast(one: Tensor, other: Tensor, times: Tensor, near: float, temperature: float) -> Tensor:
    """Tell the frames of a recording apart, whatever their light and place.

    The other view of the same frame attracts, frames of the *same recording* repel, so that neither the
    individual nor the light can solve it (InfoNCE: van den Oord et al., arXiv 1807.03748, with negatives
    from the same video).

    Parameters
    ----------
    one, other : (v, m, d) tensor
        Codes of two views.
    times : (v, m) tensor
        Times of the frames, in any unit.
    near : float
        Frames that are at most this far apart in time do not repel, being nearly the same posture.
    temperature : float
        Of the softmax over cosines.

    Returns
    -------
    scalar tensor
    """
    one, other = F.normalize(one, dim=-1), F.normalize(other, dim=-1)
    cosines = one @ other.transpose(1, 2) / temperature
    same = torch.eye(one.shape[1], dtype=torch.bool, device=one.device)
    apart = (times[:, :, None] - times[:, None, :]).abs() > near
    cosines = cosines.masked_fill(~(apart | same), -1e4)
    right = torch.arange(one.shape[1], device=one.device).expand(one.shape[:2]).flatten()
    forth = F.cross_entropy(cosines.flatten(0, 1), right)
    back = F.cross_entropy(cosines.transpose(1, 2).flatten(0, 1), right)
    return (forth + back) / 2


def align(one: Tensor, other: Tensor, shift: int, temperature: float) -> Tensor:
    """Draw each frame to the most similar frame of another recording.

    As nearest neighbours attract in NNCLR (Dwibedi et al., ICCV 2021), but from another individual, and
    against the other frames of that individual.

    Parameters
    ----------
    one, other : (v, m, d) tensor
        Codes of two views.
    shift : int
        Recording ``i`` is compared with recording ``i - shift``; from 1 to v - 1.
    temperature : float
        Of the softmax over cosines.

    Returns
    -------
    scalar tensor
    """
    one, other = F.normalize(one, dim=-1), F.normalize(other, dim=-1).detach()
    cosines = one @ torch.roll(other, shift, 0).transpose(1, 2)
    return F.cross_entropy((cosines / temperature).flatten(0, 1), cosines.argmax(-1).flatten())


def centre(codes: Tensor) -> Tensor:
    """Keep the mean codes of recordings together; what differs between their means is mostly looks.

    Parameters
    ----------
    codes : (v, m, d) tensor

    Returns
    -------
    scalar tensor
        Mean squared distance of the recordings' mean unit codes from the mean of all.
    """
    means = F.normalize(codes, dim=-1).mean(1)
    return (means - means.mean(0)).square().sum(-1).mean()


def spread(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Keep the postures of recordings apart in every direction of the code, and no two directions alike.

    Variance and covariance of VICReg (Bardes et al., ICLR 2022), here *within* recordings, so that
    individuals and lights cannot fill the code.

    Parameters
    ----------
    codes : (v, m, d) tensor

    Returns
    -------
    variance : scalar tensor
        How much the standard deviations of the d numbers fall short of 1, on average.
    covariance : scalar tensor
        Squared covariances of different numbers: the sum over all, divided by d.
    """
    own = (codes - codes.mean(1, keepdim=True)).flatten(0, 1)
    deviation = (own.var(0) + 1e-4).sqrt()
    covariance = own.T @ own / max(len(own) - 1, 1)
    apart = covariance - torch.diag_embed(covariance.diagonal())
    return F.relu(1 - deviation).mean(), apart.square().sum() / codes.shape[-1]


def explained(drawn: Tensor, true: Tensor) -> Tensor:
    """Part of the variation that a reconstruction leaves unexplained.

    Parameters
    ----------
    drawn, true : (n, ...) tensor
        Deviations from what is expected anyway.

    Returns
    -------
    scalar tensor
        0 is perfect, 1 as good as no reconstruction.
    """
    return (drawn - true).square().mean() / true.square().mean().clamp_min(1e-8)
