"""Losses that need no labels, as pure functions.

Codes have the shape ``(v, m, d)``: ``v`` recordings, ``m`` frames or windows of each, ``d`` dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def contrast(one: Tensor, other: Tensor, times: Tensor, near: float, temperature: float) -> Tensor:
    """Contrastive loss within recordings.

    The two views of a frame attract, and frames of the *same recording* repel, so that neither the identity
    of the subject nor the light helps (InfoNCE, van den Oord et al., arXiv 1807.03748, with negatives from
    the same video).

    Parameters
    ----------
    one, other : (v, m, d) tensor
        Codes of two augmented views.
    times : (v, m) tensor
        Times of the frames, in any unit.
    near : float
        Frames that are at most this far apart in time do not repel.
    temperature : float
        Temperature of the softmax over cosines.

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
    """Attract each frame to the most similar frame of another recording.

    Nearest neighbours attract as in NNCLR (Dwibedi et al., ICCV 2021), but they come from another recording,
    and the other frames of that recording are the negatives.

    Parameters
    ----------
    one, other : (v, m, d) tensor
        Codes of two augmented views.
    shift : int
        Recording ``i`` is compared with recording ``i - shift``; from 1 to v - 1.
    temperature : float
        Temperature of the softmax over cosines.

    Returns
    -------
    scalar tensor
    """
    one, other = F.normalize(one, dim=-1), F.normalize(other, dim=-1).detach()
    cosines = one @ torch.roll(other, shift, 0).transpose(1, 2)
    return F.cross_entropy((cosines / temperature).flatten(0, 1), cosines.argmax(-1).flatten())


def centre(codes: Tensor) -> Tensor:
    """Bring the mean codes of recordings together, since they differ mostly in appearance.

    Parameters
    ----------
    codes : (v, m, d) tensor
        Codes of any length.

    Returns
    -------
    scalar tensor
        Mean squared distance of the recordings' mean unit codes from the mean of all.
    """
    means = F.normalize(codes, dim=-1).mean(1)
    return (means - means.mean(0)).square().sum(-1).mean()


def variance_covariance(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Spread the codes over all dimensions, and decorrelate the dimensions.

    Variance and covariance terms of VICReg (Bardes et al., ICLR 2022), here *within* recordings, so that
    differences between subjects and lights do not count.

    Parameters
    ----------
    codes : (v, m, d) tensor
        Codes of any length.

    Returns
    -------
    variance : scalar tensor
        Mean shortfall of the standard deviations below 1.
    covariance : scalar tensor
        Sum of the squared covariances between dimensions, divided by d.
    """
    own = (codes - codes.mean(1, keepdim=True)).flatten(0, 1)
    deviation = (own.var(0) + 1e-4).sqrt()
    covariance = own.T @ own / max(len(own) - 1, 1)
    apart = covariance - torch.diag_embed(covariance.diagonal())
    return F.relu(1 - deviation).mean(), apart.square().sum() / codes.shape[-1]


def unexplained_variance(reconstructed: Tensor, true: Tensor) -> Tensor:
    """Share of the variance that a reconstruction does not explain.

    Parameters
    ----------
    reconstructed, true : (n, ...) tensor
        Deviations from the mean.

    Returns
    -------
    scalar tensor
        0 for a perfect reconstruction, 1 for none.
    """
    return (reconstructed - true).square().mean() / true.square().mean().clamp_min(1e-8)
