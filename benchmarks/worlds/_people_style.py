"""How one person walks, healthy or impaired: individual style, and the changes of each kind of impairment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from _cast import Floats, Subject, events, wander
from _people_gait import SIDES, TOE_OFF, Intent, Sizes, curve, within


@dataclass(frozen=True)
class Style:
    """Individual gait of a person. Angles are in degrees, lengths in metres."""

    period: float  # seconds of a stride
    step: float  # relative size of hip and knee movements
    lean: float
    swing: float  # movement of the shoulder joint to each side
    elbow: float
    spread: float
    width: float  # half of the distance between the feet
    list: float
    turn: float
    nod: float
    uneven: float  # right arm swings more than the left one

    @classmethod
    def of(cls, subject: Subject) -> Style:
        """Draw the style of a subject."""
        rng = subject.random("style")
        return cls(
            period=float(rng.uniform(1.02, 1.24)),
            step=float(rng.uniform(0.88, 1.06)),
            lean=float(rng.normal(3.0, 1.6)),
            swing=float(rng.uniform(11, 20)),
            elbow=float(rng.uniform(16, 34)),
            spread=float(rng.uniform(8.5, 12.0)),
            width=float(rng.uniform(0.045, 0.07)),
            list=float(rng.uniform(2.5, 5.0)),
            turn=float(rng.uniform(3.0, 6.0)),
            nod=float(rng.normal(2.0, 3.0)),
            uneven=float(rng.normal(0, 0.10)),
        )


def sizes_of(subject: Subject) -> Sizes:
    """Draw the lengths of a body.

    Parameters
    ----------
    subject : Subject
        The person.

    Returns
    -------
    Sizes
        Lengths in metres.
    """
    rng = subject.random("sizes")
    return Sizes(float(rng.normal(1.72, 0.07)), float(rng.uniform(0.97, 1.03)))


def impaired_side(subject: Subject) -> str:
    """Return the side of the impairment, ``"right"`` or ``"left"``.

    Parameters
    ----------
    subject : Subject
        The person.

    Returns
    -------
    str
        Tremor is on the right, where the camera is; other kinds are on either side.
    """
    return "right" if subject.kind == "tremor" else str(subject.random("side").choice(SIDES))


def intent_of(subject: Subject, time: Floats, strength: Floats, factor: float = 1.0) -> Intent:
    """Return what a person is about to do.

    Parameters
    ----------
    subject : Subject
        The person.
    time : ndarray of float64, shape (t,)
        Seconds.
    strength : ndarray of float64, shape (t,)
        Envelope of the impairment times its severity.
    factor : float
        Of the changed angles. The cadence stays that of factor 1.

    Returns
    -------
    Intent
        Angles and phases.
    """
    style, rng = Style.of(subject), subject.random("moment")
    faster = {"shuffle": 0.16, "antalgic": -0.06, "stiff_knee": -0.05}.get(subject.kind, 0.0)
    rate = (1 + 0.022 * wander(rng, time) + faster * strength) / style.period
    phase = np.cumsum(rate) * (time[1] - time[0]) + rng.uniform()
    legs = {"right": phase, "left": phase + 0.5}
    if subject.kind == "antalgic":
        legs = _limp(legs, impaired_side(subject), factor * strength)
    intent = _healthy(style, rng, time, legs)
    if subject.kind:
        CHANGES[subject.kind](intent, impaired_side(subject), factor * strength, time)
    return intent


def _healthy(style: Style, rng: np.random.Generator, time: Floats, legs: dict[str, Floats]) -> Intent:
    size = style.step * (1 + 0.025 * wander(rng, time))
    hip = {side: size * curve("hip", legs[side]) for side in SIDES}
    knee = {side: 3 + size * (curve("knee", legs[side]) - 3) for side in SIDES}
    pitch = {}
    for side in SIDES:
        sole = hip[side] - knee[side] + curve("ankle", legs[side])
        flat = within(legs[side], 0.05, 0.40, 0.09)
        pitch[side] = np.where(sole < 0, 0.86, 1.0) * sole * (1 - flat)
    turn = 2 * np.pi * legs["right"]
    arms = {"right": legs["left"], "left": legs["right"]}
    swing = style.swing * (1 + 0.08 * wander(rng, time))
    uneven = {"right": 1 + style.uneven, "left": 1 - style.uneven}
    arm = {
        side: -3 + uneven[side] * swing * np.cos(2 * np.pi * (arms[side] - 0.02)) + 2 * wander(rng, time)
        for side in SIDES
    }
    look, glance = events(rng, time, 0.10, 1.6), events(rng, time, 0.06, 1.2)
    return Intent(
        phase=legs,
        hip=hip,
        knee=knee,
        pitch=pitch,
        out={side: np.zeros_like(time) for side in SIDES},
        arm=arm,
        spread={side: style.spread + 0.8 * wander(rng, time) for side in SIDES},
        elbow={
            side: style.elbow + 0.55 * np.clip(arm[side] + 10, 0, None) + 2 * wander(rng, time)
            for side in SIDES
        },
        wrist={side: 4 + 3 * wander(rng, time) for side in SIDES},
        list=style.list * -np.sin(turn + 0.35),
        turn=style.turn * np.cos(turn),
        lean=style.lean + 1.1 * np.cos(2 * turn + 0.6) + 0.8 * wander(rng, time),
        sway=1.6 * np.sin(turn) + 0.5 * wander(rng, time),
        nod=style.nod + 1.0 * np.cos(2 * turn - 0.4) + 1.6 * wander(rng, time) + 6 * np.abs(glance),
        look=4 * wander(rng, time) + 26 * look,
    )


def _limp(legs: dict[str, Floats], side: str, strength: Floats) -> dict[str, Floats]:
    """Shorten the stance of one leg: the other foot lands early, and stays longer."""
    other = _other(side)
    whole = np.floor(legs[side])
    # Where in the cycle of the sore leg its own and the other leg have which phase.
    own = whole + np.interp(legs[side] - whole, [0, 0.53, 1], [0, TOE_OFF, 1])
    at = [0, 0.10, 0.40, 1]
    late = whole + np.interp(legs[side] - whole, at, [0.53, TOE_OFF, 1.0, 1.53])
    late += np.round(np.mean(legs[other] - late))
    mix = np.clip(strength, 0, 1.3)
    return {side: legs[side] + mix * (own - legs[side]), other: legs[other] + mix * (late - legs[other])}


def _foot_drop(intent: Intent, side: str, size: Floats, time: Floats) -> None:
    """Let the toes hang down in swing; hip and knee lift the foot higher, and it slaps down."""
    phase = intent.phase[side]
    swing = size * within(phase, 0.66, 1.02, 0.14)
    intent.pitch[side] = intent.pitch[side] - 26 * swing
    lift = size * within(phase, 0.60, 0.98, 0.16)
    intent.hip[side] = intent.hip[side] + 12 * lift
    intent.knee[side] = intent.knee[side] + 17 * lift
    sign = _sign(side)
    intent.list = intent.list - sign * 2 * lift
    intent.sway = intent.sway - sign * 2 * lift


def _stiff_knee(intent: Intent, side: str, size: Floats, time: Floats) -> None:
    """Bend the knee hardly in swing; the pelvis lifts the leg, which swings outwards."""
    phase = intent.phase[side]
    stiff = np.clip(0.62 * size, 0, 0.85)
    swing = size * within(phase, 0.56, 1.02, 0.2)
    intent.knee[side] = 5 + (intent.knee[side] - 5) * (1 - stiff)
    intent.hip[side] = intent.hip[side] * (1 - 0.18 * size) - 2 * swing
    intent.pitch[side] = intent.pitch[side] * (1 - 0.55 * stiff)
    intent.out[side] = intent.out[side] + 0.07 * size
    sign = _sign(side)
    intent.list = intent.list - sign * 7 * swing
    intent.sway = intent.sway - sign * 5 * swing
    vault = size * within(intent.phase[_other(side)], 0.15, 0.50, 0.13)
    intent.pitch[_other(side)] = intent.pitch[_other(side)] - 9 * vault


def _antalgic(intent: Intent, side: str, size: Floats, time: Floats) -> None:
    """Stance on the sore leg is short, with a bent knee and the trunk over it; the arms are held still."""
    phase = intent.phase[side]
    stance = size * within(phase, 0.0, TOE_OFF, 0.15)
    sign = _sign(side)
    intent.knee[side] = intent.knee[side] + 9 * stance
    intent.hip[side] = intent.hip[side] + 5 * stance
    intent.pitch[side] = intent.pitch[side] * (1 - np.clip(0.45 * size, 0, 0.8))
    intent.sway = intent.sway + sign * 8 * stance
    intent.lean = intent.lean + 4 * size + 3 * stance
    for each in SIDES:
        intent.arm[each] = (intent.arm[each] + 3) * (1 - np.clip(0.35 * size, 0, 0.8)) - 3


def _shuffle(intent: Intent, side: str, size: Floats, time: Floats) -> None:
    """Short flat steps, bent knees, stooped trunk, and arms that hardly swing, as in Parkinson's disease."""
    small = np.clip(0.46 * size, 0, 0.7)
    for each in SIDES:
        intent.hip[each] = 9 * size + intent.hip[each] * (1 - small)
        intent.knee[each] = 15 * size + intent.knee[each] * (1 - small)
        intent.pitch[each] = intent.pitch[each] * (1 - np.clip(0.7 * size, 0, 0.9))
        intent.arm[each] = intent.arm[each] * (1 - np.clip(0.85 * size, 0, 0.95)) - 2 * size
        intent.elbow[each] = intent.elbow[each] + 26 * size
    intent.lean = intent.lean + 13 * size
    intent.nod = intent.nod + 8 * size
    intent.turn = intent.turn * (1 - small)


def _tremor(intent: Intent, side: str, size: Floats, time: Floats) -> None:
    """One arm is held bent and still while the hand beats at 5 Hz, a tremor at rest."""
    held = np.clip(0.75 * size, 0, 0.95)
    beat = np.sin(2 * np.pi * 4.9 * time)
    intent.arm[side] = intent.arm[side] * (1 - held) + 2 * size
    intent.elbow[side] = intent.elbow[side] * (1 - held) + size * (48 + 7 * beat)
    intent.wrist[side] = intent.wrist[side] + size * (10 + 26 * np.sin(2 * np.pi * 4.9 * time + 0.7))
    intent.spread[side] = intent.spread[side] + 3 * size


def _other(side: str) -> str:
    return "left" if side == "right" else "right"


def _sign(side: str) -> int:
    """1 for the right: list and sway are positive to the right."""
    return 1 if side == "right" else -1


Change = Callable[[Intent, str, Floats, Floats], None]
CHANGES: dict[str, Change] = {
    "foot_drop": _foot_drop,
    "stiff_knee": _stiff_knee,
    "antalgic": _antalgic,
    "shuffle": _shuffle,
    "tremor": _tremor,
}
