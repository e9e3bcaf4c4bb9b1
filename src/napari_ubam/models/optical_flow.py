"""Optical flow from one picture to many, from a first guess."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .images import box_mean
from .splatting import sample_at

LEVELS = 4  # of the image pyramid
FINEST = 1  # level that the result has: half of the size
STEPS = 4  # at each level
REACH = 3  # pixels of a level, half of the width of the window
FLAT = 0.01  # added to the squared gradients, so that flat parts keep their guess
ROBUST = 0.5  # difference of normalised brightness from which a pixel counts less
LONGEST = 1.0  # pixels of a level that one step moves at most


def flow_to(one: Tensor, others: Tensor, guess: Tensor) -> Tensor:
    """Find where the content of a picture is in other pictures.

    Iterative least squares in a window on an image pyramid (Lucas & Kanade, IJCAI 1981; Bouguet, Intel 2000),
    smoothed after each step, with less weight for pixels that do not fit.

    Parameters
    ----------
    one : (1, 1, y, x) float tensor
        A picture with normalised contrast.
    others : (n, 1, y, x) float tensor
        The other pictures.
    guess : (n, 2, h, w) float tensor
        First guess of the displacement along x and y, in pixels of the pictures, on a grid of any size.

    Returns
    -------
    (n, 2, h, w) float tensor
        Displacement on the grid of the guess.
    """
    pyramid = [(one, others)]
    for _ in range(LEVELS - 1):
        first, second = (F.avg_pool2d(part, 2, ceil_mode=True) for part in pyramid[-1])
        pyramid.append((first, second))
    top = pyramid[-1][0].shape[-2:]
    flow = F.interpolate(guess, size=top, mode="area") / 2 ** (LEVELS - 1)
    for level in range(LEVELS - 1, FINEST - 1, -1):
        first, second = pyramid[level]
        if flow.shape[-2:] != first.shape[-2:]:
            flow = 2 * F.interpolate(flow, size=first.shape[-2:], mode="bilinear", align_corners=False)
        flow = _refined(first, second, flow)
    return F.interpolate(flow * 2**FINEST, size=guess.shape[-2:], mode="area")


def _refined(one: Tensor, others: Tensor, flow: Tensor) -> Tensor:
    """Improve a flow (n, 2, y, x) at one level of the pyramid."""
    across, down = _gradients(one)
    xx, xy, yy = (box_mean(product, REACH) for product in (across * across, across * down, down * down))
    xx, yy = xx + FLAT, yy + FLAT
    area = xx * yy - xy * xy
    for _ in range(STEPS):
        error = sample_at(others, flow) - one
        weighted = error / (1 + error.abs() / ROBUST)
        x, y = box_mean(across * weighted, REACH), box_mean(down * weighted, REACH)
        step = torch.cat([(xy * y - yy * x) / area, (xy * x - xx * y) / area], 1)
        flow = box_mean(flow + step.clamp(-LONGEST, LONGEST), 1)
    return flow


def _gradients(picture: Tensor) -> tuple[Tensor, Tensor]:
    wide = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    return (wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]) / 2, (wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]) / 2
