"""Crop boxes and headings from key points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_ubam.study import Track, smooth_track

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
    name = _checked(poses, margin)
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


def body_track_of(
    poses: Poses, tail: str, head: str, *, turned: bool = True, margin: float = MARGIN, individual: str = ""
) -> Track:
    """Make a crop track around the axis of the body, with its heading.

    The boxes are placed by the middle between two points, for example the root of the tail and the neck. So a
    limb or the head that moves does not move the crop. Gaps of up to ten frames are filled, and positions are
    smoothed over about three frames.

    Parameters
    ----------
    poses : Poses
        In pixels of the full frame.
    tail, head : str
        Names of a key point further back and of one further forward on the axis of the body.
    turned : bool
        Measure the boxes along and across the body, for crops that turn with it. Otherwise they are upright.
    margin : float
        Space on each side, as part of the longer side of the box around the points.
    individual : str
        Name of the individual; can be left out if there is only one.

    Returns
    -------
    Track
        Boxes of one size, which hold the points of 95% of the frames, with the heading of each frame.

    Raises
    ------
    PosesError
        If positions are not in pixels, the margin is negative, there is no such point, or no frame has both.
    """
    name = _checked(poses, margin)
    angles = headings(poses, tail, head, individual)
    both = np.isfinite(angles)
    if not both.any():
        raise PosesError(
            f"{name}: no frame has both {tail} and {head}; lower the likelihood, or choose others."
        )
    points = poses.of(individual).positions[both, 0]
    middle = points[:, [poses.keypoints.index(tail), poses.keypoints.index(head)]].mean(axis=1)
    away = points - middle[:, None]
    turns = _turns(angles[both] if turned else np.zeros(len(middle)))
    away = np.einsum("tij,tki->tkj", turns, away)
    low = np.percentile(np.nanmin(away, axis=1), 2.5, axis=0)
    high = np.percentile(np.nanmax(away, axis=1), 97.5, axis=0)
    size = np.maximum(high - low + 2 * margin * max(*(high - low), 1), 1)
    centres = middle + turns @ ((low + high) / 2)
    return smooth_track(poses.frames[both], centres, (size[0], size[1]), np.degrees(angles[both]))


def _turns(angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Matrices (t, 2, 2) that turn a vector (x, y) by angles in radians."""
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cos, -sin], axis=-1), np.stack([sin, cos], axis=-1)], axis=-2)


def _checked(poses: Poses, margin: float) -> str:
    """Refuse key points and margins that give no boxes; return what to call the key points."""
    name = poses.path.name if poses.path is not None else "The key points"
    if not poses.is_flat:
        raise PosesError(f"{name}: positions in space give no box; give positions in pixels of the video.")
    if margin < 0:
        raise PosesError(f"A margin of {margin:g} is negative; give 0 or more.")
    return name


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
