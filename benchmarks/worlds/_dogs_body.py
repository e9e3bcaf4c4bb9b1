"""The body of a dog: dm_control's skin on fewer bones, the inverse kinematics of its legs, and its coat."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from _cast import Floats, Subject
from _dogs_walk import LEGS, Plan, Steps, steps_of
from _skin import Surface
from _stage import Pose
from PIL import Image
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from napari_ubam.sample.scene import smooth_noise

TRUNK: dict[str, tuple[float, float, float]] = {  # joints at rest in metres, as in dm_control's model
    "chest": (0.0, 0.0, 0.50),
    "loin": (-0.071, 0.0, 0.518),
    "croup": (-0.155, 0.0, 0.519),
    "pelvis": (-0.216, 0.0, 0.521),
    "neck": (0.168, 0.0, 0.500),
    "nape": (0.221, 0.0, 0.555),
    "head": (0.262, 0.0, 0.675),
    "jaw": (0.306, 0.0, 0.686),
    "tail 1": (-0.289, 0.0, 0.518),
    "tail 2": (-0.388, 0.0, 0.488),
    "tail 3": (-0.498, 0.0, 0.393),
    "tail 4": (-0.617, 0.0, 0.329),
}
HIND = {
    "thigh": (-0.326, 0.047, 0.464),
    "shank": (-0.349, 0.078, 0.297),
    "foot": (-0.528, 0.073, 0.158),
    "toes": (-0.544, 0.081, 0.038),
}
FORE = {
    "scapula": (0.12, 0.02, 0.555),
    "arm": (0.195, 0.053, 0.425),
    "forearm": (0.145, 0.068, 0.28),
    "hand": (0.148, 0.053, 0.09),
    "fingers": (0.168, 0.053, 0.03),
}
PARTS = {"hind": tuple(HIND), "fore": tuple(FORE)}
BONES = (*TRUNK, *(f"{leg} {part}" for leg in LEGS for part in PARTS[leg.split()[1]]))
UNDER = 0.11  # metres; a walking dog's hind paws are further forward than those of the model, which poses
# Names of dm_control's bodies.
OWN = {"torso": "chest", "pelvis": "pelvis", "skull": "head", "C_1": "head", "jaw": "jaw"}
OWN |= dict.fromkeys(("L_1", "L_2", "L_3"), "loin") | dict.fromkeys(("L_4", "L_5"), "croup")
OWN |= dict.fromkeys(("L_6", "L_7"), "pelvis")
OWN |= dict.fromkeys(("C_7", "C_6", "C_5"), "neck") | dict.fromkeys(("C_4", "C_3", "C_2"), "nape")
OWN |= {f"Ca_{n}": f"tail {1 + (n > 6) + (n > 11) + (n > 16)}" for n in range(1, 22)}
FOREIGN = {"upper_leg": "hind thigh", "lower_leg": "hind shank", "foot": "hind foot", "toe": "hind toes"}
FOREIGN |= {"scapula": "fore scapula", "upper_arm": "fore arm", "lower_arm": "fore forearm"}
FOREIGN |= {"hand": "fore hand", "finger": "fore fingers"}
OWN |= {
    f"{name}_{side[0].upper()}": f"{side} {own}"
    for name, own in FOREIGN.items()
    for side in ("left", "right")
}


def rest() -> dict[str, Floats]:
    """Return where the bones begin while the dog stands, shape (3,) in metres."""
    places = {bone: np.array(place) for bone, place in TRUNK.items()}
    for leg in LEGS:
        mirror = np.array([1, 1 if leg.startswith("left") else -1, 1])
        for part, place in (HIND if leg.endswith("hind") else FORE).items():
            places[f"{leg} {part}"] = place * mirror
    return places


@lru_cache(maxsize=1)
def skin() -> tuple[Surface, np.ndarray]:
    """Read the skin of dm_control's dog.

    Returns
    -------
    surface : Surface
        Bound to `BONES`.
    texture : ndarray of uint8, shape (y, x, 3)
        Its picture.
    """
    os.environ.setdefault("MUJOCO_GL", "egl")
    import dm_control
    import mujoco

    folder = Path(dm_control.__file__).parent / "suite"
    model = mujoco.MjModel.from_xml_path(str(folder / "dog.xml"))
    weights = {bone: np.zeros(model.nskinvert) for bone in BONES}
    for number in range(model.nskinbone):
        name = OWN[model.body(model.skin_bonebodyid[number]).name]
        first = model.skin_bonevertadr[number]
        part = slice(first, first + model.skin_bonevertnum[number])
        np.add.at(weights[name], model.skin_bonevertid[part], model.skin_bonevertweight[part])
    total = sum(weights.values())
    picture = Image.open(folder / "dog_assets" / "skin_texture.png").convert("RGB").resize((512, 512))
    surface = Surface(
        model.skin_vert.reshape(-1, 3).astype(float),
        model.skin_face.reshape(-1, 3).astype(np.int64),
        {bone: weight / total for bone, weight in weights.items()},
        model.skin_texcoord.reshape(-1, 2).astype(float),
    )
    return surface, np.asarray(picture)


def coat_of(subject: Subject) -> np.ndarray:
    """Dye the picture of the skin.

    Parameters
    ----------
    subject : Subject
        The dog.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)
        A coat, often with patches.
    """
    rng, (_, picture) = subject.random("coat"), skin()
    tone = picture.astype(float).mean(2) / np.median(picture.mean(2))
    colours = (
        (0.62, 0.45, 0.28),
        (0.20, 0.17, 0.155),
        (0.82, 0.78, 0.72),
        (0.42, 0.24, 0.14),
        (0.48, 0.47, 0.46),
    )
    first, second = (np.asarray(colours[n]) * rng.uniform(0.85, 1.1) for n in rng.choice(5, 2, replace=False))
    patches = smooth_noise(rng, tone.shape, (70, 70)) > rng.uniform(0.3, 1.6)
    dyed = np.where(patches[..., None] & (rng.uniform() < 0.6), second, first)
    fur = 1 + 0.10 * smooth_noise(rng, tone.shape, (4, 1.5))
    return (np.clip(dyed * (1.1 * tone**1.3 * fur)[..., None], 0.02, 1) * 255).astype(np.uint8)


def move(plan: Plan, rng: np.random.Generator) -> tuple[Pose, Floats, Floats]:
    """Return where the bones are.

    Parameters
    ----------
    plan : Plan
        What the dog is about to do.
    rng : numpy.random.Generator
        For the small differences between steps.

    Returns
    -------
    pose : Pose
        In the order of `BONES`.
    angles : ndarray of float64, shape (t, j)
        Joint angles in degrees, see `JOINTS`.
    place : ndarray of float64, shape (t, 2)
        Middle of the dog on the floor in metres.
    """
    still, tick = rest(), plan.time[1] - plan.time[0]
    heading = np.radians(plan.heading)
    way = np.cumsum(plan.speed[:, None] * np.stack([np.cos(heading), np.sin(heading)], -1), axis=0) * tick
    # The pelvis follows the way of the chest, so the back is bent in turns.
    walked = np.cumsum(plan.speed) * tick + 1e-9 * np.arange(len(way))
    behind = np.interp(walked - 0.35, walked, plan.heading)
    bend = gaussian_filter1d(plan.heading - behind, 0.1 / tick)
    turns: dict[str, Floats] = {"chest": _euler(plan.heading, 0.35 * plan.arch + plan.pitch, 0 * bend)}
    places = {"chest": np.column_stack([way, still["chest"][2] + plan.height])}

    def hang(bone: str, parent: str, turn: Floats) -> None:
        places[bone] = places[parent] + _apply(turns[parent], still[bone] - still[parent])
        turns[bone] = turn

    aside = np.degrees(np.arcsin(np.clip(plan.swing / 0.2, -0.5, 0.5)))
    yaw = plan.heading - bend - aside
    for share, bone, parent in ((1 / 3, "loin", "chest"), (2 / 3, "croup", "loin"), (1.0, "pelvis", "croup")):
        slope = plan.pitch + plan.arch * (0.35 - 1.35 * share)
        hang(bone, parent, _euler(plan.heading + share * (yaw - plan.heading), slope, -share * plan.roll))
    _head_and_tail(plan, hang, yaw)
    angles, feet = [], {}
    for leg in LEGS:
        hind = leg.endswith("hind")
        trunk, toes = ("pelvis", "toes") if hind else ("chest", "fingers")
        facing = np.radians(yaw if hind else plan.heading)
        left = np.stack([-np.sin(facing), np.cos(facing)], -1)
        flat = _euler(np.degrees(facing), 0 * facing, 0 * facing)
        usual = still[f"{leg} {toes}"] - still[trunk] + ((UNDER, 0, 0) if hind else (0.01, 0, 0))
        ground = (places[trunk] + _apply(flat, usual))[:, :2]
        feet[leg] = steps_of(leg, plan, ground, left, rng)
        (angles.extend)((_hind if hind else _fore)(leg, plan, feet[leg], facing, still, places, turns))
    trunk_angles = [
        bend,
        plan.arch,
        plan.pitch,
        plan.roll,
        plan.neck,
        plan.look,
        plan.nod,
        plan.tail,
        plan.wag,
    ]
    pose = Pose(np.stack([places[b] for b in BONES], 1), np.stack([turns[b] for b in BONES], 1))
    middle = 0.5 * (places["chest"] + places["pelvis"])[:, :2]
    return pose, np.stack([*angles, *trunk_angles], -1), middle


def _head_and_tail(plan: Plan, hang, yaw: Floats) -> None:  # type: ignore[no-untyped-def]
    slope, zero = 0.35 * plan.arch + plan.pitch, 0 * yaw
    hang("neck", "chest", _euler(plan.heading + 0.35 * plan.look, slope + 0.6 * plan.neck, zero))
    hang("nape", "neck", _euler(plan.heading + 0.65 * plan.look, slope + plan.neck, zero))
    hang("head", "nape", _euler(plan.heading + plan.look, slope + 0.7 * plan.neck + plan.nod, zero))
    hang("jaw", "head", _euler(plan.heading + plan.look, slope + 0.7 * plan.neck + plan.nod + 4, zero))
    for number in range(1, 5):
        tail = _euler(yaw + 0.3 * number * plan.wag, (0.7 + 0.1 * number) * plan.tail, zero)
        hang(f"tail {number}", f"tail {number - 1}" if number > 1 else "pelvis", tail)


Legs = tuple[Floats, ...]


def _hind(leg: str, plan: Plan, steps: Steps, facing: Floats, still, places, turns) -> Legs:  # type: ignore[no-untyped-def]
    """Solve thigh and shank for a paw; the direction of the foot depends on stance and swing."""
    hip = places["pelvis"] + _apply(turns["pelvis"], still[f"{leg} thigh"] - still["pelvis"])
    knuckle, flying = plan.knuckle[leg], np.sin(np.pi * np.clip(steps.swing, 0, 1))
    in_air = steps.swing > 0
    late = np.clip((steps.stance - 0.7) / 0.3, 0, 1)
    foot = np.where(in_air, 26 - 38 * _ease(steps.swing) + 26 * flying, -12 + 38 * steps.stance**1.3)
    foot = foot + 10 * np.clip(knuckle, 0, 1)
    toes = np.where(in_air, 34 * (1 - _ease(steps.swing)) + 22 * flying, 34 * late**2)
    toes = toes + knuckle * np.where(in_air, 45.0 * flying, 0.0) + 12 * np.clip(knuckle, 0, 0.5)
    paw = steps.paw + np.column_stack(
        [0 * toes, 0 * toes, 0.038 + 0.052 * np.sin(np.radians(np.clip(toes, 0, 80)))]
    )
    names = [f"{leg} {part}" for part in HIND]
    return _solve(
        names, hip, paw, (_smoothed(foot, plan), _smoothed(toes, plan)), facing, still, places, turns, 1
    )


def _fore(leg: str, plan: Plan, steps: Steps, facing: Floats, still, places, turns) -> Legs:  # type: ignore[no-untyped-def]
    """Turn the scapula with the step, then solve arm and forearm for the paw."""
    shoulder_blade = f"{leg} scapula"
    in_air = steps.swing > 0
    back = np.where(in_air, 12 - 24 * _ease(steps.swing), -12 + 24 * steps.stance)
    blade = _smoothed(back, plan)
    places[shoulder_blade] = places["chest"] + _apply(turns["chest"], still[shoulder_blade] - still["chest"])
    turns[shoulder_blade] = _euler(np.degrees(facing), blade, 0 * blade)
    joint = places[shoulder_blade] + _apply(
        turns[shoulder_blade], still[f"{leg} arm"] - still[shoulder_blade]
    )
    flying = np.sin(np.pi * np.clip(1.25 * steps.swing, 0, 1))
    late = np.clip((steps.stance - 0.7) / 0.3, 0, 1)
    hand = np.where(in_air, 24 - 34 * _ease(steps.swing) + 62 * flying, -10 + 34 * steps.stance**1.5)
    toes = np.where(in_air, 30 * (1 - _ease(steps.swing)) + 20 * flying, 30 * late**2)
    hand = hand + 12 * np.clip(plan.knuckle[leg], 0, 1)
    paw = steps.paw + np.column_stack(
        [0 * toes, 0 * toes, 0.030 + 0.048 * np.sin(np.radians(np.clip(toes, 0, 80)))]
    )
    names = [f"{leg} {part}" for part in list(FORE)[1:]]
    rest_angles = _solve(
        names, joint, paw, (_smoothed(hand, plan), _smoothed(toes, plan)), facing, still, places, turns, -1
    )
    return (blade, *rest_angles)


def _solve(names, root, paw, ends, facing, still, places, turns, side) -> Legs:  # type: ignore[no-untyped-def]
    """Solve two bones between a joint and the third one, whose direction is given with that of the toes."""
    cos, sin = np.cos(facing), np.sin(facing)
    way = paw - root
    ahead, across = cos * way[:, 0] + sin * way[:, 1], cos * way[:, 1] - sin * way[:, 0]
    rest_way = still[names[3]] - still[names[0]]
    tilt = np.arctan2(across, -way[:, 2]) - np.arctan2(rest_way[1], -rest_way[2])
    target = np.stack([ahead, -np.hypot(across, way[:, 2])], -1)
    links = [(still[names[n + 1]] - still[names[n]])[[0, 2]] for n in range(3)]
    joint = target - _flat(ends[0], links[2])
    upper, lower = (float(np.hypot(*link)) for link in links[:2])
    distance = np.clip(np.hypot(*joint.T), abs(upper - lower) + 0.02, 0.999 * (upper + lower))
    line = np.arctan2(joint[:, 1], joint[:, 0])
    inner = np.arccos(np.clip((upper**2 + distance**2 - lower**2) / (2 * upper * distance), -1, 1))
    outer = np.arccos(np.clip((lower**2 + distance**2 - upper**2) / (2 * lower * distance), -1, 1))
    first = np.arctan2(links[0][1], links[0][0]) - (line + side * inner)
    second = np.arctan2(links[1][1], links[1][0]) - (line - side * outer)
    pitches = [np.degrees((angle + np.pi) % (2 * np.pi) - np.pi) for angle in (first, second)] + [*ends]
    degrees = np.degrees(facing)
    places[names[0]] = root
    for number, name in enumerate(names):
        if number:
            parent = names[number - 1]
            places[name] = places[parent] + _apply(turns[parent], still[name] - still[parent])
        tilted = np.degrees(tilt) if number < 3 else 0 * tilt
        turns[name] = _euler(degrees, 0 * tilt, tilted) @ _euler(0 * tilt, pitches[number], 0 * tilt)
    return (pitches[0], pitches[1] - pitches[0], pitches[2] - pitches[1], np.degrees(tilt))


def _flat(degrees: Floats, vector: Floats) -> Floats:
    """Turn a vector (x, z) by the pitch, nose down."""
    angle, (x, z) = np.radians(degrees), vector
    return np.stack([x * np.cos(angle) + z * np.sin(angle), z * np.cos(angle) - x * np.sin(angle)], -1)


def _ease(share: Floats) -> Floats:
    return np.asarray(share - np.sin(2 * np.pi * share) / (2 * np.pi))


def _smoothed(signal: Floats, plan: Plan) -> Floats:
    return np.asarray(gaussian_filter1d(signal, 0.025 / (plan.time[1] - plan.time[0])))


def _apply(turn: Floats, vector: Floats) -> Floats:
    return np.asarray(turn @ vector)


def _euler(yaw: Floats, pitch: Floats, roll: Floats) -> Floats:
    """Return rotations: roll, then pitch (nose down), then yaw (to the left), in degrees; shape (t, 3, 3)."""
    angles = np.stack([yaw, pitch, roll], -1)
    return np.asarray(Rotation.from_euler("ZYX", angles, degrees=True).as_matrix())
