"""The floor under a dog, the lamps, and the camera that follows from above or obliquely."""

from __future__ import annotations

import numpy as np
from _cast import Subject
from _people_room import eight_bits
from _stage import Camera, Stage

from napari_ubam.sample.scene import smooth_noise

FLOOR = 3.0  # metres after which the floor repeats


def room_of(subject: Subject) -> tuple[Stage, float]:
    """Build the room.

    Parameters
    ----------
    subject : Subject
        The dog.

    Returns
    -------
    stage : Stage
        Without the dog; its bone ``floor`` carries the floor.
    ambient : float
        Light without direction.
    """
    rng = subject.random("room")
    stage = Stage(camera_of(subject))
    stage.textures["floor"] = _floor(rng)
    half = 4 * FLOOR
    stage.carried["floor"] = [f'<geom type="plane" size="{half} {half} 0.1" material="floor" pos="0 0 0"/>']
    stage.shadow = 2.4
    stage.repeat["floor"] = 2 * half / FLOOR
    warm, strong = rng.uniform(-0.06, 0.06), rng.uniform(0.42, 0.7)
    place = (rng.uniform(-1.8, 1.8), rng.uniform(-1.8, 1.8), 3.0)
    stage.lamp(place, (0, 0, 0), strong * np.array([1 + warm, 1, 1 - warm]), shadow=True)
    return stage, float(rng.uniform(0.34, 0.5))


def camera_of(subject: Subject) -> Camera:
    """Place the camera that follows a dog.

    Parameters
    ----------
    subject : Subject
        The dog.

    Returns
    -------
    Camera
        Its target is the middle of the dog.
    """
    shared, rng = subject.shared("camera"), subject.random("camera")
    high = np.radians(shared.choice([shared.uniform(72, 86), shared.uniform(30, 48)]) + rng.uniform(-3, 3))
    around = np.radians(shared.choice([-1, 1]) * shared.uniform(50, 110) + rng.uniform(-5, 5))
    far, wide = rng.uniform(2.6, 3.0), rng.uniform(1.0, 1.2)
    place = (
        far * np.cos(high) * np.cos(around),
        far * np.cos(high) * np.sin(around),
        0.3 + far * np.sin(high),
    )
    warm, bright = rng.uniform(-0.07, 0.07), rng.uniform(0.85, 1.1)
    return Camera(
        place,
        (0.0, 0.0, 0.33),
        float(np.degrees(2 * np.arctan(0.5 * wide / far))),
        roll=float(rng.uniform(-2, 2)),
        noise=float(rng.uniform(0.006, 0.02)),
        gain=(bright * (1 + warm), bright, bright * (1 - warm)),
        blur=float(rng.uniform(0.3, 0.7)),
    )


def _floor(rng: np.random.Generator) -> np.ndarray:
    """Draw a floor: tiles, boards, grass or rubber."""
    shape = (512, 512)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    tone = rng.uniform(0.25, 0.75)
    colour = np.clip(tone + rng.normal(0, 0.05, 3), 0.05, 0.95)
    kind = rng.choice(["tiles", "boards", "grass", "rubber"])
    soft = smooth_noise(rng, shape, (40, 40))
    if kind == "tiles":
        step = int(rng.choice([64, 128]))
        picture = 1 - 0.3 * ((rows % step < 3) | (columns % step < 3)) + 0.04 * soft
    elif kind == "boards":
        lines = rows % 64 < 2
        picture = 1 - 0.35 * lines + 0.10 * smooth_noise(rng, shape, (2, 40)) + 0.04 * soft
    elif kind == "grass":
        colour = np.array([0.30, 0.38, 0.20]) * rng.uniform(0.8, 1.3)
        picture = 1 + 0.22 * smooth_noise(rng, shape, (2, 2)) + 0.12 * soft
    else:
        picture = 1 + 0.14 * smooth_noise(rng, shape, (1.2, 1.2)) + 0.03 * soft
    return eight_bits(picture[..., None] * colour)
