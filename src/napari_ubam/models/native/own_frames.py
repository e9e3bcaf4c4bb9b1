"""Corrects the displacement of a frame by the motion between frames of the same recording."""

from __future__ import annotations

import torch
from torch import Tensor

from napari_ubam.models.images import gaussian
from napari_ubam.models.optical_flow import flow_to
from napari_ubam.models.own_frames import OwnFrames

from .magnifier import Magnifier, normalise_contrast

COUNT = 32  # frames that a frame is compared with
FEWEST = 12  # frames without which the network is not corrected
PRIOR = 8.0  # frames of usual difference that the directions of the network count as much as
LEAST_NOISE = 0.02  # pixels squared, of a flow
DOUBT = 2.0  # times its variance, that a displacement is shrunk by


def displacement_by_own_frames(
    magnifier: Magnifier, crop: Tensor, own: Tensor, change: Tensor, frames: OwnFrames
) -> Tensor:
    r"""Displacement of each pixel, corrected by the optical flow to other frames of the recording.

    The network knows how pixels move when the coefficients change, from all recordings of the training. Here
    this is fitted to the individual and to the view of one frame. :math:`x_i` is the difference in
    coefficients to frame i of the recording, and :math:`d_i(p)` the optical flow to it, with the network's
    displacement as its first guess. For each pixel, ridge regression of what the network misses,
    :math:`d_i(p) - b(p) x_i`, on :math:`x_i` corrects the directions b(p) (Hoerl & Kennard, Technometrics 12,
    1970). Frames near the wanted posture count more. Whatever moves independently of posture, such as a belt,
    has a large standard error. Each displacement u is shrunk by its variance :math:`s^2`, to
    :math:`\max(0, 1 - 2 s^2 / |u|^2) u` (James & Stein, 4th Berkeley Symposium, 1961).

    Parameters
    ----------
    magnifier : Magnifier
        Trained magnifier.
    crop : (1, 1, y, x) float tensor
        Brightness, 0 to 1.
    own, change : (1, components) float tensor
        Coefficients of the posture in the crop, and their change to the other posture.
    frames : OwnFrames
        The frames that are nearest to this one, see `OwnFrames.nearest`.

    Returns
    -------
    (1, 2, y, x) float tensor
        Displacement along x and y in pixels of the crop.
    """
    if len(frames.numbers) < FEWEST:
        displacement: Tensor = magnifier(crop, own, change)
        return displacement
    directions = magnifier.gain * magnifier.basis(crop, own)[0]
    offsets = frames.coefficients - own
    guess = torch.einsum("kcyx,nk->ncyx", directions, offsets)
    missed = flow_to(normalise_contrast(crop), normalise_contrast(frames.crops), guess) - guess
    weights, projection = _regression(offsets, change[0])
    wanted = projection @ change[0]
    found = torch.einsum("kcyx,k->cyx", directions, change[0]) + torch.einsum(
        "n,ncyx->cyx", weights * (offsets @ wanted), missed
    )
    left = missed - torch.einsum(
        "nm,mcyx->ncyx", offsets @ projection @ (weights[:, None] * offsets).T, missed
    )
    noise = torch.einsum("n,ncyx->yx", weights, left.square()) / weights.sum() + LEAST_NOISE
    variance, size = gaussian(
        torch.stack([noise * (change[0] @ wanted), found.square().sum(0)]), sigma=1.0, reach=2
    )
    kept = (1 - DOUBT * variance / size.clamp_min(1e-6)).clamp_min(0)
    return magnifier.to_crop((kept * found)[None], crop.shape[-2:])


def _regression(offsets: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (n,) of frames by distance from the change, and the inverse (k, k) of ridge regression."""
    distance = (offsets - change).square().sum(1)
    weights = (-distance / distance.sort().values[len(distance) // 4].clamp_min(1e-12)).exp()
    usual = offsets.square().mean().clamp_min(1e-12)
    gram = (weights[:, None] * offsets).T @ offsets
    return weights, torch.linalg.inv(gram + PRIOR * usual * torch.eye(len(gram)).to(gram))
