"""The body of a person: bones, clothes and skin, and where the bones are while the person walks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _cast import Floats, Subject
from _people_gait import SIDES, Intent, Sizes, Walk
from _skin import Part, Shape
from _stage import Pose
from scipy.spatial.transform import Rotation

BONES = (
    "pelvis",
    "chest",
    "head",
    *(f"{side} {bone}" for side in SIDES for bone in ("thigh", "shank", "foot", "toes")),
    *(f"{side} {bone}" for side in SIDES for bone in ("upper arm", "forearm", "hand")),
)


@dataclass(frozen=True)
class Build:
    """Girth and clothes of a person; 1 is average."""

    trunk: float
    limbs: float
    head: float
    shoulders: float
    long_sleeves: bool
    long_trousers: bool
    long_hair: bool
    loose: float  # metres between skin and cloth

    @classmethod
    def of(cls, subject: Subject) -> Build:
        """Draw the build of a subject."""
        rng = subject.random("build")
        return cls(
            trunk=float(rng.uniform(0.88, 1.18)),
            limbs=float(rng.uniform(0.9, 1.12)),
            head=float(rng.uniform(0.96, 1.04)),
            shoulders=float(rng.uniform(0.92, 1.06)),
            long_sleeves=bool(rng.uniform() < 0.4),
            long_trousers=bool(rng.uniform() < 0.6),
            long_hair=bool(rng.uniform() < 0.4),
            loose=float(rng.uniform(0.004, 0.014)),
        )


def rest_of(sizes: Sizes, build: Build) -> dict[str, Floats]:
    """Return where the bones begin while the person stands with hanging arms; the hips are at the origin.

    Parameters
    ----------
    sizes : Sizes
        Lengths.
    build : Build
        Girth.

    Returns
    -------
    dict of str to ndarray of float64, shape (3,)
        Positions in metres.
    """
    tall = sizes.stature
    rest: dict[str, tuple[float, ...]] = {
        "pelvis": (0, 0, 0),
        "chest": (0, 0, 0.075 * tall),
        "head": (0.012 * tall, 0, 0.325 * tall),
    }
    for side, sign in (("right", -1), ("left", 1)):
        hip, shoulder = sign * sizes.hip, sign * 0.108 * tall * build.shoulders
        knee, ankle = -sizes.thigh, -sizes.thigh - sizes.shank
        rest |= {
            f"{side} thigh": (0, hip, 0),
            f"{side} shank": (0, hip, knee),
            f"{side} foot": (0, hip, ankle),
            f"{side} toes": (sizes.ball, hip, ankle - sizes.ankle + 0.012 * tall),
            f"{side} upper arm": (0, shoulder, 0.275 * tall),
            f"{side} forearm": (0, shoulder, 0.095 * tall),
            f"{side} hand": (0, shoulder, -0.055 * tall),
        }
    return {bone: np.array(rest[bone], float) for bone in BONES}


def parts_of(sizes: Sizes, build: Build) -> list[Part]:
    """Return the pieces of the body.

    Parameters
    ----------
    sizes : Sizes
        Lengths.
    build : Build
        Girth and clothes.

    Returns
    -------
    list of Part
        Their materials are ``skin``, ``shirt``, ``trousers``, ``shoes``, ``hair`` and ``dark``.
    """
    return [
        _shirt(sizes, build),
        *_head(sizes, build),
        *(part for side in SIDES for part in (*_leg(side, sizes, build), *_arm(side, sizes, build))),
    ]


def _leg(side: str, sizes: Sizes, build: Build) -> list[Part]:
    tall, size = sizes.stature, build.limbs * sizes.stature / 1.75
    sign = -1 if side == "right" else 1
    thigh, shank, foot, toes = (f"{side} {bone}" for bone in ("thigh", "shank", "foot", "toes"))

    def limb(loose: float) -> tuple[Shape, ...]:
        upper = (0.080 * size + loose, 0.056 * size + loose)
        return (
            Shape(thigh, (0, 0, -0.01), (0, 0, -sizes.thigh), upper),
            Shape(thigh, (0.012, 0, -0.06), (0.01, 0, -0.7 * sizes.thigh), (0.07 * size, 0.055 * size)),
            Shape(
                shank, (0, 0, 0), (0, 0, -sizes.shank + 0.02), (0.052 * size + loose, 0.036 * size + loose)
            ),
            Shape(shank, (-0.015, 0, -0.07), (-0.012, 0, -0.45 * sizes.shank), (0.044 * size, 0.046 * size)),
        )

    seat = Shape(
        "pelvis",
        (-0.012, -sign * 0.3 * sizes.hip, 0.035),
        (-0.014, sign * 0.75 * sizes.hip, 0.012),
        (0.110 * build.trunk, 0.100 * build.trunk),
    )
    floor = (((0.0, 0.0, 1.0), -sizes.thigh - sizes.shank - sizes.ankle),)
    bottom = -sizes.thigh - (0.93 if build.long_trousers else 0.12) * sizes.shank
    hem = (((0.0, 0.0, 1.0), bottom),)
    sole = -sizes.ankle + 0.034
    shoe = (
        Shape(foot, (-sizes.heel + 0.036, 0, sole + 0.01), (0.03, 0, sole + 0.018), (0.043, 0.043)),
        Shape(foot, (0, 0, -0.005), (0.05, 0, -0.03), (0.044, 0.036)),
        Shape(foot, (0.03, 0, sole + 0.01), (sizes.ball, -sign * 0.004, sole), (0.042, 0.040), (1, 1.05, 1)),
        Shape(toes, (0, -sign * 0.004, 0.010), (0.034 * tall, -sign * 0.008, 0.006), (0.040, 0.031)),
    )
    return [
        Part(f"{side} trousers", "trousers", (seat, *limb(0.008 + build.loose)), 0.02, hem),
        Part(f"{side} bare leg", "skin", limb(0.0), 0.015, (((0.0, 0.0, -1.0), -bottom - 0.03),)),
        Part(f"{side} shoe", "shoes", shoe, 0.012, floor, step=0.013),
    ]


def _arm(side: str, sizes: Sizes, build: Build) -> list[Part]:
    size = build.limbs * sizes.stature / 1.75
    upper, fore, hand = (f"{side} {bone}" for bone in ("upper arm", "forearm", "hand"))
    length, reach = 0.18 * sizes.stature, 0.150 * sizes.stature
    sign = -1 if side == "right" else 1

    def limb(loose: float) -> tuple[Shape, ...]:
        return (
            Shape(upper, (0, 0, -0.005), (0, 0, -length), (0.050 * size + loose, 0.039 * size + loose)),
            Shape(fore, (0, 0, 0), (0, 0, -reach + 0.02), (0.039 * size + loose, 0.028 * size + loose)),
        )

    fist = (
        Shape(hand, (0, 0, 0), (0.006, 0, -0.065), (0.030, 0.036), (1, 0.6, 1)),
        Shape(hand, (0.006, 0, -0.07), (0.020, -sign * 0.012, -0.125), (0.034, 0.024), (1, 0.55, 1)),
        Shape(hand, (0.02, 0, -0.035), (0.048, -sign * 0.006, -0.085), (0.014, 0.011)),
    )
    end = 0.275 * sizes.stature - length
    bottom = end - 0.8 * reach if build.long_sleeves else end + 0.3 * length
    hem, shown = (((0.0, 0.0, 1.0), bottom),), (((0.0, 0.0, -1.0), -bottom - 0.03),)
    return [
        Part(f"{side} sleeve", "shirt", limb(0.007 + 0.6 * build.loose), 0.014, hem, step=0.016),
        Part(f"{side} bare arm", "skin", (*limb(0.0), *fist), 0.010, shown, step=0.013),
    ]


def _shirt(sizes: Sizes, build: Build) -> Part:
    tall, girth = sizes.stature, build.trunk * sizes.stature / 1.75
    across = 0.075 * tall * build.shoulders
    flat = (0.72, 1.0, 1.0)
    shapes = (
        Shape("pelvis", (-0.008, 0, 0.0), (0, 0, 0.09 * tall), (0.162 * girth, 0.148 * girth), flat),
        Shape("chest", (0.004, 0, 0.0), (0.004, 0, 0.15 * tall), (0.146 * girth, 0.165 * girth), flat),
        Shape("chest", (0, -across, 0.185 * tall), (0, across, 0.185 * tall), (0.066, 0.066), (0.95, 1, 1)),
        Shape("chest", (0, 0, 0.20 * tall), (0.012, 0, 0.222 * tall), (0.062, 0.05)),
    )
    hem = (((0.0, 0.0, 1.0), -0.035), ((0.12, 0.0, -1.0), -0.305 * tall))
    return Part("shirt", "shirt", shapes, 0.03, hem, step=0.022)


def _head(sizes: Sizes, build: Build) -> list[Part]:
    size = build.head * sizes.stature / 1.75
    tall = sizes.stature

    def place(x: float, y: float, z: float) -> tuple[float, float, float]:
        return size * x, size * y, size * z

    skull = Shape(
        "head", place(-0.006, 0, 0.112), place(0.012, 0, 0.112), (0.094 * size,) * 2, (1, 0.82, 1.06)
    )
    face = (
        Shape("chest", (0.004, 0, 0.20 * tall), (0.012, 0, 0.262 * tall), (0.056 * size, 0.052 * size)),
        Shape("head", place(0, 0, -0.01), place(0.002, 0, 0.05), (0.053 * size, 0.055 * size)),
        skull,
        Shape(
            "head", place(0.045, 0, 0.045), place(0.062, 0, 0.02), (0.055 * size, 0.034 * size), (1, 0.9, 1)
        ),
        Shape("head", place(0.102, 0, 0.088), place(0.118, 0, 0.062), (0.010 * size, 0.015 * size)),
        *(
            Shape(
                "head",
                place(-0.004, y, 0.095),
                place(-0.012, 1.06 * y, 0.07),
                (0.022 * size, 0.014 * size),
                (1, 0.5, 1),
            )
            for y in (-0.079, 0.079)
        ),
    )
    hair = [
        Shape("head", place(-0.016, 0, 0.120), place(0.006, 0, 0.126), (0.103 * size,) * 2, (1, 0.85, 1.03))
    ]
    if build.long_hair:
        hair.append(
            Shape("head", place(-0.085, 0, 0.08), place(-0.095, 0, -0.05), (0.055 * size, 0.035 * size))
        )
    # Behind a line from the forehead to the neck.
    head = np.array([0.012 * tall, 0, 0.325 * tall])
    line = np.array([-0.80, 0.0, 0.60])
    cut = (((-0.80, 0.0, 0.60), float(line @ (head + place(0.035, 0, 0.100)))),)
    eyes = tuple(
        Shape("head", place(0.086, y, 0.098), place(0.087, y, 0.098), (0.011 * size,) * 2)
        for y in (-0.034, 0.034)
    )
    return [
        Part("face", "skin", face, 0.012, step=0.012),
        Part("hair", "hair", tuple(hair), 0.012, cut, step=0.015),
        Part("eyes", "dark", eyes, 0.004, step=0.007),
    ]


def pose_of(intent: Intent, walk: Walk, sizes: Sizes, rest: dict[str, Floats]) -> Pose:
    """Return where the bones are.

    Parameters
    ----------
    intent : Intent
        Trunk, head and arms.
    walk : Walk
        Legs and pelvis.
    sizes : Sizes
        Lengths.
    rest : dict of str to ndarray of float64, shape (3,)
        Where the bones are at rest.

    Returns
    -------
    Pose
        In the order of `BONES`.
    """
    turns: dict[str, Floats] = {}
    places: dict[str, Floats] = {}
    turns["pelvis"] = _turn("z", intent.turn) @ _turn("x", intent.list) @ _turn("y", 0.4 * intent.lean)
    places["pelvis"] = walk.pelvis

    def hang(bone: str, parent: str, turn: Floats) -> None:
        places[bone] = places[parent] + turns[parent] @ (rest[bone] - rest[parent])
        turns[bone] = turn

    hang(
        "chest", "pelvis", _turn("z", -0.8 * intent.turn) @ _turn("x", intent.sway) @ _turn("y", intent.lean)
    )
    hang("head", "chest", _turn("z", intent.look) @ _turn("x", 0.4 * intent.sway) @ _turn("y", intent.nod))
    for side, sign in (("right", -1), ("left", 1)):
        spread = _turn("x", walk.spread[side])
        thigh, shank, foot, toes = (f"{side} {bone}" for bone in ("thigh", "shank", "foot", "toes"))
        hang(thigh, "pelvis", spread @ _turn("y", -walk.hip[side]))
        hang(shank, thigh, spread @ _turn("y", walk.knee[side] - walk.hip[side]))
        hang(foot, shank, _turn("y", -walk.pitch[side]))
        hang(toes, foot, _turn("y", -walk.pitch[side] - walk.toes[side]))
        upper, fore, hand = (f"{side} {bone}" for bone in ("upper arm", "forearm", "hand"))
        trunk = turns["chest"] @ _turn("y", -0.6 * intent.lean)
        hang(upper, "chest", trunk @ _turn("x", sign * intent.spread[side]) @ _turn("y", -intent.arm[side]))
        inward = _turn("z", np.full(len(intent.turn), -sign * 14.0))
        hang(fore, upper, turns[upper] @ inward @ _turn("y", -intent.elbow[side]))
        hang(hand, fore, turns[fore] @ _turn("y", -intent.wrist[side]))
    return Pose(np.stack([places[bone] for bone in BONES], 1), np.stack([turns[bone] for bone in BONES], 1))


def _turn(axis: str, degrees: Floats) -> Floats:
    return np.asarray(Rotation.from_euler(axis, degrees[:, None], degrees=True).as_matrix())
