"""Where a dog is on the picture: place, heading and key points, in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from _cast import Floats
from _dogs_body import BONES

if TYPE_CHECKING:
    from _stage import Camera

KEYPOINTS = {
    "nose": "jaw",
    "neck": "neck",
    "chest": "chest",
    "pelvis": "pelvis",
    "tail root": "tail 1",
    "left fore paw": "left fore fingers",
    "right fore paw": "right fore fingers",
    "left hind paw": "left hind toes",
    "right hind paw": "right hind toes",
}


def body_on_screen(camera: Camera, places: Floats, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Project the body on the picture.

    Parameters
    ----------
    camera : Camera
        The camera.
    places : ndarray of float64, shape (t, bones, 3)
        Positions of the bones in metres, in the order of ``_dogs_body.BONES``.
    size : tuple of int
        Width and height in pixels.

    Returns
    -------
    dict of str to ndarray
        ``place`` (t, 2): middle between chest and pelvis, x and y in pixels; ``heading`` (t,): direction from
        pelvis to chest in degrees, 0 to the right and 90 down; ``length`` (t,): pixels from nose to root of
        the tail; ``keypoints`` (t, k, 2) and ``keypoint_names`` (k,).
    """
    points = {name: camera.on_screen(places[:, BONES.index(bone)], size) for name, bone in KEYPOINTS.items()}
    forward = points["chest"] - points["pelvis"]
    return {
        "place": (points["chest"] + points["pelvis"]) / 2,
        "heading": np.degrees(np.arctan2(forward[:, 1], forward[:, 0])),
        "length": np.linalg.norm(points["nose"] - points["tail root"], axis=1),
        "keypoints": np.stack([*points.values()], axis=1),
        "keypoint_names": np.array([*points]),
    }
