"""Positions of the body parts in the image, for many times at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .body import FAR, HEAD, LIMBS, NECK, SOLE, Floats, Skeleton, towards, turned
from .paint import Image
from .scene import Scene

TRUNK_AT = np.array([0.0, 0.3, 0.65, 1.0])
# Radii at size 1 and girth 1: rump, trunk and neck; then skull, muzzle and tip of the nose.
TRUNK_RADII = np.array([15.5, 23.0, 25.0, 22.0, 18.5, 16.0])
HEAD_RADII = np.array([13.2, 8.6, 3.3])
HIND_RADII = np.array([15.5, 9.0, 3.7, 2.7, 1.6])
FORE_RADII = np.array([10.5, 6.2, 3.3, 1.8])
WHISKERS = np.radians([-62.0, -38.0, -14.0, -100.0])


@dataclass(frozen=True)
class Figure:
    """Body parts in image coordinates. Points have the shape (n, ..., 2) for n times, with x and y in pixels.

    ``shadow`` is the shadow of the trunk on the belt. ``paws`` has the position of the shadow of each paw,
    and the height of the paw above the belt.
    """

    limbs: dict[str, Image]
    radii: dict[str, Image]
    trunk: Image
    trunk_radii: Image
    tail: Image
    tail_radii: Image
    ear: Image
    eye: Image
    nose: Image
    whiskers: Image  # shape (n, dots, 2)
    head: Floats  # direction in the image, radians clockwise
    shadow: Image
    paws: dict[str, tuple[Image, Floats]]
    scale: float


def figure_of(scene: Scene, skeleton: Skeleton) -> Figure:
    """Project a skeleton into the image.

    Parameters
    ----------
    scene : Scene
        Camera and appearance.
    skeleton : Skeleton
        Skeleton at n times.

    Returns
    -------
    Figure
        Body parts at the same times.
    """
    scale, look = scene.scale, scene.look
    place, limbs = scene.to_image, {}
    for limb in LIMBS:
        limbs[limb] = place(skeleton.limbs[limb] + (FAR if limb.startswith("far") else 0.0))
    trunk, skull, along, up = _trunk(skeleton, look.head)
    girth = np.concatenate([TRUNK_RADII * look.girth, HEAD_RADII * look.head])
    lean = -14 * np.sin(look.light.azimuth)
    under = skeleton.spine.along(0.5)[:, 0] * (1, 0) + (lean + 3, -2.0)
    return Figure(
        limbs=limbs,
        radii={limb: _limb_radii(limb, scale) for limb in LIMBS},
        trunk=place(trunk),
        trunk_radii=(girth * scale).astype(np.float32),
        tail=place(skeleton.tail),
        tail_radii=(np.linspace(4.6, 1.0, skeleton.tail.shape[1]) * scale).astype(np.float32),
        ear=place(skull + look.head * (-5.5 * along + 10.5 * up)),
        eye=place(skull + look.head * (9.0 * along + 4.2 * up)),
        nose=place(trunk[:, -1] + 2.2 * along + 0.6 * up),
        whiskers=place(_whiskers(trunk[:, -1], skeleton.head, along, up)),
        head=look.tilt - skeleton.head,
        shadow=place(under),
        paws={limb: _paw(scene, limb, skeleton.limbs[limb], lean) for limb in LIMBS},
        scale=scale,
    )


def _limb_radii(limb: str, scale: float) -> Image:
    radii = HIND_RADII if limb.endswith("hind") else FORE_RADII
    return (radii * scale * (0.94 if limb.startswith("far") else 1.0)).astype(np.float32)


def _trunk(skeleton: Skeleton, head: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Midline from rump to nose, position of the skull, and directions along and up of the head."""
    line = skeleton.spine.along(TRUNK_AT)
    neck_to, along = towards(skeleton.neck), towards(skeleton.head)
    up = towards(skeleton.head + np.pi / 2)
    rump = line[:, 0] + turned((-13.5, -5.5), skeleton.spine.pitch)
    nape = line[:, -1] + 0.55 * NECK * neck_to + (0, 0.5)
    skull = line[:, -1] + NECK * neck_to + 5 * along
    muzzle, tip = skull + head * (15 * along - 1.2 * up), skull + head * ((HEAD - 6) * along - 2.6 * up)
    points = np.concatenate([rump[:, None], line, np.stack([nape, skull, muzzle, tip], 1)], axis=1)
    return points, skull, along, up


def _whiskers(tip: Floats, direction: Floats, along: Floats, up: Floats) -> Floats:
    root = tip - 4.0 * along - 0.5 * up
    to = direction[:, None] + WHISKERS
    share = np.linspace(0.2, 1, 14)[:, None, None, None]
    # Whiskers bend downwards at their ends.
    hairs = root[:, None] + 13 * share * towards(to - 0.35 * share[..., 0])
    return np.concatenate(list(hairs), axis=1)


def _paw(scene: Scene, limb: str, points: Floats, lean: float) -> tuple[Image, npt.NDArray[np.float64]]:
    tip = points[:, -2:].mean(1)
    height = np.maximum(tip[:, 1] - SOLE, 0.0)
    on_belt = np.stack([tip[:, 0] + lean * height / 40, np.full_like(height, -0.8)], -1)
    return scene.to_image(on_belt + (FAR if limb.startswith("far") else 0.0)), height
