"""How a person walks: joint angles over the gait cycle, feet that stand still on the belt, and the pelvis.

The curves are typical values of healthy adults at natural cadence after D. A. Winter, The Biomechanics and
Motor Control of Human Gait (2nd ed., 1991), rounded: hip from the vertical (flexion positive), knee
(flexion positive) and ankle (dorsiflexion positive), over the cycle from heel contact. They are kept as
Fourier series. The legs are then solved so that a foot that bears weight rolls over heel, sole and ball
without sliding on the belt; the joint angles that result are the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from _cast import Floats, smooth
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

HARMONICS = 8
TOE_OFF = 0.62  # of the cycle
HIP = {0: 20, 10: 17, 20: 10, 30: 1, 40: -6, 50: -11, 54: -11.5, 60: -7, 70: 6, 80: 18, 86: 21.5, 92: 21.5}
KNEE = {
    0: 4,
    6: 13,
    14: 20,
    20: 18,
    30: 11,
    40: 7,
    45: 8,
    50: 14,
    60: 37,
    66: 55,
    72: 63,
    80: 51,
    90: 17,
    96: 3,
}
ANKLE = {0: 0, 6: -6, 10: -5, 20: 2, 30: 6, 40: 9, 45: 9.5, 50: 5, 56: -8, 62: -19, 70: -10, 80: -1, 90: 1}
SIDES = ("right", "left")
Sides = dict[str, Floats]


def _series(points: dict[int, float]) -> Floats:
    at = np.array([*points, 100]) / 100
    values = np.array([*points.values(), points[0]], float)
    wide = PchipInterpolator(
        np.concatenate([at[:-1] - 1, at, at[1:] + 1]), np.concatenate([values[:-1], values, values[1:]])
    )
    return np.asarray(np.fft.rfft(wide(np.arange(200) / 200))[: HARMONICS + 1] / 200)


SERIES = {"hip": _series(HIP), "knee": _series(KNEE), "ankle": _series(ANKLE)}


def curve(joint: str, phase: Floats) -> Floats:
    """Return a joint angle of a healthy adult.

    Parameters
    ----------
    joint : str
        ``"hip"``, ``"knee"`` or ``"ankle"``.
    phase : ndarray of float64, shape (t,)
        Phase of the leg in cycles; whole numbers are heel contacts.

    Returns
    -------
    ndarray of float64, shape (t,)
        Degrees.
    """
    terms = SERIES[joint]
    waves = np.exp(2j * np.pi * phase[:, None] * np.arange(1, len(terms))) * terms[1:]
    return np.asarray(terms[0].real + 2 * waves.sum(1).real)


def within(phase: Floats, start: float, stop: float, edge: float = 0.06) -> Floats:
    """Return a smooth window of the cycle.

    Parameters
    ----------
    phase : ndarray of float64, shape (t,)
        Phase in cycles.
    start, stop : float
        Where the window begins and ends; ``stop`` can be greater than 1.
    edge : float
        Width of its edges, within the window.

    Returns
    -------
    ndarray of float64, shape (t,)
        0 outside, 1 inside.
    """
    value = np.zeros_like(phase)
    for turn in (0, 1):
        place = phase % 1 + turn
        value = np.maximum(value, smooth((place - start) / edge) * smooth((stop - place) / edge))
    return value


@dataclass(frozen=True)
class Sizes:
    """Lengths of a body in metres, from its stature by the ratios of Drillis and Contini (in Winter 2009)."""

    stature: float
    legs: float = 1.0  # relative length

    @property
    def thigh(self) -> float:
        """From hip to knee."""
        return 0.245 * self.stature * self.legs

    @property
    def shank(self) -> float:
        """From knee to ankle."""
        return 0.246 * self.stature * self.legs

    @property
    def ankle(self) -> float:
        """Height of the ankle above the ground, with a shoe."""
        return 0.045 * self.stature

    @property
    def heel(self) -> float:
        """From the ankle back to the heel."""
        return 0.036 * self.stature

    @property
    def ball(self) -> float:
        """From the ankle forward to the ball of the foot."""
        return 0.072 * self.stature

    @property
    def hip(self) -> float:
        """Half of the distance between the hip joints."""
        return 0.052 * self.stature


@dataclass
class Intent:
    """What a person is about to do, in degrees, each of shape (t,). Kinds of impairment change it.

    ``out`` is how far a swinging foot is carried outwards, in metres. ``arm`` is the flexion of the shoulder.
    """

    phase: Sides
    hip: Sides
    knee: Sides
    pitch: Sides  # of the sole; toes up is positive
    out: Sides
    arm: Sides
    spread: Sides
    elbow: Sides
    wrist: Sides
    list: Floats  # of the pelvis; right side down is positive
    turn: Floats  # of the pelvis; right side forward is positive
    lean: Floats  # of the trunk, forward
    sway: Floats  # of the trunk, to the right
    nod: Floats
    look: Floats


@dataclass(frozen=True)
class Walk:
    """The solved movement: joint angles of the legs in degrees and places, each of shape (t,) or (t, 3)."""

    hip: Sides
    knee: Sides
    ankle: Sides
    spread: Sides  # abduction of the hip from the vertical, to the left
    toes: Sides
    pitch: Sides
    pelvis: Floats  # (t, 3), metres; the middle between the hips
    belt: Floats  # metres that the belt has moved
    feet: dict[str, Floats] = field(default_factory=dict)  # (t, 3), ankles
    bearing: Sides = field(default_factory=dict)  # share of the weight, 0 to 1


def roll(pitch: Floats, sizes: Sizes) -> tuple[Floats, Floats]:
    """Return where the ankle is while the foot rolls over the ground.

    Parameters
    ----------
    pitch : ndarray of float64, shape (t,)
        Pitch of the sole in radians.
    sizes : Sizes
        Of the body.

    Returns
    -------
    x, z : ndarray of float64, shape (t,)
        Metres forward of the place of the ankle when the sole is flat, and above the ground.
    """
    arm = np.where(pitch > 0, -sizes.heel, sizes.ball)
    forward = arm - (arm * np.cos(pitch) + sizes.ankle * np.sin(pitch))
    return forward, sizes.ankle * np.cos(pitch) - arm * np.sin(pitch)


def solve(intent: Intent, sizes: Sizes, rate: float, width: float) -> Walk:
    """Let the feet stand on the belt, and solve the legs.

    Parameters
    ----------
    intent : Intent
        What the person is about to do.
    sizes : Sizes
        Of the body.
    rate : float
        Frames per second.
    width : float
        Half of the distance between the feet in metres.

    Returns
    -------
    Walk
        The movement.
    """
    rolled, reach, load = {}, {}, {}
    for side in SIDES:
        hip, knee = np.radians(intent.hip[side]), np.radians(intent.knee[side])
        x = sizes.thigh * np.sin(hip) + sizes.shank * np.sin(hip - knee)
        z = -sizes.thigh * np.cos(hip) - sizes.shank * np.cos(hip - knee)
        reach[side], rolled[side] = (x, z), roll(np.radians(intent.pitch[side]), sizes)
        load[side] = 1e-6 + within(intent.phase[side], 0.0, TOE_OFF, 0.11)
    total = load["right"] + load["left"]
    speed = sum(load[side] * np.gradient(rolled[side][0] - reach[side][0]) for side in SIDES) / total
    travelled = np.cumsum(gaussian_filter1d(speed, 0.02 * rate))
    height = sum(load[side] * (rolled[side][1] - reach[side][1]) for side in SIDES) / total
    height = gaussian_filter1d(height, 0.03 * rate)
    feet = {
        side: _foot(intent, side, rolled[side], reach[side], travelled, height, rate, width) for side in SIDES
    }
    belt = _slow(travelled, 0.7 * rate)
    pelvis = np.stack([travelled, np.zeros_like(height), height], -1)
    hips = _hips(intent, sizes, pelvis)
    pelvis[:, 2] += _lower(hips, feet, load, 0.9985 * (sizes.thigh + sizes.shank), rate)
    hips = _hips(intent, sizes, pelvis)
    legs = {side: _leg(feet[side] - hips[side], sizes) for side in SIDES}
    shift = np.stack([belt, np.zeros_like(belt), np.zeros_like(belt)], -1)
    return Walk(
        *({side: legs[side][n] for side in SIDES} for n in range(2)),
        ankle={side: intent.pitch[side] - legs[side][0] + legs[side][1] for side in SIDES},
        spread={side: legs[side][2] for side in SIDES},
        toes={
            side: np.clip(-intent.pitch[side], 0, 32) * within(intent.phase[side], 0.2, 0.70, 0.05)
            for side in SIDES
        },
        pitch=intent.pitch,
        pelvis=pelvis - shift,
        belt=belt,
        feet={side: feet[side] - shift for side in SIDES},
        bearing={side: load[side] / total for side in SIDES},
    )


def _hips(intent: Intent, sizes: Sizes, pelvis: Floats) -> dict[str, Floats]:
    """Return the hip joints of a turned and listed pelvis."""
    turn, list_ = np.radians(intent.turn), np.radians(intent.list)
    right = sizes.hip * np.stack([np.sin(turn), -np.cos(turn) * np.cos(list_), -np.sin(list_)], -1)
    return {"right": pelvis + right, "left": pelvis - right}


def _foot(
    intent: Intent,
    side: str,
    rolled: tuple[Floats, Floats],
    reach: tuple[Floats, Floats],
    travelled: Floats,
    height: Floats,
    rate: float,
    width: float,
) -> Floats:
    """Return the ankle on the belt, shape (t, 3): fixed as a rolling foot in stance, and free in swing."""
    phase = intent.phase[side]
    stands = phase % 1 < TOE_OFF
    free = travelled + reach[0]
    x, wrong, known = free.copy(), np.zeros_like(free), np.zeros(len(free), bool)
    for number in np.unique(np.floor(phase)):
        here = stands & (np.floor(phase) == number)
        if here.any():
            anchor = np.average((free - rolled[0])[here], weights=1e-3 + within(phase[here], 0.02, 0.6, 0.2))
            wrong[here] = anchor + rolled[0][here] - free[here]
            known |= here
    frames = np.arange(len(free))
    # A cubic between two stances, so that the foot neither jumps nor stops at lift-off and landing.
    wrong[~known] = PchipInterpolator(frames[known], wrong[known], extrapolate=False)(frames)[~known]
    x = free + np.nan_to_num(wrong)
    lift = height + reach[1] - rolled[1]
    lift = 0.5 * (lift + np.sqrt(lift**2 + 0.012**2))
    swing = within(phase, TOE_OFF, 1.0, 0.08)
    z = rolled[1] + swing * lift
    sign = 1 if side == "left" else -1
    y = sign * (width + gaussian_filter1d(intent.out[side] * within(phase, TOE_OFF, 1.0, 0.19), 0.01 * rate))
    return np.stack([x, y, z], -1)


def _lower(
    hips: dict[str, Floats], feet: dict[str, Floats], load: Sides, longest: float, rate: float
) -> Floats:
    """Return how much the pelvis has to sink so that both legs reach their feet."""
    need = np.zeros(len(load["right"]))
    for side in SIDES:
        away = feet[side] - hips[side]
        highest = np.sqrt(np.maximum(longest**2 - away[:, 0] ** 2 - away[:, 1] ** 2, 0.01))
        need = np.minimum(need, highest + away[:, 2])
    smoothed = gaussian_filter1d(need, 0.03 * rate)
    return np.asarray(np.minimum(smoothed, 0.5 * (smoothed + need)))


def _leg(way: Floats, sizes: Sizes) -> tuple[Floats, Floats, Floats]:
    """Return hip flexion, knee flexion and spread in degrees, from the way from hip to ankle."""
    down = np.hypot(way[:, 1], way[:, 2])
    thigh, shank = sizes.thigh, sizes.shank
    length = np.clip(np.hypot(way[:, 0], down), 0.3, 0.9995 * (thigh + shank))
    bend = np.arccos(np.clip((length**2 - thigh**2 - shank**2) / (2 * thigh * shank), -1, 1))
    inner = np.arccos(np.clip((thigh**2 + length**2 - shank**2) / (2 * thigh * length), -1, 1))
    hip = np.arctan2(way[:, 0], down) + inner
    return np.degrees(hip), np.degrees(bend), np.degrees(np.arctan2(way[:, 1], -way[:, 2]))


def _slow(signal: Floats, width: float) -> Floats:
    """Return the slow part of a signal that grows."""
    trend = np.linspace(signal[0], signal[-1], len(signal))
    return np.asarray(trend + gaussian_filter1d(signal - trend, width, mode="nearest"))
