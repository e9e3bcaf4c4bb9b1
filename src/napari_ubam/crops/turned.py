"""Crops of rectangles at exact places, also turned ones."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from napari_ubam.study import PlacedRoi

from .layout import layout


class Fit(NamedTuple):
    """How a rectangle lies in its letterboxed crop.

    Parameters
    ----------
    step : float
        Pixels of the frame for one pixel of the crop, along both axes.
    top, left, height, width : int
        Part of the crop that shows the rectangle; the rest are bars.
    """

    step: float
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def of(cls, roi: PlacedRoi, size: tuple[int, int]) -> Fit:
        """Fit a rectangle into a crop of ``size``, height and width in pixels."""
        shape = (roi.box_height, roi.box_width)
        (height, width), _ = layout(shape, size)
        step = max(old / new for old, new in zip(shape, size, strict=True))
        return cls(step, (size[0] - height) // 2, (size[1] - width) // 2, height, width)

    @property
    def middle(self) -> tuple[float, float]:
        """X and y of the middle of the rectangle in the crop, in pixels from its upper left corner."""
        return self.left + self.width / 2, self.top + self.height / 2


def sample(image: NDArray[np.uint8], roi: PlacedRoi, fit: Fit) -> NDArray[np.uint8]:
    """Scale a rectangle to the part of a crop that shows it.

    Bilinear interpolation at steps of at most one pixel of the image, then the mean over each pixel of the
    crop. So a shift by part of a pixel shifts the crop, and nothing is aliased.

    Parameters
    ----------
    image : ndarray of uint8, shape (y, x) or (y, x, 3)
        The frame, or a part of it.
    roi : PlacedRoi
        In pixels of ``image``. Outside of the image, its edge pixels are repeated.
    fit : Fit
        From `Fit.of`.

    Returns
    -------
    ndarray of uint8, shape (fit.height, fit.width) or (fit.height, fit.width, 3)
    """
    fine = max(ceil(fit.step - 1e-9), 1)
    around = ceil(2 * fit.step) + 1
    before = max(-roi.x, 0) + around, max(-roi.y, 0) + around
    after = (
        max(roi.x + roi.width - image.shape[1], 0) + around,
        max(roi.y + roi.height - image.shape[0], 0) + around,
    )
    edges = ((before[1], after[1]), (before[0], after[0]), (0, 0))[: image.ndim]
    source = Pictures.fromarray(np.pad(image, edges, mode="edge"))
    matrix = roi.turn * (fit.step / fine)
    corner = np.array([roi.centre_x, roi.centre_y]) + before - roi.turn @ _half(fit)
    data = (*matrix[0], corner[0], *matrix[1], corner[1])
    size = (fit.width * fine, fit.height * fine)
    found = source.transform(size, Pictures.Transform.AFFINE, data, Pictures.Resampling.BILINEAR)
    return np.asarray(found.reduce(fine) if fine > 1 else found)


def _half(fit: Fit) -> NDArray[np.float64]:
    return np.array([fit.width, fit.height]) / 2 * fit.step
