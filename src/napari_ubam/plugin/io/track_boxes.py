"""Boxes of a track as shapes on napari's canvas. Needs neither Qt nor napari."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_ubam.study import PlacedRoi
from napari_ubam.tracking.stored import StoredTrack

NOSE = 0.15  # of the shorter side: how far the tip at the head reaches out of the box
LOOKS = {"automatic": "#ffcc00", "interpolated": "#66ccff", "turned": "#66ccff", "hand": "#33ff66"}
"""Colour of a box by who made it."""

Floats = npt.NDArray[np.float64]


def shape_of(stored: StoredTrack, frame: int, *, turned: bool) -> tuple[Floats, str] | None:
    """Draw the box of a frame as a polygon with a tip where the head is.

    Parameters
    ----------
    stored : StoredTrack
    frame : int
        Number of the frame.
    turned : bool
        Whether the box turns with the heading.

    Returns
    -------
    corners : (n, 2) float array
        ``(y, x)`` on the canvas, where the middle of the first pixel is at (0, 0): tail left, head left, tip,
        head right, tail right. An upright box has four corners.
    colour : str
        By who made the box.

    None is returned if the track has no box in this frame.
    """
    track = stored.track
    row = int(np.searchsorted(track.frames, frame))
    if row == len(track) or track.frames[row] != frame:
        return None
    half = np.array(track.median_size) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    angle = 0.0
    if turned and track.headings is not None:
        corners = np.insert(corners, 2, [half[0] + 2 * NOSE * half.min(), 0], axis=0)
        angle = float(track.headings[row])
    x, y = (track.boxes[row, :2] + track.boxes[row, 2:] / 2).tolist()
    points = PlacedRoi.at((x, y), track.median_size, angle).to_frame(corners) - 0.5
    return points[:, ::-1].copy(), LOOKS.get(str(stored.source[row]), LOOKS["automatic"])


def place_of(corners: npt.ArrayLike) -> tuple[tuple[float, float], float | None]:
    """Read the place of a box that the user has moved or turned.

    Parameters
    ----------
    corners : (n, 2) array-like
        As `shape_of` returns them, with 5 corners or 4.

    Returns
    -------
    centre : tuple of float
        x and y of the middle in pixels.
    heading : float or None
        Degrees, 0 to the right and 90 down; None for an upright box.
    """
    points = np.asarray(corners, np.float64)[:, ::-1] + 0.5
    box = np.delete(points, 2, axis=0) if len(points) == 5 else points
    x, y = box.mean(axis=0).tolist()
    if len(points) != 5:
        return (x, y), None
    ahead = box[1] + box[2] - box[0] - box[3]
    return (x, y), float(np.degrees(np.arctan2(ahead[1], ahead[0])))
