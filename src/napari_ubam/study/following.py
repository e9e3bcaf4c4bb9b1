"""A smooth crop track from positions that were measured in single frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from .geometry import Track

SMOOTH = 1.5  # frames, standard deviation of the smoothing
GAP = 10  # frames; up to so many missing ones are filled

Floats = NDArray[np.float64]


def smooth_track(
    frames: NDArray[np.int64],
    centres: Floats,
    size: tuple[float, float],
    headings: Floats | None = None,
    *,
    smooth: float = SMOOTH,
    gap: int = GAP,
) -> Track:
    """Make a track of boxes of one size around measured positions.

    Parameters
    ----------
    frames : ndarray of int64, shape (n,)
        Numbers of the frames in which the subject was found, ascending.
    centres : ndarray of float, shape (n, 2)
        x and y in pixels.
    size : tuple of float
        Width and height of the boxes in pixels, before they are turned.
    headings : ndarray of float, shape (n,), optional
        Direction that the subject faces in degrees.
    smooth : float
        Standard deviation of the Gaussian filter over time, in frames; 0 for none.
    gap : int
        Up to so many missing frames between two others are interpolated; longer ones stay gaps.

    Returns
    -------
    Track
        Positions rounded to 0.01 pixels, headings to 0.01 degrees from -180 to 180. The filter does not reach
        over gaps.
    """
    values = centres if headings is None else np.column_stack([centres, np.unwrap(headings, period=360)])
    number = np.concatenate([frames[:1], np.diff(frames)])
    cuts = np.flatnonzero(number[1:] > gap + 1) + 1
    parts, numbers = [], []
    for rows in np.split(np.arange(len(frames)), cuts):
        wanted = np.arange(frames[rows[0]], frames[rows[-1]] + 1)
        filled = np.stack([np.interp(wanted, frames[rows], column[rows]) for column in values.T], axis=1)
        parts.append(gaussian_filter1d(filled, smooth, axis=0, mode="nearest") if smooth else filled)
        numbers.append(wanted)
    found = np.concatenate(parts)
    corners = found[:, :2] - np.array(size) / 2
    boxes = np.hstack([corners, np.broadcast_to(np.array(size, np.float64), corners.shape)])
    turned = None if headings is None else np.round(signed_degrees(found[:, 2]), 2)
    return Track(frames=np.concatenate(numbers), boxes=np.round(boxes, 2), headings=turned)


def signed_degrees(angle: ArrayLike) -> NDArray[np.float64]:
    """Bring angles or differences of angles into the range from -180 to 180 degrees.

    Parameters
    ----------
    angle : array_like of float
        Degrees.

    Returns
    -------
    ndarray of float64
    """
    found: NDArray[np.float64] = (np.asarray(angle) + 180) % 360 - 180
    return found
