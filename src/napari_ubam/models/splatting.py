"""Moves the pixels of an image to where they belong, those in front over those behind."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SEEN = 0.3  # of a pixel that must be covered, or it counts as a gap
HARDNESS = 1.5  # how surely the pixel that moves further is in front, a pixel of difference
FINER = 2  # times
ASTRAY = 2.0  # pixels by which a pixel's way there and back may differ, besides a quarter of it
FURTHEST = 20.0  # pixels; those that move further than this are equally in front


def splat(image: Tensor, displacement: Tensor) -> Tensor:
    """Move every pixel by its displacement.

    The displacements themselves are laid down where they lead, with bilinear weights. Where several meet,
    the larger wins, since what deviates is in front more often than not, and what is behind it does not move
    (softmax splatting: Niklaus & Liu, CVPR 2020, with the motion's size as importance). Then every pixel is
    read from where it came from, so that nothing tears and what did not move stays as it is. What comes to
    light behind something that moved away is filled with what is beside it and moved least.

    Parameters
    ----------
    image : (n, c, y, x) float tensor
    displacement : (n, 2, y, x) float tensor
        Pixels along x and y.

    Returns
    -------
    (n, c, y, x) float tensor
        Exactly the image where nothing moves.
    """
    if not displacement.any():
        return image
    landed = _landed(displacement)
    found = sample_at(image, -landed)
    # Where nothing arrived, what would be read has itself moved elsewhere.
    astray = (sample_at(displacement, -landed) - landed).square().sum(1, keepdim=True).sqrt()
    size = landed.square().sum(1, keepdim=True).sqrt()
    known = (astray < ASTRAY + size / 4).to(image)
    if known.all():
        return found
    return torch.where(known > 0, found, _filled(found, known * torch.exp(-size)))


def _landed(displacement: Tensor) -> Tensor:
    """Displacement of what is at a pixel after the move, (n, 2, y, x)."""
    rows, columns = displacement.shape[-2:]
    # Twice as fine, so that what stretches to twice its size has no holes.
    fine = F.interpolate(displacement, scale_factor=FINER, mode="bilinear", align_corners=False)
    size = fine.square().sum(1, keepdim=True).sqrt()
    weight = torch.exp(HARDNESS * size.clamp_max(FURTHEST))
    share = torch.full_like(weight, 1 / FINER**2)
    laid = _laid(torch.cat([fine * weight, weight, torch.ones_like(weight)], 1) * share, fine, rows, columns)
    total, cover = laid[:, 2:3], laid[:, 3:]
    found = laid[:, :2] / total.clamp_min(1e-6)
    known = (cover >= SEEN).to(found)
    went = (total / cover.clamp_min(1e-6)).clamp_min(1.0).log() / HARDNESS
    return torch.where(known > 0, found, _filled(found, known * torch.exp(-went)))


def sample_at(image: Tensor, displacement: Tensor) -> Tensor:
    """Read an image (n, c, y, x) at every pixel plus its displacement (n, 2, y, x), bilinearly."""
    rows, columns = image.shape[-2:]
    y, x = _grid(rows, columns, displacement)
    across = (x + displacement[:, 0]) * (2 / max(columns - 1, 1)) - 1
    down = (y + displacement[:, 1]) * (2 / max(rows - 1, 1)) - 1
    # Clamped rather than padded: Apple's GPUs know no border in older releases of torch.
    places = torch.stack([across, down], -1).clamp(-1, 1)
    read = F.grid_sample(image, places, align_corners=True)
    # Rounding must not blur what stays where it is.
    still = (displacement == 0).all(1, keepdim=True)
    return torch.where(still, image, read)


def _grid(rows: int, columns: int, like: Tensor) -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(
        torch.arange(rows, device=like.device, dtype=like.dtype),
        torch.arange(columns, device=like.device, dtype=like.dtype),
        indexing="ij",
    )
    return y, x


def _laid(values: Tensor, displacement: Tensor, rows: int, columns: int) -> Tensor:
    """Add up values of a finer grid at the pixels that they move to; what leaves the image is lost."""
    count, channels = values.shape[:2]
    y, x = (((one + 0.5) / FINER - 0.5) for one in _grid(values.shape[2], values.shape[3], values))
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


def _filled(maps: Tensor, weight: Tensor) -> Tensor:
    """Spread what is known over the rest, from near and, where nothing is near, from afar."""
    levels = [(maps * weight, weight)]
    while min(levels[-1][1].shape[-2:]) > 1:
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    values, weights = levels[-1]
    whole = values / weights.clamp_min(1e-12)
    for values, weights in reversed(levels[:-1]):
        grown = F.interpolate(whole, size=weights.shape[-2:], mode="bilinear", align_corners=False)
        # A thousandth of a pixel counts as much as all that is further away.
        whole = (values + 1e-3 * grown) / (weights + 1e-3)
    return whole


def _halved(maps: Tensor) -> Tensor:
    return F.avg_pool2d(maps, 2, ceil_mode=True)
