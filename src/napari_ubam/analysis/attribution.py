"""Where a frame deviates: the difference from the reference image, and arrows of the displacement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import gaussian_filter

from .errors import DeviationError

Floats = npt.NDArray[np.floating[Any]]

SMOOTH = 2.0  # pixels
MIN_LENGTH, MIN_AREA = 1.0, 25  # of a displacement and of a region, in pixels
ARROWS = dict.fromkeys(("y", "x", "dy", "dx", "length"), "float64") | {"area": "int64"}


def difference_map(
    frame: npt.NDArray[np.uint8], reference: npt.NDArray[np.uint8], smooth: float = SMOOTH
) -> npt.NDArray[np.float32]:
    """Compute the visible difference between two images at each pixel.

    Parameters
    ----------
    frame, reference : ndarray of uint8, shape (y, x), (y, x, 1) or (y, x, 3)
        Grey or RGB images of the same shape.
    smooth : float
        Standard deviation of the Gaussian filter over the result, in pixels.

    Returns
    -------
    ndarray of float32, shape (y, x)
        CIEDE2000 colour difference (ISO/CIE 11664-6): 0 is equal, about 1 is just visible side by side, and
        100 is black against white.

    Raises
    ------
    DeviationError
        If the shapes differ.
    """
    if frame.shape != reference.shape:
        raise DeviationError(
            f"An image of shape {frame.shape} cannot be compared with one of shape {reference.shape}; pass "
            "two images of one size."
        )
    images = [_rgb(image) for image in (frame, reference)]
    differs = (images[0] != images[1]).any(axis=-1)  # elsewhere it is 0, and the formula is slow
    difference = np.zeros(differs.shape)
    if differs.any():
        from skimage.color import deltaE_ciede2000, rgb2lab  # takes a second to load

        one, other = (rgb2lab(image[differs]) for image in images)
        difference[differs] = deltaE_ciede2000(one, other)  # type: ignore[no-untyped-call]
    found: npt.NDArray[np.float32] = gaussian_filter(difference, smooth).astype(np.float32)
    return found


def _rgb(image: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    grey = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    coloured: npt.NDArray[Any] = np.repeat(grey[..., None], 3, axis=-1) if grey.ndim == 2 else grey
    return coloured


def arrows(displacement: Floats, *, min_length: float = MIN_LENGTH, min_area: int = MIN_AREA) -> pd.DataFrame:
    """Summarise a dense displacement field by one arrow for each connected region that moved.

    Parameters
    ----------
    displacement : ndarray of float, shape (2, y, x)
        Displacement along x and y from the reference posture to the frame, in pixels.
    min_length : float
        Smallest displacement that counts as movement, in pixels.
    min_area : int
        Smallest area of a region, in pixels.

    Returns
    -------
    DataFrame
        One row for each region, the longest arrow first. Columns ``y, x`` (centre), ``dy, dx`` (median
        displacement) and ``length``, in pixels, and ``area`` in square pixels.
    """
    from skimage.measure import label, regionprops  # takes a second to load

    across, down = np.asarray(displacement, np.float64)
    moved = np.hypot(across, down) >= min_length
    rows = []
    # Neighbouring pixels that move in different directions belong to different regions.
    sectors = np.round(np.arctan2(down, across) / (np.pi / 2)).astype(int) % 4
    labels = label(np.where(moved, sectors + 1, 0), background=0, connectivity=1)  # type: ignore[no-untyped-call]
    for region in regionprops(labels):  # type: ignore[no-untyped-call]
        if region.area < min_area:
            continue
        y, x = region.centroid
        inside = tuple(region.coords.T)
        dy, dx = float(np.median(down[inside])), float(np.median(across[inside]))
        rows.append((y, x, dy, dx, float(np.hypot(dy, dx)), int(region.area)))
    table = pd.DataFrame(rows, columns=list(ARROWS)).astype(ARROWS)  # also of no rows
    return table.sort_values("length", ascending=False, ignore_index=True)


def vectors(tables: Mapping[int, pd.DataFrame]) -> npt.NDArray[np.float64]:
    """Convert the arrows of several frames to the array of a napari Vectors layer.

    Parameters
    ----------
    tables : mapping of int to DataFrame
        Results of `arrows`, by index along the time axis.

    Returns
    -------
    ndarray of float64, shape (n, 2, 3)
        Start ``(t, y, x)`` and displacement ``(0, dy, dx)`` of each arrow, in pixels.
    """
    parts = [
        np.stack(
            [
                np.column_stack([np.full(len(table), place), table["y"], table["x"]]),
                np.column_stack([np.zeros(len(table)), table["dy"], table["dx"]]),
            ],
            1,
        )
        for place, table in tables.items()
        if len(table)
    ]
    return np.concatenate(parts) if parts else np.empty((0, 2, 3))
