"""How a rat reaches through a slit: key postures of each reach, pauses between them, and what can go wrong.

Lengths are in the pixels of the sample study's skeleton; the wall with the slit is at x = 0, the floor at
y = 0. The order of a reach follows Whishaw and Pellis (Behavioural Brain Research 41, 1990): lift, aim,
advance, grasp, withdrawal with the food, release to the mouth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from _cast import RAMP, Floats, Subject, events, smooth, wander
from scipy.interpolate import PchipInterpolator

from napari_ubam.sample.body import Proportions, Spine, limb_points, reach, towards

KINDS = ("short", "slap", "tremor", "slow", "crouch")
PELLET = (13.0, 31.0)
SHARE = 0.20  # of the frames of an episodic animal that belong to impaired reaches
ALONE = (0.7, 1.9)  # seconds between two reaches
JOINTS = (
    *(f"near {joint}" for joint in ("shoulder", "elbow", "wrist")),
    *(f"far {joint}" for joint in ("shoulder", "elbow", "wrist")),
    "digits",
    "spine pitch",
    "spine arch",
    "neck",
    "head",
)


@dataclass(frozen=True)
class Key:
    """A posture. Angles are in degrees against the horizontal; ``x, y`` are wrist and pelvis."""

    pelvis: tuple[float, float]
    pitch: float
    arch: float
    neck: float
    head: float
    wrist: tuple[float, float]
    paw: float  # direction
    open: float  # of the digits, 0 is closed
    far: tuple[float, float]  # the other wrist
    far_paw: float = -20.0

    def numbers(self) -> list[float]:
        """Return all values in a fixed order."""
        trunk = [*self.pelvis, self.pitch, self.arch, self.neck, self.head]
        return [*trunk, *self.wrist, self.paw, self.open, *self.far, self.far_paw]


PAUSE = Key((-111, 25), 10, 34, 2, -12, (-21, 5), -15, 0.35, (-14, 5))
LIFT = Key((-104, 25), 9, 32, 38, -2, (-15, 20), -35, 0.1, (-13, 5))
AIM = Key((-99, 25), 8, 30, 70, 22, (-9, 29), -8, 0.2, (-12, 5))
ADVANCE = Key((-93, 25), 6, 28, 88, 34, (5.0, 35), -12, 1.0, (-11, 5))
GRASP = Key((-92, 25), 5, 28, 88, 34, (6.5, 33.5), -32, 0.0, (-11, 5))
WITHDRAW = Key((-99, 26), 12, 34, 62, 8, (-11, 33), 20, 0.0, (-13, 12), 0)
EAT = Key((-109, 25), 30, 46, 6, -46, (-16, 37), 38, 0.0, (-13, 36), 35)
TIMES = (0.0, 0.16, 0.30, 0.46, 0.56, 0.74, 0.98)  # seconds from the pause to eating


@dataclass(frozen=True)
class Reach:
    """One reach: when it begins and ends in seconds, and how much it is impaired."""

    begin: float
    end: float
    size: float


@dataclass(frozen=True)
class Motion:
    """The movement, for t frames: points of the skeleton, whether the pellet is there, and joint angles."""

    spine: Spine
    neck: Floats  # direction in radians
    head: Floats
    near: Floats  # (t, 4, 2)
    far: Floats
    hind: Floats  # (t, 5, 2)
    digits: Floats  # (t,), 0 closed to 1 open
    paw: Floats  # (t,), direction in radians
    pellet: Floats  # (t,), 1 if it lies on the shelf
    angles: Floats
    envelope: Floats


def move(subject: Subject, seconds: float, time: Floats, factor: float = 1.0) -> Motion:
    """Compute the movement.

    Parameters
    ----------
    subject : Subject
        The animal.
    seconds : float
        Length of the recording.
    time : ndarray of float64, shape (t,)
        Moments in seconds.
    factor : float
        Of the changed postures. The timing stays that of factor 1.

    Returns
    -------
    Motion
        At these moments.
    """
    keys, reaches, taken = _schedule(subject, seconds, factor)
    at = np.array([moment for moment, _ in keys])
    values = PchipInterpolator(at, np.array([key.numbers() for _, key in keys]))(time)
    style, rng = subject.random("style"), subject.random("moment")
    sniff = (0.4 + smooth(1.5 * events(rng, time, 0.4, 1.2))) * np.sin(2 * np.pi * 7.2 * time)
    values[:, 0] += 1.2 * wander(rng, time)
    values[:, 2] += style.normal(0, 1.5) + 0.8 * wander(rng, time)
    values[:, 3] += style.normal(0, 3.0) + 1.5 * wander(rng, time)
    values[:, 4] += style.normal(0, 3.0) + 2.5 * wander(rng, time, 0.2, 1.2)
    values[:, 5] += style.normal(0, 3.0) + 3.5 * wander(rng, time, 0.2, 1.5) + 1.2 * sniff
    envelope = _envelope(subject, reaches, time)
    if subject.kind == "tremor":
        lifted = smooth((values[:, 7] - 7) / 8) + 0.25
        shake = factor * subject.severity * envelope * lifted
        for column, size, lag in ((6, 1.5, 0.0), (7, 3.0, 0.9), (8, 13.0, 1.7)):
            values[:, column] += size * shake * np.sin(2 * np.pi * 8.3 * time + lag)
    return _solved(subject, values, time, taken, envelope)


def _envelope(subject: Subject, reaches: list[Reach], time: Floats) -> Floats:
    if subject.course != "episodic":
        return np.full(len(time), float(subject.course == "constant"))
    total = np.zeros(len(time))
    for each in reaches:
        if each.size:
            inside = smooth((time - each.begin) / RAMP + 0.5) * smooth((each.end - time) / RAMP + 0.5)
            total = np.maximum(total, inside)
    return total


def _solved(
    subject: Subject, values: Floats, time: Floats, taken: list[tuple[float, float]], envelope: Floats
) -> Motion:
    x, y, pitch, arch, neck, head, wx, wy, paw, open_, fx, fy, far_paw = values.T
    spine = Spine(np.stack([x, y], -1), np.radians(pitch), np.radians(arch))
    shape = Proportions(float(subject.random("bones").uniform(0.96, 1.04)))
    near = reach("near fore", spine, np.stack([wx, wy], -1), (np.radians(paw),), shape)
    far = reach("far fore", spine, np.stack([fx, fy], -1), (np.radians(far_paw),), shape)
    still = np.zeros_like(x)
    ankle = np.stack([still - 112, still + 4.5], -1)
    hind = reach("near hind", spine, ankle, (still - 0.06, still), shape)
    there = np.ones_like(x)
    for gone, back in taken:
        there[(time >= gone) & (time < back)] = 0.0
    angles = [np.degrees(near), np.degrees(far), np.stack([90 * open_, pitch, arch, neck, head], -1)]
    return Motion(
        spine=spine,
        neck=np.radians(neck),
        head=np.radians(head),
        near=limb_points("near fore", spine, near, shape),
        far=limb_points("far fore", spine, far, shape),
        hind=limb_points("near hind", spine, hind, shape),
        digits=open_,
        paw=np.radians(paw),
        pellet=there,
        angles=np.concatenate(angles, axis=1),
        envelope=envelope,
    )


def _schedule(
    subject: Subject, seconds: float, factor: float
) -> tuple[list[tuple[float, Key]], list[Reach], list[tuple[float, float]]]:
    """Return the key postures over time, the reaches, and when the pellet is gone."""
    rng = subject.random("schedule")
    constant = subject.course == "constant"
    guarded = _guarded(PAUSE, factor * subject.severity) if constant else PAUSE
    keys: list[tuple[float, Key]] = [(-2.0, guarded)]
    reaches: list[Reach] = []
    taken: list[tuple[float, float]] = []
    now, impaired = rng.uniform(0.2, 0.9), 0.0
    while now < seconds:
        lasts = 3.4 if subject.kind == "slow" else 1.7
        due = SHARE * (now + lasts) - impaired
        ill = constant or (subject.course == "episodic" and due > lasts * rng.uniform(0.45, 0.6))
        size = subject.severity if ill else 0.0
        begin = now
        keys.append((now, _jittered(guarded, rng, 0.5)))
        pace = rng.uniform(0.88, 1.18) * (1 + (0.75 * size if subject.kind == "slow" else 0.0))
        tries = 1 + int(rng.uniform() < 0.22) + (1 if size and subject.kind == "short" else 0)
        now = _one_reach(subject, keys, rng, now, pace, tries, size, factor * size)
        success = size == 0 or rng.uniform() < 0.3
        grasped = keys[-2][0] - 0.05
        if success:
            keys.append((now, _jittered(EAT, rng, 0.6)))
            now += rng.uniform(0.5, 1.1)
            keys.append((now, _jittered(EAT, rng, 0.6)))
            taken.append((grasped, now + 0.6))
        now += 0.30
        reaches.append(Reach(begin, now, size))
        impaired += (now - begin) if size else 0.0
        keys.append((now, _jittered(guarded, rng, 0.5)))
        now += rng.uniform(*ALONE)
    keys.append((now + 2.0, guarded))
    return keys, reaches, taken


def _one_reach(
    subject: Subject,
    keys: list[tuple[float, Key]],
    rng: np.random.Generator,
    now: float,
    pace: float,
    tries: int,
    size: float,
    shown: float,
) -> float:
    """Add the key postures of a reach from lifting to withdrawal, and return the time of eating.

    ``size`` is that of the impairment, which decides the timing; ``shown`` that of the changed postures.
    """
    steps = np.diff(TIMES) * pace
    for key, step in zip((LIFT, AIM), steps[:2], strict=True):
        now += step
        keys.append((now, _jittered(_changed(key, subject.kind, shown, key is AIM), rng, 0.8)))
    for attempt in range(tries):
        if attempt:
            now += 0.18 * pace
            keys.append((now, _jittered(_changed(AIM, subject.kind, shown, True), rng, 0.8)))
        if size and subject.kind == "slow":  # hesitates half way
            half = replace(AIM, wrist=(-3.0, 31.0), pelvis=(-96, 25))
            now += 0.12 * pace
            keys += [(now, _jittered(half, rng, 0.5)), (now + 0.28 * size, _jittered(half, rng, 0.5))]
            now += 0.28 * size
        for key, step in zip((ADVANCE, GRASP), steps[2:4], strict=True):
            now += step
            keys.append((now, _jittered(_changed(key, subject.kind, shown, True), rng, 0.9)))
    now += steps[4]
    keys.append((now, _jittered(_changed(WITHDRAW, subject.kind, shown, False), rng, 0.8)))
    return now + steps[5]


def _changed(key: Key, kind: str, size: float, out: bool) -> Key:
    """Change a posture as an impairment does; ``out`` if the limb is on its way to the pellet."""
    if not size:
        return key
    (x, y), (px, py) = key.wrist, key.pelvis
    if kind == "short" and out:
        return replace(key, wrist=(x - 8.5 * size, y - 5 * size), paw=key.paw - 16 * size)
    if kind == "slap":
        high = 7 * size if key is AIM or key is ADVANCE else 0.0
        return replace(
            key, wrist=(x - 1.5 * size, y + high), paw=key.paw - (22 * size if out else 30 * size), open=0.55
        )
    if kind == "crouch":
        low = 0.30 * size
        return replace(
            key,
            pelvis=(px - 3 * size, py - 3 * size),
            pitch=key.pitch - 9 * size,
            neck=key.neck * (1 - low),
            head=key.head * (1 - low) - 14 * size,
            wrist=(x, y - 2.5 * size),
        )
    return key


def _guarded(key: Key, size: float) -> Key:
    """Return the pause of an animal whose paw always hangs limp before the chest."""
    x, y = key.wrist
    return replace(key, wrist=(x - 6 * size, y + 9 * size), paw=key.paw - 42 * size, open=0.0)


def _jittered(key: Key, rng: np.random.Generator, size: float) -> Key:
    """Vary a posture a little."""
    near, far = (
        tuple(np.asarray(place) + size * rng.normal(size=2) * (1, 0.7)) for place in (key.wrist, key.far)
    )
    return replace(
        key,
        wrist=near,
        far=(far[0], max(far[1], 4.0)),
        neck=key.neck + 3 * size * rng.normal(),
        head=key.head + 3 * size * rng.normal(),
        pitch=key.pitch + size * rng.normal(),
    )


def digits_of(motion: Motion) -> Floats:
    """Return the digits of the near paw.

    Parameters
    ----------
    motion : Motion
        The movement.

    Returns
    -------
    ndarray of float64, shape (t, 4, 3, 2)
        Root, middle and tip of four digits.
    """
    tip = motion.near[:, -1]
    rays = []
    for number in range(4):
        side = (number - 1.5) / 1.5
        first = motion.paw + side * (0.16 + 0.42 * motion.digits)
        curl = first - 1.9 * (1 - motion.digits)
        root = tip + 1.6 * side * towards(motion.paw + np.pi / 2)
        middle = root + 3.2 * towards(first)
        rays.append(np.stack([root, middle, middle + 3.4 * towards(curl)], axis=1))
    return np.stack(rays, axis=1)
