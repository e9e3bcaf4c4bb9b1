"""How a healthy animal moves: every value is a closed formula of time, so any frame can be had alone.

The phase of the stride drifts slowly and is not a pure function of the clock; paws stand on the belt, which
moves by one stride length a cycle, and land a little elsewhere in every stride.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from .body import FOOT, LIMBS, PAW, SOLE, TOES, TRUNK, Floats, Proportions, Spine, reach, towards
from .bouts import ramp
from .style import Gait

EVENT_CELL = 5.0  # seconds; a healthy animal looks up, hesitates or steps wide now and then
# Directions of foot, toes and paw through the cycle: stance from 0 to 0.5, swing from 0.5 to 1.
FOOT_CYCLE = ((0, 0.2, 0.38, 0.5, 0.66, 0.84, 1), (-22, -28, -42, -58, -64, -40, -22))
TOES_CYCLE = ((0, 0.1, 0.42, 0.52, 0.67, 0.86, 1), (8, 0, 0, -12, -44, -14, 8))
PAW_CYCLE = ((0, 0.1, 0.34, 0.5, 0.66, 0.86, 1), (-14, -12, -22, -48, -74, -38, -14))


@dataclass
class Step:
    """How one limb steps in many frames, each (n,) or one number."""

    reach: Floats | float = 1.0  # length of the step, 1 is a healthy one
    lift: Floats | float = 1.0  # height of the swing
    hold: Floats | float = 0.0  # height at which the paw is carried but for a short touch, pixels
    shift: Floats | float = 0.0  # forward, pixels
    foot: Floats | float = 0.0  # turns of foot or paw, and of the toes, radians
    toes: Floats | float = 0.0


@dataclass
class Intent:
    """Where an animal means to hold trunk, head, tail and paws; each (n,)."""

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
    """Return a slow random movement of standard deviation 1, a sum of five sine waves.

    Parameters
    ----------
    seed : int
        Of the animal.
    name : str
        Of what moves; another name moves otherwise.
    time : ndarray, shape (n,)
        Seconds, or strides.
    low, high : float
        Slowest and fastest rate.

    Returns
    -------
    ndarray, shape (n,)
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
    """Return smooth bumps between 0 and 1 that come now and then.

    Parameters
    ----------
    seed, name, time
        As in `wander`.
    chance : float
        Of one in `EVENT_CELL` seconds.

    Returns
    -------
    ndarray, shape (n,)
    """
    total = np.zeros_like(time)
    for cell in np.unique((time // EVENT_CELL).astype(int)):
        begin, length, size = _event(seed, name, int(cell), chance)
        middle = length / 2
        total += size * ramp((time - begin) / middle) * ramp((begin + length - time) / middle)
    return total


def phase_of(seed: int, gait: Gait, time: Floats) -> Floats:
    """Return the phase of the stride in cycles, never decreasing.

    Parameters
    ----------
    seed : int
        Of the animal.
    gait : Gait
        Its style.
    time : ndarray, shape (n,)
        Seconds.

    Returns
    -------
    ndarray, shape (n,)
    """
    drift = 0.16 * wander(seed, "phase", time, 0.05, 0.4)
    return time / gait.period + drift - 0.26 * events(seed, "hesitate", time, 0.5) + (seed % 97) / 97


def healthy(seed: int, gait: Gait, time: Floats) -> Intent:
    """Return what a healthy animal does at each time.

    Parameters
    ----------
    seed, gait, time
        As in `phase_of`.

    Returns
    -------
    Intent
        Of every frame.
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
    """Return how far forward on the treadmill the animal walks at a phase, pixels."""
    return 4.0 * wander(seed, "forward", phase, 0.03, 0.2)


def offset_of(limb: str, gait: Gait) -> float:
    """Return the phase of a limb against the near hind one; diagonal limbs step nearly together."""
    return {"near hind": 0.0, "far hind": 0.5, "near fore": 0.5 + gait.lead, "far fore": gait.lead}[limb]


def cycle(share: Floats, keys: tuple[tuple[float, ...], tuple[float, ...]]) -> Floats:
    """Return directions in radians through the cycle, smooth between the given degrees."""
    places, values = np.asarray(keys[0], float), np.radians(np.asarray(keys[1], float))
    left = np.clip(np.searchsorted(places, share, side="right") - 1, 0, len(places) - 2)
    within = ramp((share - places[left]) / (places[left + 1] - places[left]))
    value: Floats = values[left] + within * (values[left + 1] - values[left])
    return value


@lru_cache(maxsize=256)
def _landings(seed: int, limb: str) -> Floats:
    rng = np.random.default_rng((seed, 29, *limb.encode()))
    usual = rng.normal(0, 1, 1009)
    return np.where(rng.uniform(size=1009) < 0.06, usual + 3.0, usual)  # now and then a longer step


def _landing(seed: int, gait: Gait, limb: str, number: Floats) -> Floats:
    """Where a paw lands in a stride, less its usual place, pixels."""
    table = gait.jitter * _landings(seed, limb)
    value: Floats = table[number.astype(int) % len(table)] + drift_of(seed, number - offset_of(limb, gait))
    return value


def angles_of(seed: int, gait: Gait, proportions: Proportions, intent: Intent) -> Floats:
    """Return the joint angles of what an animal means to do.

    Parameters
    ----------
    seed : int
        Of the animal.
    gait : Gait
        Its style.
    proportions : Proportions
        Lengths of its limbs.
    intent : Intent
        Of n frames.

    Returns
    -------
    ndarray, shape (n, joints)
        Radians, in the order of `JOINTS`.
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
