"""Regions of recordings as rectangles on napari's canvas. Needs neither Qt nor napari."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_ubam.study import Recording, Roi


def roi_of(corners: npt.ArrayLike, height: int, width: int) -> Roi | None:
    """Turn a rectangle on the canvas into a region.

    Parameters
    ----------
    corners : (n, 2) array-like
        ``(y, x)`` in pixels, as napari counts them: pixel 0 reaches from -0.5 to 0.5.
    height, width : int
        Size of the picture in pixels. What lies outside is cut off.

    Returns
    -------
    Roi or None
        None if less than two pixels are left.
    """
    points = np.asarray(corners, float) + 0.5
    (top, left), (bottom, right) = points.min(0).round(), points.max(0).round()
    top, left = max(top, 0), max(left, 0)
    bottom, right = min(bottom, height), min(right, width)
    if bottom - top < 2 or right - left < 2:
        return None
    return Roi(x=int(left), y=int(top), width=int(right - left), height=int(bottom - top))


def corners_of(roi: Roi) -> npt.NDArray[np.float64]:
    """Turn a region into a rectangle on the canvas.

    Parameters
    ----------
    roi : Roi

    Returns
    -------
    (4, 2) float array
        Corners ``(y, x)`` in pixels, on the outer edges of the region's pixels.
    """
    top, left, bottom, right = roi.y - 0.5, roi.x - 0.5, roi.y + roi.height - 0.5, roi.x + roi.width - 0.5
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])


def region_of(recording: Recording, height: int, width: int) -> Roi:
    """Find the region to outline on a recording.

    Parameters
    ----------
    recording : Recording
    height, width : int
        Size of the picture in pixels.

    Returns
    -------
    Roi
        The recording's region, the median region of its track, or the whole picture.
    """
    if recording.roi is not None:
        return recording.roi
    if recording.track is not None:
        x, y, w, h = np.rint(np.median(recording.track.boxes, axis=0)).astype(int).tolist()
        return Roi(x=max(x, 0), y=max(y, 0), width=w, height=h)
    return Roi(x=0, y=0, width=width, height=height)
