"""Displaces the pixels of an image (splatting); pixels that move further are in front."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

COVERED = 0.3  # of a pixel; with less, it is a gap
FRONT = 1.5  # weight of the pixel that moves further: log-weight per pixel of difference
UPSAMPLING = 2
INCONSISTENT = 2.0  # pixels of difference between forward and backward displacement, plus a quarter of it
FURTHEST = 20.0  # pixels; larger displacements are equally in front


def splat(image: Tensor, displacement: Tensor) -> Tensor:
    """Displace every pixel of images.

    The displacement field is splatted to where it leads, with bilinear weights. Where several displacements
    meet, the larger one wins: what deviates is mostly in front, and the background does not move (softmax
    splatting, Niklaus & Liu, CVPR 2020, with the size of the motion as importance). Every pixel is then
    sampled from where it came from, so that nothing tears and pixels that do not move stay unchanged. Gaps
    behind moved pixels are filled from the neighbouring pixels that moved least.

    Parameters
    ----------
    image : (n, c, y, x) float tensor
        Images.
    displacement : (n, 2, y, x) float tensor
        Displacement along x and y in pixels.

    Returns
    -------
    (n, c, y, x) float tensor
        Identical to the image where nothing moves.
    """
    if not displacement.any():
        return image
    arrived = _splat_field(displacement)
    moved = sample_at(image, -arrived)
    # In a gap, the pixel that would be sampled has itself moved elsewhere.
    error = (sample_at(displacement, -arrived) - arrived).square().sum(1, keepdim=True).sqrt()
    size = arrived.square().sum(1, keepdim=True).sqrt()
    known = (error < INCONSISTENT + size / 4).to(image)
    if known.all():
        return moved
    return torch.where(known > 0, moved, _fill_gaps(moved, known * torch.exp(-size)))


def _splat_field(displacement: Tensor) -> Tensor:
    """Displacement of the content of each pixel after the move, (n, 2, y, x)."""
    rows, columns = displacement.shape[-2:]
    # Upsampled, so that a part that stretches to twice its size has no holes.
    fine = F.interpolate(displacement, scale_factor=UPSAMPLING, mode="bilinear", align_corners=False)
    size = fine.square().sum(1, keepdim=True).sqrt()
    weight = torch.exp(FRONT * size.clamp_max(FURTHEST))
    share = torch.full_like(weight, 1 / UPSAMPLING**2)
    values = torch.cat([fine * weight, weight, torch.ones_like(weight)], 1) * share
    sums = _accumulate(values, fine, rows, columns)
    total, cover = sums[:, 2:3], sums[:, 3:]
    field = sums[:, :2] / total.clamp_min(1e-6)
    known = (cover >= COVERED).to(field)
    size = (total / cover.clamp_min(1e-6)).clamp_min(1.0).log() / FRONT
    return torch.where(known > 0, field, _fill_gaps(field, known * torch.exp(-size)))


def sample_at(image: Tensor, displacement: Tensor) -> Tensor:
    """Sample images at displaced positions, with bilinear interpolation.

    Parameters
    ----------
    image : (n, c, y, x) float tensor
        Images.
    displacement : (n, 2, y, x) float tensor
        Displacement of the sampled position along x and y in pixels.

    Returns
    -------
    (n, c, y, x) float tensor
        Border values are repeated outside.
    """
    rows, columns = image.shape[-2:]
    y, x = _grid(rows, columns, displacement)
    across = (x + displacement[:, 0]) * (2 / max(columns - 1, 1)) - 1
    down = (y + displacement[:, 1]) * (2 / max(rows - 1, 1)) - 1
    # Clamped rather than padded: older releases of torch lack border padding on Apple's GPUs.
    places = torch.stack([across, down], -1).clamp(-1, 1)
    sampled = F.grid_sample(image, places, align_corners=True)
    # Rounding must not blur pixels that do not move.
    still = (displacement == 0).all(1, keepdim=True)
    return torch.where(still, image, sampled)


def _grid(rows: int, columns: int, like: Tensor) -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(
        torch.arange(rows, device=like.device, dtype=like.dtype),
        torch.arange(columns, device=like.device, dtype=like.dtype),
        indexing="ij",
    )
    return y, x


def _accumulate(values: Tensor, displacement: Tensor, rows: int, columns: int) -> Tensor:
    """Sum values of the upsampled grid at the pixels to which they move; values outside are dropped."""
    count, channels = values.shape[:2]
    y, x = (((one + 0.5) / UPSAMPLING - 0.5) for one in _grid(values.shape[2], values.shape[3], values))
    across, down = x + displacement[:, 0], y + displacement[:, 1]
    left, top = across.floor(), down.floor()
    result = values.new_zeros(count, channels, rows * columns)
    for right, below in ((0, 0), (0, 1), (1, 0), (1, 1)):
        column, row = left + right, top + below
        share = (1 - (across - column).abs()) * (1 - (down - row).abs())
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        place = (row.clamp(0, rows - 1) * columns + column.clamp(0, columns - 1)).long().flatten(1)
        part = (values * (share * inside)[:, None]).flatten(2)
        result.scatter_add_(2, place[:, None].expand_as(part), part)
    return result.view(count, channels, rows, columns)


def _fill_gaps(maps: Tensor, weight: Tensor) -> Tensor:
    """Fill gaps from known pixels: near ones first, and distant ones in large gaps."""
    levels = [(maps * weight, weight)]
    while min(levels[-1][1].shape[-2:]) > 1:
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    values, weights = levels[-1]
    whole = values / weights.clamp_min(1e-12)
    for values, weights in reversed(levels[:-1]):
        grown = F.interpolate(whole, size=weights.shape[-2:], mode="bilinear", align_corners=False)
        # A weight of one thousandth counts as much as all pixels further away.
        whole = (values + 1e-3 * grown) / (weights + 1e-3)
    return whole


def _halved(maps: Tensor) -> Tensor:
    return F.avg_pool2d(maps, 2, ceil_mode=True)
