"""How a dog walks, turns and stops: its way, where the paws stand, and the angles of its legs.

Paws stand still on the floor in stance. Their order is the lateral sequence of a walking dog: hind paw, then
the fore paw of the same side. A paw that has left the floor lands even if the dog stops.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from _cast import Floats, Subject, events, smooth, wander
from scipy.ndimage import gaussian_filter1d

LEGS = ("left hind", "right hind", "left fore", "right fore")
OFFSETS = {"left hind": 0.0, "left fore": 0.22, "right hind": 0.5, "right fore": 0.72}
DUTY = 0.65  # stance, as a fraction of the cycle
LONGEST_SWING = 0.42  # seconds
REACH = 0.20  # metres that a paw lands from its usual place at most
KINDS = ("hind_lame", "fore_lame", "paw_drag", "ataxia", "hunch")


@dataclass
class Plan:
    """What a dog is about to do, each of shape (t,). Angles are in degrees, lengths in metres.

    Dictionaries have a value for each leg: fraction of the stance, height of the swing, and how far forward
    and outward the paw lands.
    """

    time: Floats
    speed: Floats
    heading: Floats
    phase: Floats
    neck: Floats  # down is positive
    look: Floats
    nod: Floats
    tail: Floats  # up is positive
    wag: Floats
    arch: Floats
    pitch: Floats
    roll: Floats  # of the pelvis, left side down is positive
    swing: Floats  # of the pelvis to the left
    height: Floats
    duty: dict[str, Floats]
    lift: dict[str, Floats]
    ahead: dict[str, Floats]
    out: dict[str, Floats]
    knuckle: dict[str, Floats] = field(default_factory=dict)
    jitter: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Steps:
    """One leg over time: paw on the floor, shape (t, 3), and where it is in its stance or swing, (t,)."""

    paw: Floats
    stance: Floats  # 0 to 1 in stance, 1 in swing
    swing: Floats  # 0 to 1 in swing, 0 in stance


def side_of(subject: Subject) -> str:
    """Return the side of the impairment.

    Parameters
    ----------
    subject : Subject
        The dog.

    Returns
    -------
    str
        ``"left"`` or ``"right"``.
    """
    return str(subject.random("side").choice(["left", "right"]))


def plan_of(subject: Subject, time: Floats, envelope: Floats, factor: float = 1.0) -> Plan:
    """Return what a dog is about to do.

    Parameters
    ----------
    subject : Subject
        The dog.
    time : ndarray of float64, shape (t,)
        Seconds.
    envelope : ndarray of float64, shape (t,)
        Strength of the impairment, 0 to 1.
    factor : float
        Of the changed posture. Speed and steps stay those of factor 1.

    Returns
    -------
    Plan
        Way, trunk, head and tail, and how the paws are set.
    """
    style, rng = subject.random("style"), subject.random("moment")
    strength = subject.severity * envelope
    # A dog does not stop within a bout, in which nothing would be seen then.
    stops = np.abs(events(rng, time, 0.07, 2.2)) * (1 - envelope * (subject.course == "episodic"))
    pace = style.uniform(0.50, 0.68) * (1 + 0.10 * wander(rng, time)) * (1 - smooth(1.8 * stops))
    slower = {"hunch": 0.25, "hind_lame": 0.15, "fore_lame": 0.15}.get(subject.kind, 0.0)
    speed = gaussian_filter1d(pace * (1 - slower * strength), 0.12 / (time[1] - time[0]))
    heading = style.uniform(14, 24) * wander(rng, time, 0.06, 0.3)
    length = style.uniform(0.36, 0.41) + 0.22 * speed
    if subject.kind == "hunch":
        length = length * (1 - 0.22 * np.clip(strength, 0, 1.4))
    turning = 0.0015 * np.abs(np.gradient(heading, time))
    phase = np.cumsum(speed / length + turning) * (time[1] - time[0]) + rng.uniform()
    walking = np.clip(speed / 0.5, 0, 1)
    turn = 2 * np.pi * phase
    low, aside = np.clip(events(rng, time, 0.10, 1.8), 0, 1), events(rng, time, 0.12, 1.5)
    happy = smooth(2 * np.abs(events(rng, time, 0.12, 2.5)))
    plan = Plan(
        time=time,
        speed=speed,
        heading=heading,
        phase=phase,
        neck=style.normal(12, 7) + 4 * wander(rng, time) + 34 * low + 2.5 * walking * np.cos(2 * turn),
        look=5 * wander(rng, time) + 30 * aside,
        nod=style.normal(0, 5) + 3 * wander(rng, time) - 8 * low,
        tail=style.normal(5, 14) + 5 * wander(rng, time) + 15 * happy,
        wag=6 * wander(rng, time) + 4 * walking * np.sin(turn) + 26 * happy * np.sin(2 * np.pi * 2.4 * time),
        arch=style.normal(0, 2.0) + 0.8 * walking * np.cos(2 * turn),
        pitch=0.8 * walking * np.cos(2 * turn + 1.0) + 0.6 * wander(rng, time),
        roll=3.0 * walking * np.sin(turn + 0.4),
        swing=0.010 * walking * np.sin(turn),
        height=-0.016 + 0.004 * walking * np.cos(2 * turn),
        duty={leg: np.full_like(time, DUTY) for leg in LEGS},
        lift={leg: np.full_like(time, 0.055 if leg.endswith("hind") else 0.065) for leg in LEGS},
        ahead={leg: np.zeros_like(time) for leg in LEGS},
        out={leg: np.zeros_like(time) - 0.012 for leg in LEGS},
        knuckle={leg: np.zeros_like(time) for leg in LEGS},
        jitter=dict.fromkeys(LEGS, 0.010),
    )
    if subject.kind:
        _CHANGES[subject.kind](plan, side_of(subject), factor * strength, rng)
    return plan


def steps_of(leg: str, plan: Plan, ground: Floats, left: Floats, rng: np.random.Generator) -> Steps:
    """Set a paw on the floor, step by step.

    Parameters
    ----------
    leg : str
        One of `LEGS`.
    plan : Plan
        What the dog is about to do.
    ground : ndarray of float64, shape (t, 2)
        Where the paw would be if the dog stood.
    left : ndarray of float64, shape (t, 2)
        Direction to the left of the dog.
    rng : numpy.random.Generator
        For the small differences between steps.

    Returns
    -------
    Steps
        The paw.
    """
    time, phase = plan.time, plan.phase + OFFSETS[leg]
    sign = 1 if leg.startswith("left") else -1
    paw = np.zeros((len(time), 3))
    stance, swing = np.zeros(len(time)), np.zeros(len(time))
    forward = np.stack([left[:, 1], -left[:, 0]], -1)
    begin, here = 0, ground[0]
    for number in range(int(np.floor(phase[0])), int(np.ceil(phase[-1])) + 1):
        gone = np.flatnonzero((phase - number >= plan.duty[leg]) & (np.arange(len(time)) >= begin))
        lifted = int(gone[0]) if len(gone) else len(time)
        land = int(np.searchsorted(phase, number + 1))
        land = min(land, lifted + int(LONGEST_SWING / (time[1] - time[0])), len(time))
        paw[begin:lifted, :2] = here
        stance[begin:lifted] = np.clip((phase[begin:lifted] - number) / plan.duty[leg][begin:lifted], 0, 1)
        if lifted >= len(time):
            break
        moment = min(land, len(time) - 1)
        middle = min(int(np.searchsorted(phase, number + 1 + DUTY / 2)), len(time) - 1)
        way = ground[middle] - ground[moment]
        way *= min(1.0, REACH / max(float(np.hypot(*way)), 1e-9))
        there = ground[moment] + way + plan.jitter[leg] * rng.normal(size=2)
        there = (
            there + plan.ahead[leg][moment] * forward[moment] + sign * plan.out[leg][moment] * left[moment]
        )
        share = (np.arange(lifted, land) - lifted + 0.5) / max(land - lifted, 1)
        ease = share - np.sin(2 * np.pi * share) / (2 * np.pi)
        paw[lifted:land, :2] = here + ease[:, None] * (there - here)
        paw[lifted:land, 2] = plan.lift[leg][lifted:land] * np.sin(np.pi * share) ** 1.3
        stance[lifted:land], swing[lifted:land] = 1.0, share
        begin, here = land, there
    else:
        paw[begin:, :2] = here
    return Steps(paw, stance, swing)


def bearing(leg: str, plan: Plan) -> Floats:
    """Return a smooth window of the stance of a leg.

    Parameters
    ----------
    leg : str
        One of `LEGS`.
    plan : Plan
        What the dog is about to do.

    Returns
    -------
    ndarray of float64, shape (t,)
        1 in the middle of the stance, 0 in swing.
    """
    share = (plan.phase + OFFSETS[leg]) % 1 / DUTY
    return np.where(share < 1, np.sin(np.pi * np.clip(share, 0, 1)) ** 1.2, 0.0)


def _hind_lame(plan: Plan, side: str, size: Floats, rng: np.random.Generator) -> None:
    """Shorten stance and step of a hind leg, lift this hip, and nod while the leg bears weight."""
    leg, sign = f"{side} hind", 1 if side == "left" else -1
    load = size * bearing(leg, plan)
    plan.duty[leg] = plan.duty[leg] - 0.15 * size
    plan.ahead[leg] = plan.ahead[leg] + 0.035 * size
    plan.roll = plan.roll - sign * (3 * size + 7 * load)
    plan.height = plan.height + 0.008 * size
    plan.neck = plan.neck + 5 * size + 11 * load
    plan.pitch = plan.pitch + 2.5 * size
    plan.knuckle[leg] = plan.knuckle[leg] + 0.45 * size
    plan.tail = plan.tail - 12 * size


def _fore_lame(plan: Plan, side: str, size: Floats, rng: np.random.Generator) -> None:
    """Shorten stance and step of a fore leg; the head goes up when it bears weight, and down on the other."""
    leg, other = f"{side} fore", f"{'right' if side == 'left' else 'left'} fore"
    plan.duty[leg] = plan.duty[leg] - 0.15 * size
    plan.ahead[leg] = plan.ahead[leg] - 0.03 * size
    plan.neck = plan.neck + size * (15 * bearing(other, plan) - 20 * bearing(leg, plan))
    plan.pitch = plan.pitch + size * (2.5 * bearing(other, plan) - 3.5 * bearing(leg, plan))
    plan.knuckle[leg] = plan.knuckle[leg] + 0.3 * size


def _paw_drag(plan: Plan, side: str, size: Floats, rng: np.random.Generator) -> None:
    """Drag a hind paw over the floor with the toes curled under, and set it down late and short."""
    leg, sign = f"{side} hind", 1 if side == "left" else -1
    plan.lift[leg] = plan.lift[leg] * (1 - np.clip(0.9 * size, 0, 0.97))
    plan.ahead[leg] = plan.ahead[leg] - 0.055 * size
    plan.knuckle[leg] = plan.knuckle[leg] + 1.0 * size
    plan.roll = plan.roll + sign * 3.5 * size
    plan.tail = plan.tail - 14 * size
    plan.swing = plan.swing + sign * 0.012 * size


def _ataxia(plan: Plan, side: str, size: Floats, rng: np.random.Generator) -> None:
    """Sway with the hindquarters on paws that are set wide, high and irregularly."""
    for leg in ("left hind", "right hind"):
        plan.out[leg] = plan.out[leg] + 0.055 * size
        plan.lift[leg] = plan.lift[leg] * (1 + 0.8 * size)
        plan.ahead[leg] = plan.ahead[leg] + 0.04 * size * wander(rng, plan.time, 0.6, 1.6)
    plan.swing = plan.swing + 0.028 * size * wander(rng, plan.time, 0.5, 1.3)
    plan.roll = plan.roll + 5.5 * size * wander(rng, plan.time, 0.5, 1.4)
    plan.height = plan.height - 0.012 * size


def _hunch(plan: Plan, side: str, size: Floats, rng: np.random.Generator) -> None:
    """Arch the back stiffly, lower head and tail, and take short steps."""
    plan.arch = plan.arch + 18 * size
    plan.neck = plan.neck + 20 * size
    plan.nod = plan.nod - 8 * size
    plan.tail = plan.tail - 38 * size
    plan.height = plan.height + 0.006 * size
    for leg in LEGS:
        plan.lift[leg] = plan.lift[leg] * (1 - np.clip(0.3 * size, 0, 0.6))


_CHANGES = dict(zip(KINDS, (_hind_lame, _fore_lame, _paw_drag, _ataxia, _hunch), strict=True))
