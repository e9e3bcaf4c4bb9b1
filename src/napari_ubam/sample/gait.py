"""Movement of a healthy animal. All values are explicit functions of time, so frames are independent.

The stride frequency varies slowly, so the phase is not proportional to time. Paws stand on the belt, which
moves by one stride length per cycle, and land at slightly different positions in every stride.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from .body import FOOT, LIMBS, PAW, SOLE, TOES, TRUNK, Floats, Proportions, Spine, reach, towards
from .bouts import ramp
from .style import Gait

EVENT_CELL = 5.0  # seconds; a healthy animal sometimes looks up, hesitates or makes a long step
# Directions of foot, toes and paw in the gait cycle, in degrees: stance from 0 to 0.5, swing from 0.5 to 1.
FOOT_CYCLE = ((0, 0.2, 0.38, 0.5, 0.66, 0.84, 1), (-22, -28, -42, -58, -64, -40, -22))
TOES_CYCLE = ((0, 0.1, 0.42, 0.52, 0.67, 0.86, 1), (8, 0, 0, -12, -44, -14, 8))
PAW_CYCLE = ((0, 0.1, 0.34, 0.5, 0.66, 0.86, 1), (-14, -12, -22, -48, -74, -38, -14))


@dataclass
class Step:
    """Step parameters of one limb, each of shape (n,) for n frames, or one number."""

    reach: Floats | float = 1.0  # relative length of the step; 1 is healthy
    lift: Floats | float = 1.0  # relative height of the swing; 1 is healthy
    hold: Floats | float = 0.0  # height at which the paw is held except for a short contact, pixels
    shift: Floats | float = 0.0  # shift forward, pixels
    foot: Floats | float = 0.0  # rotation of foot or paw, and of the toes, radians
    toes: Floats | float = 0.0


@dataclass
class Intent:
    """Target posture of trunk, head, tail and paws, each of shape (n,) for n frames."""

    phase: Floats
    forward: Floats
    height: Floats
    pitch: Floats
    arch: Floats
    neck: Floats
    head: Floats
    tail: Floats
    bend: Floats
    steps: dict[str, Step] = field(default_factory=lambda: {limb: Step() for limb in LIMBS})


@lru_cache(maxsize=256)
def _waves(seed: int, name: str, count: int, low: float, high: float) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng((seed, *name.encode()))
    rates = np.geomspace(low, high, count) * rng.uniform(0.85, 1.15, count)
    sizes = rng.uniform(0.6, 1.0, count)
    return rates, rng.uniform(0, 2 * np.pi, count), sizes / np.sqrt(0.5 * (sizes**2).sum())


def wander(seed: int, name: str, time: Floats, low: float = 0.07, high: float = 0.8) -> Floats:
    """Return a slow random signal with standard deviation 1, the sum of five sine waves.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    name : str
        Name of the signal. Signals with different names are independent.
    time : ndarray of float64, shape (n,)
        Times in seconds or strides.
    low, high : float
        Lowest and highest frequency, per second or stride.

    Returns
    -------
    ndarray of float64, shape (n,)
        The signal.
    """
    rates, offsets, sizes = _waves(seed, name, 5, low, high)
    return np.asarray((np.sin(2 * np.pi * time[:, None] * rates + offsets) * sizes).sum(1))


@lru_cache(maxsize=4096)
def _event(seed: int, name: str, cell: int, chance: float) -> tuple[float, float, float]:
    rng = np.random.default_rng((seed, cell, *name.encode()))
    length = rng.uniform(0.8, 1.7)
    begin = cell * EVENT_CELL + rng.uniform(0, EVENT_CELL - length)
    return float(begin), float(length), float(rng.uniform(0.5, 1.0)) if rng.uniform() < chance else 0.0


def events(seed: int, name: str, time: Floats, chance: float) -> Floats:
    """Return a signal with random events: smooth bumps from 0 to at most 1.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    name : str
        Name of the signal.
    time : ndarray of float64, shape (n,)
        Times in seconds.
    chance : float
        Probability of an event in `EVENT_CELL` seconds.

    Returns
    -------
    ndarray of float64, shape (n,)
        The signal, 0 outside the events.
    """
    total = np.zeros_like(time)
    for cell in np.unique((time // EVENT_CELL).astype(int)):
        begin, length, size = _event(seed, name, int(cell), chance)
        middle = length / 2
        total += size * ramp((time - begin) / middle) * ramp((begin + length - time) / middle)
    return total


def phase_of(seed: int, gait: Gait, time: Floats) -> Floats:
    """Return the phase of the stride.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    gait : Gait
        Gait of the animal.
    time : ndarray of float64, shape (n,)
        Times in seconds.

    Returns
    -------
    ndarray of float64, shape (n,)
        Phase in cycles. It never decreases.
    """
    drift = 0.16 * wander(seed, "phase", time, 0.05, 0.4)
    return time / gait.period + drift - 0.26 * events(seed, "hesitate", time, 0.5) + (seed % 97) / 97


def healthy(seed: int, gait: Gait, time: Floats) -> Intent:
    """Return the target posture of a healthy animal.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    gait : Gait
        Gait of the animal.
    time : ndarray of float64, shape (n,)
        Times in seconds.

    Returns
    -------
    Intent
        Target posture at n times.
    """
    phase = phase_of(seed, gait, time)
    turn = 2 * np.pi * phase
    up = events(seed, "look up", time, 0.45)
    down = events(seed, "look down", time, 0.35)
    degrees = np.pi / 180

    def slow(name: str, size: float, high: float = 0.8) -> Floats:
        return size * wander(seed, name, time, 0.07, high)

    return Intent(
        phase=phase,
        forward=drift_of(seed, phase),
        height=49.0 + gait.height + gait.bob * np.cos(2 * turn + 0.6) + slow("height", 0.6),
        pitch=gait.pitch + degrees * (1.2 * np.sin(2 * turn) + slow("pitch", 0.7) + 1.5 * up),
        arch=gait.arch + degrees * (2.5 * np.sin(turn + 1) + slow("arch", 2.0)),
        neck=gait.neck + degrees * (2 * np.sin(2 * turn + 2) + slow("neck", 3.5) + 12 * up - 9 * down),
        head=gait.head + degrees * (slow("head", 4.5, 2.5) + 9 * up - 9 * down),
        tail=gait.tail + degrees * (3 * np.sin(turn) + slow("tail", 5.0)),
        bend=degrees * (8 * np.sin(turn - 1) - 20 + slow("bend", 11.0)),
    )


def drift_of(seed: int, phase: Floats) -> Floats:
    """Return the position of the animal on the treadmill.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    phase : ndarray of float64, shape (n,)
        Phase of the stride in cycles.

    Returns
    -------
    ndarray of float64, shape (n,)
        Shift forward in pixels.
    """
    return 4.0 * wander(seed, "forward", phase, 0.03, 0.2)


def offset_of(limb: str, gait: Gait) -> float:
    """Return the phase of a limb relative to the near hind limb. Diagonal limbs step almost together.

    Parameters
    ----------
    limb : str
        One of `LIMBS`.
    gait : Gait
        Gait of the animal.

    Returns
    -------
    float
        Phase in cycles.
    """
    return {"near hind": 0.0, "far hind": 0.5, "near fore": 0.5 + gait.lead, "far fore": gait.lead}[limb]


def cycle(share: Floats, keys: tuple[tuple[float, ...], tuple[float, ...]]) -> Floats:
    """Interpolate a direction in the gait cycle.

    Parameters
    ----------
    share : ndarray of float64, shape (n,)
        Position in the cycle, 0 to 1.
    keys : tuple of (tuple of float, tuple of float)
        Positions in the cycle, and the direction at each of them in degrees.

    Returns
    -------
    ndarray of float64, shape (n,)
        Directions in radians.
    """
    places, values = np.asarray(keys[0], float), np.radians(np.asarray(keys[1], float))
    left = np.clip(np.searchsorted(places, share, side="right") - 1, 0, len(places) - 2)
    within = ramp((share - places[left]) / (places[left + 1] - places[left]))
    value: Floats = values[left] + within * (values[left + 1] - values[left])
    return value


@lru_cache(maxsize=256)
def _landings(seed: int, limb: str) -> Floats:
    rng = np.random.default_rng((seed, 29, *limb.encode()))
    usual = rng.normal(0, 1, 1009)
    return np.where(rng.uniform(size=1009) < 0.06, usual + 3.0, usual)  # a few steps are longer


def _landing(seed: int, gait: Gait, limb: str, number: Floats) -> Floats:
    """Deviation of the landing position of a paw from its mean in each stride, in pixels."""
    table = gait.jitter * _landings(seed, limb)
    value: Floats = table[number.astype(int) % len(table)] + drift_of(seed, number - offset_of(limb, gait))
    return value


def angles_of(seed: int, gait: Gait, proportions: Proportions, intent: Intent) -> Floats:
    """Compute joint angles from a target posture.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    gait : Gait
        Gait of the animal.
    proportions : Proportions
        Proportions of the animal.
    intent : Intent
        Target posture of n frames.

    Returns
    -------
    ndarray of float64, shape (n, joints)
        Joint angles in radians, in the order of `JOINTS`.
    """
    pelvis = np.stack([intent.forward, intent.height], -1)
    spine = Spine(pelvis, intent.pitch, intent.arch)
    limbs = [_limb_angles(seed, gait, proportions, intent, spine, limb) for limb in LIMBS]
    trunk = (intent.pitch, intent.arch, intent.neck, intent.head, intent.tail, intent.bend)
    return np.concatenate([*limbs, np.stack(trunk, -1)], axis=1)


def _limb_angles(
    seed: int, gait: Gait, proportions: Proportions, intent: Intent, spine: Spine, limb: str
) -> Floats:
    step, hind = intent.steps[limb], limb.endswith("hind")
    phase = intent.phase + offset_of(limb, gait)
    number = np.floor(phase)
    stance = np.clip((phase - number) / gait.duty, 0, 1)
    swing = np.clip((phase - number - gait.duty) / (1 - gait.duty), 0, 1)
    share = 0.5 * (stance + swing)
    here, after = (_landing(seed, gait, limb, number + one) for one in (0.0, 1.0))
    ease = swing - np.sin(2 * np.pi * swing) / (2 * np.pi)
    place = here + ease * (after - here)
    half = 0.5 * gait.stride * gait.duty
    step_x = step.reach * (half - 2 * half * stance + 2 * half * ease) + step.shift
    arc = (1.0 if hind else 0.6) * gait.lift * step.lift * np.sin(np.pi * swing) ** 1.3
    arc = arc + step.hold * (1 - np.exp(-(((share - 0.25) / 0.1) ** 2)))
    if hind:
        foot, toes = cycle(share, FOOT_CYCLE) + step.foot, cycle(share, TOES_CYCLE) + step.toes
        sole = SOLE + arc + np.maximum(0.0, -TOES * proportions.hind * np.sin(toes))
        ankle = np.stack([place + step_x - 2.0, sole], -1) - FOOT * proportions.hind * towards(foot)
        return reach(limb, spine, ankle, (foot, toes), proportions)
    paw = cycle(share, PAW_CYCLE) + step.foot
    tip = np.stack([place + 0.985 * TRUNK + step_x + 4.0, SOLE + arc], -1)
    return reach(limb, spine, tip - PAW * proportions.fore * towards(paw), (paw,), proportions)
