"""From the crop of a network back to the region of the frame."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.crops.layout import layout
from napari_ubam.crops.turned import Fit
from napari_ubam.study import PlacedRoi, Roi

MARGIN = 0.04  # of the shorter side of a region, over which a displacement falls to zero


def to_region(displacement: NDArray[np.float32], shape: tuple[int, int]) -> torch.Tensor:
    """Scale a displacement field from a crop to its region.

    Parameters
    ----------
    displacement : (2, y, x) float32 array
        Displacement along x and y in pixels of the crop.
    shape : tuple of int
        Height and width of the region in pixels.

    Returns
    -------
    (2, height, width) float tensor
        Displacement in pixels of the region; zero at its border.
    """
    part = _without_bars(torch.from_numpy(displacement.copy()), shape)[None]
    inner = part.shape[2:]
    scaled = torch.nn.functional.interpolate(part, size=shape, mode="bicubic", align_corners=False)[0]
    scale = torch.tensor([shape[1] / inner[1], shape[0] / inner[0]])[:, None, None]
    margin = max(MARGIN * min(shape), 1.0)
    rows, columns = (
        (torch.minimum(torch.arange(side), torch.arange(side).flip(0)) / margin).clamp(max=1)
        for side in shape
    )
    return scaled * scale * rows[:, None] * columns[None, :]


def in_frame(displacement: NDArray[np.float32], roi: Roi, visible: Roi) -> torch.Tensor:
    """Scale a displacement field from a crop to the part of its region inside the frame.

    Parameters
    ----------
    displacement : (2, y, x) float32 array
        Displacement along x and y in pixels of the crop.
    roi : Roi
        Region of the crop.
    visible : Roi
        Part of the region inside the frame.

    Returns
    -------
    (2, height, width) float tensor
        Displacement in pixels of the frame.
    """
    if isinstance(roi, PlacedRoi):
        return _turned_in_frame(displacement, roi, visible)
    return _visible_part(to_region(displacement, (roi.height, roi.width)), roi, visible)


def with_region(frame: NDArray[np.uint8], crop: torch.Tensor, roi: Roi) -> NDArray[np.uint8]:
    """Replace the region of a frame by a generated crop.

    Parameters
    ----------
    frame : (y, x, c) uint8 array
        The original frame. With one channel, it gets the mean of the colours.
    crop : (3, height, width) float tensor
        The generated crop, RGB, 0 to 1.
    roi : Roi
        Region of the crop.

    Returns
    -------
    (y, x, c) uint8 array
        A copy, or the frame itself if the region is outside.
    """
    visible = roi.clipped(*frame.shape[:2])
    if visible is None:
        return frame
    inside = torch.ones(visible.height, visible.width, dtype=torch.bool)
    if isinstance(roi, PlacedRoi):
        points = _points(roi, visible)
        colours = _at(crop, points, roi, "bilinear")
        inside = _to_edge(points, roi) >= 0
    else:
        part = _without_bars(crop, (roi.height, roi.width))[None]
        scaled = torch.nn.functional.interpolate(
            part, size=(roi.height, roi.width), mode="bilinear", align_corners=False, antialias=True
        )[0]
        colours = _visible_part(scaled, roi, visible)
    if frame.shape[2] != 3:
        colours = colours.mean(0, keepdim=True)
    result = frame.copy()
    painted = (colours.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    result[visible.slices][inside.numpy()] = painted[inside.numpy()]
    return result


def _turned_in_frame(displacement: NDArray[np.float32], roi: PlacedRoi, visible: Roi) -> torch.Tensor:
    """Scale and turn a displacement field from a crop to the part (2, height, width) inside the frame."""
    points = _points(roi, visible)
    step = Fit.of(roi, (displacement.shape[1], displacement.shape[2])).step
    found = _at(torch.from_numpy(displacement.copy()), points, roi, "bicubic")
    margin = max(MARGIN * min(roi.box_height, roi.box_width), 1.0)
    found = found * step * ((_to_edge(points, roi) - 0.5) / margin).clamp(0, 1)
    return torch.einsum("ij,jyx->iyx", torch.from_numpy(roi.turn).float(), found)


def _points(roi: PlacedRoi, visible: Roi) -> torch.Tensor:
    """Where the pixels of a part of the frame are in a rectangle: (height, width, 2), from its middle."""
    x, y = np.arange(visible.width) + visible.x + 0.5, np.arange(visible.height) + visible.y + 0.5
    return torch.from_numpy(roi.to_box(np.stack(np.meshgrid(x, y), axis=-1)))


def _to_edge(points: torch.Tensor, roi: PlacedRoi) -> torch.Tensor:
    """Distance (height, width) of points to the edge of a rectangle in pixels, negative outside."""
    half = torch.tensor([roi.box_width, roi.box_height]) / 2
    return (half - points.abs()).amin(dim=-1).float()


def _at(crop: torch.Tensor, points: torch.Tensor, roi: PlacedRoi, mode: str) -> torch.Tensor:
    """Values (c, height, width) of a crop (c, y, x) at points of its rectangle."""
    size = (crop.shape[1], crop.shape[2])
    fit = Fit.of(roi, size)
    grid = (points / fit.step + torch.tensor(fit.middle)) / torch.tensor(size).flip(0) * 2 - 1
    found: torch.Tensor = torch.nn.functional.grid_sample(
        crop[None].double(), grid[None], mode=mode, padding_mode="border", align_corners=False
    )[0]
    return found.float()


def _without_bars(crop: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """Part of a letterboxed crop (c, y, x) that shows a region of a shape."""
    size = (crop.shape[1], crop.shape[2])
    inner, _ = layout(shape, size)
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    return crop[:, top : top + inner[0], left : left + inner[1]]


def _visible_part(whole: torch.Tensor, roi: Roi, visible: Roi) -> torch.Tensor:
    """Part of the pixels of a region (c, height, width) inside the frame."""
    top, left = visible.y - roi.y, visible.x - roi.x
    return whole[:, top : top + visible.height, left : left + visible.width]
