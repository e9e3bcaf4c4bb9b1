"""The room of a person: floor, wall, things, treadmill, lamps, camera, and the colours of the clothes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _cast import Subject
from _stage import Camera, Colour, Stage

from napari_ubam.sample.scene import smooth_noise


@dataclass(frozen=True)
class Belt:
    """The belt: length and width in metres, texels along it, and which way its texture runs."""

    length: float = 2.0
    width: float = 0.62
    texels: int = 512
    sign: int = 1

    @property
    def texel(self) -> float:
        """Metres."""
        return self.length / self.texels


BELT = Belt()
SKINS = ((0.87, 0.68, 0.57), (0.78, 0.58, 0.46), (0.62, 0.43, 0.32), (0.45, 0.30, 0.22), (0.33, 0.21, 0.16))
HAIRS = ((0.10, 0.08, 0.07), (0.24, 0.15, 0.09), (0.42, 0.28, 0.15), (0.62, 0.50, 0.32), (0.55, 0.54, 0.53))


def room_of(subject: Subject) -> tuple[Stage, float]:
    """Build the room and choose the clothes.

    Parameters
    ----------
    subject : Subject
        The person.

    Returns
    -------
    stage : Stage
        Without the body.
    ambient : float
        Light without direction.
    """
    rng = subject.random("room")
    stage = Stage(_camera(subject))
    _wall(stage, rng)
    _treadmill(stage, rng)
    ambient = _lamps(stage, rng)
    _clothes(stage, subject.random("clothes"))
    return stage, ambient


def _camera(subject: Subject) -> Camera:
    shared, rng = subject.shared("camera"), subject.random("camera")
    oblique = shared.uniform() < 0.5
    around = shared.choice([-1, 1]) * shared.uniform(22, 38) if oblique else shared.uniform(-7, 7)
    around = np.radians(around + rng.uniform(-4, 4))
    far, high = rng.uniform(3.6, 4.2), shared.uniform(0.9, 1.5) + rng.uniform(-0.08, 0.08)
    target = (rng.uniform(-0.06, 0.06), 0.0, rng.uniform(0.88, 0.96))
    place = (far * np.sin(around), -far * np.cos(around), high)
    view = np.degrees(2 * np.arctan(rng.uniform(1.04, 1.18) / far))
    warm, bright = rng.uniform(-0.07, 0.07), rng.uniform(0.85, 1.1)
    return Camera(
        place,
        target,
        float(view),
        roll=float(rng.uniform(-1.2, 1.2)),
        noise=float(rng.uniform(0.006, 0.018)),
        gain=(bright * (1 + warm), bright, bright * (1 - warm)),
        blur=float(rng.uniform(0.3, 0.6)),
    )


def _wall(stage: Stage, rng: np.random.Generator) -> None:
    tone = rng.uniform(0.45, 0.85)
    paint = np.clip(tone + rng.normal(0, 0.05, 3), 0.1, 0.95)
    wall = paint + 0.02 * smooth_noise(rng, (256, 256), (20, 20))[..., None]
    if rng.uniform() < 0.4:  # bricks or tiles
        rows, columns = np.mgrid[:256, :256]
        joint = (rows % 16 < 1) | ((columns + 16 * (rows // 16 % 2)) % 32 < 1)
        wall = wall * np.where(joint, 0.82, 1.0)[..., None]
    stage.textures["wall"] = eight_bits(wall)
    floor = np.clip(rng.uniform(0.25, 0.6) + rng.normal(0, 0.04, 3), 0.05, 0.9)
    grain = smooth_noise(rng, (256, 256), (2, 30))[..., None]
    boards = np.where(np.arange(256)[:, None, None] % 32 < 1, 0.7, 1.0)
    stage.textures["floor"] = eight_bits(floor * boards * (1 + 0.08 * grain))
    back = rng.uniform(1.3, 2.2)
    stage.box((0, back + 0.05, 1.5), (12, 0.05, 3.2), "wall")
    stage.box((0, 0, -0.21), (12, 12, 0.05), "floor")
    stage.colours["skirting"] = _colour(paint * 0.55)
    stage.box((0, back - 0.01, -0.1), (12, 0.012, 0.06), "skirting")
    for n in range(int(rng.integers(2, 5))):
        _thing(stage, rng, f"thing{n}", rng.uniform(-2.4, 2.4), back - 0.006 * n)


def _thing(stage: Stage, rng: np.random.Generator, name: str, x: float, back: float) -> None:
    """Put a poster, a cupboard or a ball at the wall."""
    stage.colours[name] = _colour(rng.uniform(0.08, 0.9, 3) * 0.6 + 0.2 * rng.uniform())
    kind = rng.choice(["poster", "cupboard", "ball", "pole"])
    if kind == "poster":
        stage.box((x, back - 0.01, rng.uniform(1.0, 1.7)), (rng.uniform(0.15, 0.4), 0.01, 0.3), name)
    elif kind == "cupboard":
        high = rng.uniform(0.3, 0.9)
        stage.box((x, back - 0.2, high - 0.16), (rng.uniform(0.2, 0.5), 0.2, high), name)
    elif kind == "pole":
        stage.rod((x, back - 0.25, -0.16), (x, back - 0.25, 1.9), 0.025, name)
    else:
        radius = rng.uniform(0.2, 0.36)
        stage.rod((x, back - 0.4, radius - 0.16), (x, back - 0.4, radius - 0.159), radius, name)


def _treadmill(stage: Stage, rng: np.random.Generator) -> None:
    tone = rng.uniform(0.10, 0.28)
    pattern = (
        1
        + 0.10 * smooth_noise(rng, (BELT.texels, 128), (3, 3))
        + 0.10 * smooth_noise(rng, (BELT.texels, 128), (24, 24))
    )
    for _ in range(int(rng.integers(2, 5))):  # marks on the belt
        row, column = rng.integers(0, BELT.texels - 20), rng.integers(0, 100)
        pattern[row : row + rng.integers(4, 20), column : column + rng.integers(8, 40)] *= rng.uniform(
            1.2, 2.2
        )
    stage.textures["belt"] = eight_bits(tone * pattern[..., None] * np.ones(3))
    stage.colours |= {
        "frame": _colour(np.full(3, rng.uniform(0.15, 0.75)) + rng.normal(0, 0.02, 3)),
        "metal": _colour(np.full(3, rng.uniform(0.4, 0.7))),
    }
    stage.shine |= {"frame": 0.3, "metal": 0.6}
    half = BELT.length / 2
    # The belt is a box that is turned so that its texture's first axis runs along it.
    stage.box((0, 0, -0.01), (half, BELT.width / 2, 0.01), "belt")
    for side in (-1, 1):
        stage.box((0, side * (BELT.width / 2 + 0.06), -0.035), (half + 0.05, 0.06, 0.045), "frame")
    stage.box((0, 0, -0.09), (half + 0.03, BELT.width / 2 + 0.1, 0.069), "frame")
    stage.box((half + 0.18, 0, -0.03), (0.16, BELT.width / 2 + 0.12, 0.10), "frame")
    for side in (-1, 1):
        y = side * (BELT.width / 2 + 0.08)
        stage.rod((half + 0.12, y, 0.0), (half - 0.08, y, 1.12), 0.028, "metal")
    high = rng.uniform(1.08, 1.2)
    stage.box((half - 0.1, 0, high), (0.05, BELT.width / 2 + 0.1, 0.10), "frame", (0, -25, 0))


def _lamps(stage: Stage, rng: np.random.Generator) -> float:
    warm = rng.uniform(-0.05, 0.05)
    strong = rng.uniform(0.42, 0.68)
    tint = np.array([1 + warm, 1, 1 - warm])
    place = (rng.uniform(-1.6, 1.6), rng.uniform(-2.6, -0.8), 3.0)
    stage.lamp(place, (0, 0, 0.6), strong * tint, shadow=True)
    stage.lamp((rng.uniform(-2, 2), -2, 1.5), (0, 0, 0.8), rng.uniform(0.05, 0.2) * np.ones(3), shadow=False)
    return float(rng.uniform(0.36, 0.52))


def _clothes(stage: Stage, rng: np.random.Generator) -> None:
    skin = np.asarray(SKINS[rng.integers(len(SKINS))]) * rng.uniform(0.92, 1.06)
    stage.textures["skin"] = eight_bits(skin * (1 + 0.025 * smooth_noise(rng, (64, 64), (6, 6))[..., None]))
    hair = np.asarray(HAIRS[rng.integers(len(HAIRS))])
    stage.textures["hair"] = eight_bits(hair * (1 + 0.22 * smooth_noise(rng, (128, 128), (2, 8))[..., None]))
    stage.textures["shirt"] = _cloth(rng, _dye(rng))
    trousers = _dye(rng) * 0.6
    stage.textures["trousers"] = _cloth(rng, trousers, plain=rng.uniform() < 0.8)
    stage.colours["shoes"] = _colour(_dye(rng))
    stage.colours["dark"] = (0.05, 0.04, 0.04)


def _dye(rng: np.random.Generator) -> np.ndarray:
    """Draw a colour for clothes: grey, dull or bright."""
    grey, hue = rng.uniform(0.08, 0.85), rng.normal(0, rng.choice([0.02, 0.10, 0.22]), 3)
    return np.clip(grey + hue, 0.04, 0.92)


def _cloth(rng: np.random.Generator, dye: np.ndarray, plain: bool = False) -> np.ndarray:
    """Draw a texture, 256 texels for half a metre: folds and weave, and stripes, checks or a print."""
    tone = 1 + 0.06 * smooth_noise(rng, (256, 256), (14, 30)) + 0.03 * smooth_noise(rng, (256, 256), (1, 1))
    cloth = tone[..., None] * dye
    other = _dye(rng)
    pattern = "plain" if plain else rng.choice(["plain", "stripes", "checks", "print"])
    rows, columns = np.mgrid[:256, :256]
    wide = int(rng.choice([16, 32]))
    if pattern == "stripes":
        cloth = np.where((rows // wide % 2 == 0)[..., None], cloth, tone[..., None] * other)
    elif pattern == "checks":
        both = 0.5 * ((rows // wide % 2) + (columns // wide % 2))[..., None]
        cloth = cloth * (1 - both) + both * tone[..., None] * other
    elif pattern == "print":
        blots = (smooth_noise(rng, (256, 256), (16, 16)) > 0.8)[..., None]
        cloth = np.where(blots, tone[..., None] * other, cloth)
    return eight_bits(cloth)


def eight_bits(image: np.ndarray) -> np.ndarray:
    """Return a picture for a texture.

    Parameters
    ----------
    image : ndarray of float, shape (y, x, 3)
        Values from 0 to 1.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)
        Never quite black.
    """
    return (np.clip(image, 0.01, 1) * 255).astype(np.uint8)


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = np.clip(values, 0.02, 0.97)
    return float(red), float(green), float(blue)
