"""The scenes of the world ``rats``: the sample study's renderer with other cameras, rooms and wheels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from _cast import Floats, Subject

from napari_ubam.sample.figure import Figure
from napari_ubam.sample.paint import Image
from napari_ubam.sample.scene import HEIGHT, ORIGIN, WIDTH, Scene, smooth_noise
from napari_ubam.sample.style import Appearance, Light

TALL = 112.0  # skeleton pixels from below the paws to above the head
MIDDLE = 40.0  # skeleton pixels from the pelvis forward to the middle of the body
TILE = (64, 1024)  # of the belt's texture, across and along


@dataclass(frozen=True)
class View:
    """What the camera sees, and how. Lengths are in skeleton pixels."""

    rise: float  # how high the camera looks from, 1 as in the sample study
    mirrored: bool
    wheel: float  # radius of the wheel, 0 for a treadmill
    shutter: float  # exposure as a fraction of the time between two frames
    infrared: bool
    quality: int  # CRF
    rungs: float  # distance of the rungs or ribs
    sharp: float  # 1 is full resolution; less is a small video enlarged


def view_of(subject: Subject) -> View:
    """Choose camera and apparatus: the same laboratory for the study, and small differences.

    Parameters
    ----------
    subject : Subject
        The animal.

    Returns
    -------
    View
        The view.
    """
    shared, rng = subject.shared("view"), subject.random("view")
    return View(
        rise=float(np.clip(shared.uniform(0.4, 2.0) + rng.uniform(-0.15, 0.15), 0.3, 2.2)),
        mirrored=bool(shared.uniform() < 0.5),
        wheel=float(shared.uniform(260, 420)) if shared.uniform() < 0.5 else 0.0,
        shutter=float(np.clip(shared.uniform(0.1, 0.8) + rng.uniform(-0.1, 0.1), 0.05, 0.9)),
        infrared=bool(shared.uniform() < 0.35),
        quality=int(shared.integers(19, 31) + rng.integers(-2, 3)),
        rungs=float(shared.uniform(7, 16)),
        sharp=float(shared.choice([1.0, 0.8, 0.6])),
    )


def appearance_of(subject: Subject) -> Appearance:
    """Choose coat, size in the frame, and light.

    Parameters
    ----------
    subject : Subject
        The animal.

    Returns
    -------
    Appearance
        Its body takes 30 to 90 % of the height of the frame.
    """
    shared, rng = subject.shared("size"), subject.random("look")
    look = Appearance.from_seed(subject.seed)
    tall = float(np.clip(shared.uniform(0.34, 0.84) + rng.uniform(-0.04, 0.04), 0.30, 0.90))
    scale = tall * HEIGHT / TALL
    free = (HEIGHT - TALL * scale) / 2
    side = max(0.0, WIDTH / 2 - 85 * scale)
    x = WIDTH / 2 - MIDDLE * scale + rng.uniform(-0.7, 0.7) * side
    y = HEIGHT / 2 + 44 * scale + rng.uniform(-0.6, 0.6) * free
    tint, coat = rng.uniform(0.75, 1.3), rng.normal(0, 0.03, 3) * np.mean(look.back)
    light = Light.from_seed(subject.seed)
    return replace(
        look,
        back=_colour(np.asarray(look.back) * tint + coat),
        belly=_colour(np.asarray(look.belly) * tint ** rng.uniform(0.2, 1) + coat),
        zoom=scale / look.size,
        offset=(float(x - ORIGIN[0]), float(y - ORIGIN[1])),
        tilt=float(rng.uniform(-0.05, 0.05)),
        wall=_colour(rng.uniform(0.22, 0.85) + rng.normal(0, 0.06, 3)),
        belt=_colour(rng.uniform(0.08, 0.55) + rng.normal(0, 0.03, 3)),
        noise=float(rng.uniform(0.004, 0.035)),
        light=replace(
            light, brightness=float(rng.uniform(0.72, 1.2)), contrast=float(rng.uniform(0.5, 1.45))
        ),
    )


@dataclass(frozen=True)
class Place(Scene):
    """A scene of the sample study with another room, and a flat belt or a wheel.

    Parameters
    ----------
    seed : int
        Random seed.
    look : Appearance
        Of animal, room and lamp.
    view : View
        Camera and apparatus.
    """

    view: View

    def to_image(self, points: Floats) -> Image:
        """Project skeleton points, bent along the wheel."""
        return super().to_image(self._bent(points))

    def _bent(self, points: Floats) -> Floats:
        radius = self.view.wheel
        if not radius:
            return points
        turn, inner = (points[..., 0] - MIDDLE) / radius, radius - points[..., 1]
        return np.stack([MIDDLE + inner * np.sin(turn), radius - inner * np.cos(turn)], -1)

    @cached_property
    def ground(self) -> tuple[Floats, Floats]:
        """Skeleton coordinates of each pixel, along and above the ground."""
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
        dx, dy = x - self.origin[0], y - self.origin[1]
        cos, sin = np.cos(self.look.tilt), np.sin(self.look.tilt)
        along, above = (cos * dx + sin * dy) / self.scale, -(cos * dy - sin * dx) / self.scale
        radius = self.view.wheel
        if not radius:
            return along, above
        out = np.hypot(along - MIDDLE, radius - above)
        return MIDDLE + radius * np.arctan2(along - MIDDLE, radius - above), radius - out

    @cached_property
    def edges(self) -> tuple[float, float]:
        """How far the ground reaches below and above the line of the near paws."""
        return -13.0 * self.view.rise - 5, 15.0 * self.view.rise + 3

    @cached_property
    def room(self) -> Image:
        """The picture behind everything, shape (y, x, 3)."""
        rng = np.random.default_rng((self.seed, 131))
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        wall = (
            1
            + 0.05 * smooth_noise(rng, (HEIGHT, WIDTH), (40, 60))
            + rng.uniform(-0.3, 0.3) * (y / HEIGHT - 0.5)
        )
        style = rng.choice(["plain", "bars", "tiles", "things", "glass"])
        if style == "bars":
            step = rng.uniform(9, 20)
            wall *= 1 - rng.uniform(0.25, 0.6) * np.exp(-(((x + 0.05 * y) % step - step / 2) ** 2) / 1.5)
        elif style == "tiles":
            step = rng.uniform(22, 50)
            wall *= np.where((x % step < 1.5) | (y % step < 1.5), 0.75, 1.0)
        elif style == "glass":
            wall += 0.15 * np.exp(-(((x - y * 0.6 - rng.uniform(40, 240)) / rng.uniform(8, 30)) ** 2))
        image = wall[..., None] * np.asarray(self.look.wall, np.float32)
        if style == "things":
            for _ in range(5):
                left, top = rng.uniform(-20, WIDTH - 20), rng.uniform(-20, HEIGHT * 0.6)
                box = (
                    (x > left)
                    & (x < left + rng.uniform(15, 90))
                    & (y > top)
                    & (y < top + rng.uniform(10, 70))
                )
                image[box] *= rng.uniform(0.55, 1.5, 3).astype(np.float32)
        below, above = self._faded
        frame = np.float32(rng.uniform(0.05, 0.6)) * (1 + 0.03 * smooth_noise(rng, (HEIGHT, WIDTH), (2, 24)))
        image += below[..., None] * (frame[..., None] - image)
        image *= (1 - 0.3 * np.exp(-np.clip(above, 0, None) / 6))[..., None]  # the corner is darker
        return image.astype(np.float32)

    @cached_property
    def _faded(self) -> tuple[Image, Image]:
        """How much a pixel is below the ground, and how far it is above."""
        above = self.ground[1]
        low, high = self.edges
        below = np.clip((low - above) * self.scale + 0.5, 0, 1)
        return below.astype(np.float32), (above - high).astype(np.float32)

    @cached_property
    def _floor(self) -> tuple[np.ndarray, Floats, np.ndarray, Image, Image]:
        along, above = self.ground
        low, high = self.edges
        cover = np.clip((above - low) * self.scale + 0.5, 0, 1) * np.clip(
            (high - above) * self.scale + 0.5, 0, 1
        )
        pixels = np.flatnonzero(cover > 0)
        across = np.clip((high - above.ravel()[pixels]) / (high - low), 0, 1)
        rows = np.minimum((across * TILE[0]).astype(np.int64), TILE[0] - 1)
        near = 0.78 + 0.35 * across - 0.25 * np.exp(-across * 9)
        colour = near[:, None] * np.asarray(self.look.belt)
        flat = cover.ravel()[pixels][:, None]
        # Further away, the same distance is shorter in the picture.
        stretched = (along.ravel()[pixels] - MIDDLE) * (1.12 - 0.24 * across)
        return pixels, stretched, rows, (flat * colour).astype(np.float32), flat.astype(np.float32)

    @cached_property
    def _tile(self) -> Image:
        rng = np.random.default_rng((self.seed, 137))
        tile = 0.10 * smooth_noise(rng, TILE, (3, 3)) + 0.10 * smooth_noise(rng, TILE, (14, 26))
        count = round(TILE[1] / self.view.rungs)
        wave = np.cos(2 * np.pi * np.arange(TILE[1]) * count / TILE[1])
        depth = 0.45 if self.view.wheel else rng.uniform(0.0, 0.12)
        tile = 1 + tile + (depth * np.tanh(3 * wave)).astype(np.float32)
        for _ in range(8):  # marks
            row, column = rng.integers(0, TILE[0] - 12), rng.integers(0, TILE[1] - 40)
            tile[row : row + rng.integers(4, 12), column : column + rng.integers(6, 40)] *= rng.uniform(
                0.5, 1.7
            )
        return np.clip(tile, 0.1, None).astype(np.float32)

    def background(self, time: float, belt: float) -> Image:
        """Render room and ground; ``belt`` in room pixels, as the sample study's."""
        image = self.room.copy()
        pixels, along, rows, colour, cover = self._floor
        place = along + belt / self.look.size
        whole = np.floor(place).astype(np.int64)
        part = (place - whole).astype(np.float32)
        left, right = self._tile[rows, whole % TILE[1]], self._tile[rows, (whole + 1) % TILE[1]]
        tone = (left + part * (right - left))[:, None]
        flat = image.reshape(-1, 3)
        flat[pixels] = flat[pixels] * (1 - cover) + tone * colour
        return image

    def seen(self, figure: Figure) -> Figure:
        """Move the far limbs up or down, as the height of the camera asks for."""
        shift = np.array([0.0, -self.scale * 6.5 * (self.view.rise - 1)], np.float32)
        far = {name: points + shift for name, points in figure.limbs.items() if name.startswith("far")}
        paws = {
            name: (place + shift, height) if name.startswith("far") else (place, height)
            for name, (place, height) in figure.paws.items()
        }
        return replace(figure, limbs=figure.limbs | far, paws=paws)

    def finish(self, image: Image, number: int) -> np.ndarray:
        """Apply lamp, sensor, resolution and side of the camera."""
        picture = super().finish(image, number)
        if self.view.infrared:
            grey = picture.astype(np.float32) @ np.array([0.5, 0.35, 0.15], np.float32)
            picture = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        return np.ascontiguousarray(picture[:, ::-1]) if self.view.mirrored else picture


def _colour(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = np.clip(values, 0.03, 0.95)
    return float(red), float(green), float(blue)
