"""The skeleton: forward kinematics (joint angles to points) and inverse kinematics (paw position to angles).

Lengths are in pixels at size 1. x points forward, y up, and the belt under the near paws is at y = 0. Angles
are counter-clockwise. All functions work on many frames; the first axis is the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HIND = ("hip", "knee", "ankle", "toe")
FORE = ("shoulder", "elbow", "wrist")
LIMBS = ("near hind", "far hind", "near fore", "far fore")
JOINTS: tuple[str, ...] = (
    *(f"near {joint}" for joint in HIND),
    *(f"far {joint}" for joint in HIND),
    *(f"near {joint}" for joint in FORE),
    *(f"far {joint}" for joint in FORE),
    "spine pitch",
    "spine arch",
    "neck",
    "head",
    "tail base",
    "tail bend",
)
COLUMNS = {
    "near hind": slice(0, 4),
    "far hind": slice(4, 8),
    "near fore": slice(8, 11),
    "far fore": slice(11, 14),
}
SPINE = slice(14, 20)
FEMUR, TIBIA, FOOT, TOES = 25.0, 26.0, 17.0, 7.5
HUMERUS, FOREARM, PAW = 19.0, 21.0, 8.0
TRUNK, NECK, HEAD, TAIL = 66.0, 20.0, 33.0, 96.0
SOLE = 2.0  # height of the bones of a standing paw above the belt
FAR = np.array([4.0, 6.5])  # offset of the far side; the camera looks slightly down


@dataclass(frozen=True)
class Proportions:
    """Relative lengths of the limbs; 1 is average."""

    hind: float = 1.0
    fore: float = 1.0


@dataclass(frozen=True)
class Spine:
    """Trunk of many frames: position of the pelvis, shape (n, 2), and angles of the spine, each (n,)."""

    pelvis: Floats  # (n, 2)
    pitch: Floats
    arch: Floats

    def along(self, share: float | Floats) -> Floats:
        """Return points along the spine.

        Parameters
        ----------
        share : float or ndarray of float64, shape (k,)
            Fraction of the length: 0 is the pelvis, 1 the shoulders.

        Returns
        -------
        ndarray of float64, shape (n, k, 2)
            Points (x, y).
        """
        at = np.atleast_1d(np.asarray(share, float))
        # The spine is an arc. `pitch` is the direction of its chord.
        bend = np.where(np.abs(self.arch) < 1e-6, 1e-6, self.arch)[:, None]
        begin = (self.pitch + self.arch / 2)[:, None]
        turned = begin - bend * at
        x = (np.sin(begin) - np.sin(turned)) / bend
        y = (np.cos(turned) - np.cos(begin)) / bend
        return self.pelvis[:, None] + TRUNK * np.stack([x, y], -1)

    @property
    def rear(self) -> Floats:
        """Direction of the spine at the pelvis."""
        return self.pitch + self.arch / 2

    @property
    def front(self) -> Floats:
        """Direction of the spine at the shoulders."""
        return self.pitch - self.arch / 2

    def root(self, limb: str) -> Floats:
        """Return the joint between a limb and the trunk.

        Parameters
        ----------
        limb : str
            One of `LIMBS`.

        Returns
        -------
        ndarray of float64, shape (n, 2)
            Points (x, y).
        """
        if limb.endswith("hind"):
            return self.pelvis + turned((1.0, -7.0), self.pitch)
        return self.along(1.0)[:, 0] + turned((1.0, -10.0), self.pitch)


def turned(vector: tuple[float, float], angle: Floats) -> Floats:
    """Rotate one vector by many angles.

    Parameters
    ----------
    vector : tuple of float
        Vector (x, y).
    angle : ndarray of float64, shape (n,)
        Angles in radians.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Rotated vectors.
    """
    x, y = vector
    return np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], -1)


def towards(angle: Floats) -> Floats:
    """Return unit vectors.

    Parameters
    ----------
    angle : ndarray of float64, shape (...)
        Directions in radians.

    Returns
    -------
    ndarray of float64, shape (..., 2)
        Unit vectors (x, y).
    """
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def lengths(limb: str, proportions: Proportions) -> tuple[float, ...]:
    """Return the bone lengths of a limb, from the trunk to the tip.

    Parameters
    ----------
    limb : str
        One of `LIMBS`.
    proportions : Proportions
        Proportions of the animal.

    Returns
    -------
    tuple of float
        Lengths in pixels at size 1.
    """
    if limb.endswith("hind"):
        return tuple(proportions.hind * bone for bone in (FEMUR, TIBIA, FOOT, TOES))
    return tuple(proportions.fore * bone for bone in (HUMERUS, FOREARM, PAW))


def reach(
    limb: str, spine: Spine, ankle: Floats, ends: tuple[Floats, ...], proportions: Proportions
) -> Floats:
    """Compute joint angles from the position of an ankle or wrist (inverse kinematics).

    Parameters
    ----------
    limb : str
        One of `LIMBS`.
    spine : Spine
        Position of the trunk.
    ankle : ndarray of float64, shape (n, 2)
        Target of the ankle or wrist. Targets out of reach are moved to the nearest possible distance.
    ends : tuple of ndarray of float64, shape (n,)
        Directions of the distal bones in radians: foot and toes, or paw.
    proportions : Proportions
        Proportions of the animal.

    Returns
    -------
    ndarray of float64, shape (n, 4) or (n, 3)
        Angle of each bone relative to the previous one, in radians.
    """
    hind = limb.endswith("hind")
    first, second = lengths(limb, proportions)[:2]
    line = ankle - spine.root(limb)
    distance = np.clip(np.hypot(line[:, 0], line[:, 1]), abs(first - second) + 4, 0.985 * (first + second))
    base = np.arctan2(line[:, 1], line[:, 0])
    inner = np.arccos(np.clip((first**2 + distance**2 - second**2) / (2 * first * distance), -1, 1))
    outer = np.arccos(np.clip((second**2 + distance**2 - first**2) / (2 * second * distance), -1, 1))
    # Knees point forward, elbows backward.
    side = 1.0 if hind else -1.0
    bones = [spine.rear if hind else spine.front, base + side * inner, base - side * outer, *ends]
    relative = np.diff(np.stack(bones, -1), axis=-1)
    middle = np.radians([-65, -60, 80, 20] if hind else [-100, 50, 40])
    return middle + (relative - middle + np.pi) % (2 * np.pi) - np.pi


def limb_points(limb: str, spine: Spine, angles: Floats, proportions: Proportions) -> Floats:
    """Compute the joint positions of a limb, from the trunk to the tip (forward kinematics).

    Parameters
    ----------
    limb : str
        One of `LIMBS`.
    spine : Spine
        Position of the trunk.
    angles : ndarray of float64, shape (n, bones)
        Angle of each bone relative to the previous one, in radians.
    proportions : Proportions
        Proportions of the animal.

    Returns
    -------
    ndarray of float64, shape (n, bones + 1, 2)
        Points (x, y).
    """
    start = spine.rear if limb.endswith("hind") else spine.front
    directions = start[:, None] + np.cumsum(angles, axis=1)
    steps = np.asarray(lengths(limb, proportions))[:, None] * towards(directions)
    root = spine.root(limb)[:, None]
    return np.concatenate([root, root + np.cumsum(steps, axis=1)], axis=1)


@dataclass(frozen=True)
class Skeleton:
    """All points of many frames. The height of the pelvis is such that the lowest paw touches the belt."""

    spine: Spine
    limbs: dict[str, Floats]
    neck: Floats  # direction
    head: Floats
    tail: Floats  # (n, k, 2)


def stand(angles: Floats, forward: Floats, proportions: Proportions) -> Skeleton:
    """Compute the skeleton that stands on the belt.

    Parameters
    ----------
    angles : ndarray of float64, shape (n, joints)
        Joint angles in radians, in the order of `JOINTS`.
    forward : ndarray of float64, shape (n,)
        Position of the pelvis along the belt, in pixels at size 1.
    proportions : Proportions
        Proportions of the animal.

    Returns
    -------
    Skeleton
        All points.
    """
    pitch, arch, neck, head, tail, bend = angles[:, SPINE].T
    spine = Spine(np.stack([forward, np.zeros_like(forward)], -1), pitch, arch)
    limbs = {limb: limb_points(limb, spine, angles[:, COLUMNS[limb]], proportions) for limb in LIMBS}
    # An animal can stand on the last two points of a limb.
    lowest = np.min([points[:, -2:, 1].min(1) for points in limbs.values()], axis=0)
    rise = np.stack([np.zeros_like(lowest), SOLE - lowest], -1)
    spine = Spine(spine.pelvis + rise, pitch, arch)
    limbs = {limb: points + rise[:, None] for limb, points in limbs.items()}
    neck_to = spine.front + neck
    return Skeleton(spine, limbs, neck_to, neck_to + head, _tail(spine, tail, bend))


def _tail(spine: Spine, base: Floats, bend: Floats, count: int = 9) -> Floats:
    share = (np.arange(count) + 0.5) / count
    direction = (spine.pitch + np.pi - base)[:, None] - bend[:, None] * share * (0.4 + share)
    root = spine.pelvis + turned((-20.0, -2.0), spine.pitch)
    steps = TAIL / count * towards(direction)
    return np.concatenate([root[:, None], root[:, None] + np.cumsum(steps, axis=1)], axis=1)
