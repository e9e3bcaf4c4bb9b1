"""The skeleton: from joint angles to points, and from where a paw should be to joint angles.

Lengths are pixels at size 1, x is forward, y is up, the belt under the near paws is at y = 0; angles turn
counter-clockwise. Every function takes many frames at once, the frame being the first axis.
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
SOLE = 2.0  # height of the bones of a standing paw over the belt
FAR = np.array([4.0, 6.5])  # the far side, seen from a little above


@dataclass(frozen=True)
class Proportions:
    """Lengths of the limbs, 1 is average."""

    hind: float = 1.0
    fore: float = 1.0


@dataclass(frozen=True)
class Spine:
    """The trunk of many frames: the middle of the pelvis and the six angles of the spine, each (n,)."""

    pelvis: Floats  # (n, 2)
    pitch: Floats
    arch: Floats

    def along(self, share: float | Floats) -> Floats:
        """Return the points at shares of the length, 0 the pelvis and 1 the shoulders, (n, k, 2)."""
        at = np.atleast_1d(np.asarray(share, float))
        # An arc whose chord has the direction `pitch`.
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
        """Return the point where a limb is hinged, (n, 2)."""
        if limb.endswith("hind"):
            return self.pelvis + turned((1.0, -7.0), self.pitch)
        return self.along(1.0)[:, 0] + turned((1.0, -10.0), self.pitch)


def turned(vector: tuple[float, float], angle: Floats) -> Floats:
    """Turn one vector by many angles, (n, 2)."""
    x, y = vector
    return np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], -1)


def towards(angle: Floats) -> Floats:
    """Return unit vectors, (..., 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def lengths(limb: str, proportions: Proportions) -> tuple[float, ...]:
    """Return the lengths of a limb's bones, from the trunk outwards."""
    if limb.endswith("hind"):
        return tuple(proportions.hind * bone for bone in (FEMUR, TIBIA, FOOT, TOES))
    return tuple(proportions.fore * bone for bone in (HUMERUS, FOREARM, PAW))


def reach(
    limb: str, spine: Spine, ankle: Floats, ends: tuple[Floats, ...], proportions: Proportions
) -> Floats:
    """Return the joint angles that put a limb's ankle or wrist at a place.

    Parameters
    ----------
    limb : str
        One of `LIMBS`.
    spine : Spine
        Where the trunk is.
    ankle : ndarray, shape (n, 2)
        Where the ankle or wrist should be; what is too far is put as near as the limb reaches.
    ends : tuple of ndarray, shape (n,)
        Directions of the bones after it: foot and toes, or paw.
    proportions : Proportions
        Of the animal.

    Returns
    -------
    ndarray, shape (n, 4) or (n, 3)
        Angle of each bone to the one before, radians.
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
    """Return the joints of a limb, from the trunk to the tip, (n, bones + 1, 2)."""
    start = spine.rear if limb.endswith("hind") else spine.front
    directions = start[:, None] + np.cumsum(angles, axis=1)
    steps = np.asarray(lengths(limb, proportions))[:, None] * towards(directions)
    root = spine.root(limb)[:, None]
    return np.concatenate([root, root + np.cumsum(steps, axis=1)], axis=1)


@dataclass(frozen=True)
class Skeleton:
    """All points of many frames; the pelvis is where the lowest paw touches the belt."""

    spine: Spine
    limbs: dict[str, Floats]
    neck: Floats  # direction
    head: Floats
    tail: Floats  # (n, k, 2)


def stand(angles: Floats, forward: Floats, proportions: Proportions) -> Skeleton:
    """Return the skeleton of joint angles, standing on the belt.

    Parameters
    ----------
    angles : ndarray, shape (n, joints)
        Radians, in the order of `JOINTS`.
    forward : ndarray, shape (n,)
        Where the pelvis is along the belt.
    proportions : Proportions
        Of the animal.

    Returns
    -------
    Skeleton
        Its points.
    """
    pitch, arch, neck, head, tail, bend = angles[:, SPINE].T
    spine = Spine(np.stack([forward, np.zeros_like(forward)], -1), pitch, arch)
    limbs = {limb: limb_points(limb, spine, angles[:, COLUMNS[limb]], proportions) for limb in LIMBS}
    # The last two points of a limb are those that can stand.
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
