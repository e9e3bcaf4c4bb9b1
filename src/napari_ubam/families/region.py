"""From the crop that a network sees back to the region of the frame."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.crops.cropper import layout
from napari_ubam.study import Roi

RIM = 0.04  # of a region's shorter side, over which what moves comes to rest at its border


def to_region(displacement: NDArray[np.float32], shape: tuple[int, int]) -> torch.Tensor:
    """Carry displacements from a crop over to the region that it was made of.

    Parameters
    ----------
    displacement : (2, y, x) float32 array
        Pixels of the crop.
    shape : tuple of int
        Height and width of the region.

    Returns
    -------
    (2, height, width) float tensor
        Pixels of the region; nothing moves at its border.
    """
    part = _without_bars(torch.from_numpy(displacement.copy()), shape)[None]
    inner = part.shape[2:]
    grown = torch.nn.functional.interpolate(part, size=shape, mode="bicubic", align_corners=False)[0]
    scale = torch.tensor([shape[1] / inner[1], shape[0] / inner[0]])[:, None, None]
    rim = max(RIM * min(shape), 1.0)
    rows, columns = (
        (torch.minimum(torch.arange(side), torch.arange(side).flip(0)) / rim).clamp(max=1) for side in shape
    )
    return grown * scale * rows[:, None] * columns[None, :]


def in_frame(displacement: NDArray[np.float32], roi: Roi, seen: Roi) -> torch.Tensor:
    """Give displacements in pixels of the region, of the part of it that lies in the frame."""
    return _seen_of(to_region(displacement, (roi.height, roi.width)), roi, seen)


def painted(frame: NDArray[np.uint8], picture: torch.Tensor, roi: Roi) -> NDArray[np.uint8]:
    """Put a painted crop into its region.

    Parameters
    ----------
    frame : (y, x, c) uint8 array
        One channel takes the mean of the colours.
    picture : (3, height, width) float tensor
        The whole crop, 0 to 1.
    roi : Roi
        Region that the crop was made of.

    Returns
    -------
    (y, x, c) uint8 array
        A copy.
    """
    seen = roi.clipped(*frame.shape[:2])
    if seen is None:
        return frame
    part = _without_bars(picture, (roi.height, roi.width))[None]
    grown = torch.nn.functional.interpolate(
        part, size=(roi.height, roi.width), mode="bilinear", align_corners=False, antialias=True
    )[0]
    colours = _seen_of(grown, roi, seen)
    if frame.shape[2] != 3:
        colours = colours.mean(0, keepdim=True)
    result = frame.copy()
    result[seen.slices] = (colours.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return result


def _without_bars(crop: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """Part of a letterboxed crop (c, y, x) that shows a region of a shape."""
    size = (crop.shape[1], crop.shape[2])
    inner, _ = layout(shape, size)
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    return crop[:, top : top + inner[0], left : left + inner[1]]


def _seen_of(whole: torch.Tensor, roi: Roi, seen: Roi) -> torch.Tensor:
    """Part of a region's pixels (c, height, width) that lies in the frame."""
    top, left = seen.y - roi.y, seen.x - roi.x
    return whole[:, top : top + seen.height, left : left + seen.width]
