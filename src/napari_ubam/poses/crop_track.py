"""Crop boxes and headings from key points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_ubam.study import Track

from .poses import Poses, PosesError

MARGIN = 0.2


def crop_track_of(poses: Poses, margin: float = MARGIN, individual: str = "") -> Track:
    """Make a crop track: in each frame a box of one size around all points.

    All boxes have the same size, because a box that changes with the pose would make the subject larger when
    it curls up. It is the size that holds the points of 95% of the frames, and the margin.

    Parameters
    ----------
    poses : Poses
        In pixels of the full frame.
    margin : float
        Space on each side, as part of the longer side of the box around the points.
    individual : str
        Name of the individual; can be left out if there is only one.

    Returns
    -------
    Track
        Frames in which at least half of the points are seen. The others are gaps.

    Raises
    ------
    PosesError
        If positions are not in pixels, the margin is negative, or no frame has enough points.
    """
    name = poses.path.name if poses.path is not None else "The key points"
    if not poses.is_flat:
        raise PosesError(f"{name}: positions in space give no box; give positions in pixels of the video.")
    if margin < 0:
        raise PosesError(f"A margin of {margin:g} is negative; give 0 or more.")
    points = poses.of(individual).positions[:, 0]
    seen = np.isfinite(points).all(-1)
    enough = seen.sum(1) >= max(1, -(-points.shape[1] // 2))
    if not enough.any():
        raise PosesError(
            f"{name}: no frame has half of its points; lower the likelihood, or choose another individual."
        )
    kept = points[enough]
    low, high = np.nanmin(kept, axis=1), np.nanmax(kept, axis=1)
    width, height = np.percentile(high - low, 95, axis=0)
    space = margin * max(width, height, 1)
    size = np.maximum(np.array([width, height]) + 2 * space, 1)
    corner = (low + high) / 2 - size / 2
    boxes = np.hstack([corner, np.broadcast_to(size, corner.shape)])
    return Track(frames=poses.frames[enough], boxes=np.round(boxes, 2))


def headings(poses: Poses, tail: str, head: str, individual: str = "") -> npt.NDArray[np.float64]:
    """Give the direction from one point to another in each frame.

    Parameters
    ----------
    poses : Poses
    tail, head : str
        Names of two key points.
    individual : str
        Name of the individual; can be left out if there is only one.

    Returns
    -------
    ndarray of float, shape (t,)
        Angle in radians, 0 to the right and pi/2 down, as images have it; NaN where a point is missing.

    Raises
    ------
    PosesError
        If there is no such point.
    """
    for name in (tail, head):
        if name not in poses.keypoints:
            raise PosesError(f"There is no key point {name!r}; choose two of {', '.join(poses.keypoints)}.")
    points = poses.of(individual).positions[:, 0]
    step = points[:, poses.keypoints.index(head)] - points[:, poses.keypoints.index(tail)]
    angles: npt.NDArray[np.float64] = np.arctan2(step[:, 1], step[:, 0])
    return angles
