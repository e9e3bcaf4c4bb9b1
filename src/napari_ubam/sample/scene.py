"""The scene: camera, wall, belt and moving background. Static parts are rendered only once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .gait import events, wander
from .paint import Image
from .style import Appearance

WIDTH, HEIGHT = 320, 200
ORIGIN = np.array([121.0, 156.0])  # mean position in the image of the point on the belt below the pelvis
FAR_EDGE, NEAR_EDGE = -19.0, 21.0  # edges of the belt, in pixels below the line of the near paws
TILE = (64, 512)  # size of the belt texture, across and along
FUR = (128, 512)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], scales: tuple[float, float], power: float = 2.0
) -> Image:
    """Generate periodic smooth noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    shape : tuple of int
        Height and width.
    scales : tuple of float
        Correlation length along y and x in pixels.
    power : float
        Exponent of the low-pass filter.

    Returns
    -------
    ndarray of float32, shape (y, x)
        Noise with standard deviation 1.
    """
    spectrum = np.fft.rfft2(rng.standard_normal(shape))
    y, x = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])
    spectrum *= np.exp(-((np.hypot(y * scales[0], x * scales[1]) * np.pi) ** power))
    spectrum[0, 0] = 0
    noise = np.fft.irfft2(spectrum, shape)
    value: Image = (noise / noise.std()).astype(np.float32)
    return value


class _Belt(NamedTuple):
    """Pixels of the belt, their texture coordinates and colours, and the texture."""

    pixels: npt.NDArray[np.int64]
    along: Image
    rows: npt.NDArray[np.int64]
    colour: Image  # colour for a texture value of 1
    under: Image  # room behind the edge of the belt
    tile: Image


def bump(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the Gaussian ``exp(-x ** 2)``.

    Parameters
    ----------
    x : ndarray
        Any shape.

    Returns
    -------
    ndarray
        Values from 0 to 1, same shape.
    """
    value: npt.NDArray[np.floating] = np.exp(-(x**2))
    return value


@dataclass(frozen=True)
class Scene:
    """A room with its camera. Use `scene_of`, which caches the last ones."""

    seed: int
    look: Appearance

    @property
    def scale(self) -> float:
        """Image pixels per skeleton pixel."""
        return self.look.zoom * self.look.size

    @property
    def origin(self) -> npt.NDArray[np.float64]:
        """Position (x, y) in the image of the point on the belt below the pelvis."""
        return ORIGIN + self.look.offset

    def to_image(self, points: npt.NDArray[np.float64]) -> Image:
        """Project skeleton points into the image.

        Parameters
        ----------
        points : ndarray of float64, shape (..., 2)
            Points (x, y) in skeleton pixels, y up.

        Returns
        -------
        ndarray of float32, shape (..., 2)
            Points (x, y) in image pixels, y down.
        """
        cos, sin = np.cos(self.look.tilt), np.sin(self.look.tilt)
        x, y = self.scale * points[..., 0], -self.scale * points[..., 1]
        at = self.origin + np.stack([cos * x - sin * y, sin * x + cos * y], -1)
        value: Image = at.astype(np.float32)
        return value

    @cached_property
    def roi(self) -> tuple[int, int, int, int]:
        """Bounding box of the animal and most of its tail: x, y, width, height in pixels."""
        corners = self.to_image(np.array([(x, y) for x in (-92, 142) for y in (-12, 100)], float))
        left, top = np.clip(np.floor(corners.min(0)), 0, None).astype(int)
        right, bottom = np.clip(np.ceil(corners.max(0)), 0, (WIDTH, HEIGHT)).astype(int)
        return int(left), int(top), int(right - left), int(bottom - top)

    @cached_property
    def _world(self) -> tuple[Image, Image]:
        """Room coordinates of each pixel: right of the origin, and below it."""
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        dx, dy = x - np.float32(self.origin[0]), y - np.float32(self.origin[1])
        cos, sin = np.float32(np.cos(self.look.tilt)), np.float32(np.sin(self.look.tilt))
        zoom = np.float32(1 / self.look.zoom)
        return zoom * (cos * dx + sin * dy), zoom * (cos * dy - sin * dx)

    @cached_property
    def room(self) -> Image:
        """The image without animal and belt, shape (y, x, 3)."""
        rng = np.random.default_rng((self.seed, 31))
        x, y = self._world
        light = self.look.light
        wall = 1 - 0.0011 * (y + 100) + 0.0009 * x * np.sin(light.azimuth)
        wall += 0.022 * smooth_noise(rng, (HEIGHT, WIDTH), (40, 60))
        wall += 0.010 * smooth_noise(rng, (HEIGHT, WIDTH), (2, 2))
        wall += 0.006 * smooth_noise(rng, (HEIGHT, WIDTH), (2, 50))
        for place in rng.uniform(-110, 190, 2):  # gaps between the wall panels
            wall *= 1 - 0.22 * bump((x - place) / 0.9) + 0.10 * bump(x - place - 2)
        height = rng.uniform(-52, -36)
        rail = np.clip(1.2 - np.abs(y - height) / 2.2, 0, 1)
        wall *= 1 - 0.30 * rail + 0.20 * np.clip(1 - np.abs(y - height + 1.6) / 0.9, 0, 1)
        wall *= 1 - 0.35 * np.exp(-np.clip(FAR_EDGE - y, 0, None) / 7)  # the corner is darker
        image = wall[..., None] * np.asarray(self.look.wall, np.float32)
        frame = 0.30 + 0.25 * bump((y - NEAR_EDGE - 4) / 1.6) - 0.10 * bump((y - NEAR_EDGE) / 1.5)
        frame += 0.012 * smooth_noise(rng, (HEIGHT, WIDTH), (1.5, 24))
        below = np.clip((y - NEAR_EDGE) + 0.5, 0, 1)[..., None]
        value: Image = image + below * (frame[..., None] * np.array([0.96, 0.98, 1.0], np.float32) - image)
        return value

    @cached_property
    def gain(self) -> Image:
        """Brightness factor of lamp and lens, shape (y, x, 3)."""
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        away = ((x - WIDTH / 2) / WIDTH) ** 2 + ((y - HEIGHT / 2) / HEIGHT) ** 2
        light = self.look.light
        slope = 1 + 0.10 * np.sin(light.azimuth) * (x - WIDTH / 2) / (WIDTH / 2)
        grey = (light.brightness * (1.04 - 0.42 * away) * slope)[..., None]
        value: Image = (grey * np.asarray(light.colour)).astype(np.float32)
        return value

    @cached_property
    def _belt(self) -> _Belt:
        rng = np.random.default_rng((self.seed, 37))
        x, y = self._world
        cover = np.clip(y - FAR_EDGE + 0.5, 0, 1) * np.clip(NEAR_EDGE - y + 0.5, 0, 1)
        flat = np.flatnonzero(cover > 0)
        across = (y.ravel()[flat] - FAR_EDGE) / (NEAR_EDGE - FAR_EDGE)
        nearer = 1 + 0.30 * (across - (0 - FAR_EDGE) / (NEAR_EDGE - FAR_EDGE))
        along = (x.ravel()[flat] - 40) / nearer + 40
        tile = 0.09 * smooth_noise(rng, TILE, (3, 3)) + 0.07 * smooth_noise(rng, TILE, (14, 26))
        ribs = np.cos(2 * np.pi * np.arange(TILE[1]) * 64 / TILE[1])
        tile += 0.05 * ribs.astype(np.float32)
        for _ in range(9):  # marks on the belt
            row, column = rng.uniform(0, TILE[0]), rng.uniform(0, TILE[1])
            dy = np.arange(TILE[0])[:, None] - row
            dx = (np.arange(TILE[1]) - column + TILE[1] / 2) % TILE[1] - TILE[1] / 2
            size = rng.uniform(2.5, 7)
            tile += (rng.uniform(-0.35, 0.5) * bump(dy / size) * bump(dx / (1.8 * size))).astype(np.float32)
        shade = 0.80 + 0.35 * across - 0.28 * np.exp(-across * 9)
        tile = 1 + np.concatenate([tile, tile[:, :1]], axis=1)  # periodic: the first column follows the last
        rows = np.clip(across * TILE[0], 0, TILE[0] - 1).astype(np.int64) * tile.shape[1]
        cover = cover.ravel()[flat][:, None]
        colour = cover * shade[:, None] * np.asarray(self.look.belt, np.float32)
        under = self.room.reshape(-1, 3)[flat] * (1 - cover)
        # Shift by whole periods, so that coordinates are never negative.
        along = (along + 4 * TILE[1]).astype(np.float32)
        return _Belt(flat, along, rows, colour.astype(np.float32), under, tile.ravel().astype(np.float32))

    @cached_property
    def fur(self) -> Image:
        """Brightness texture of the coat, periodic along and across the body; standard deviation 1."""
        rng = np.random.default_rng((self.seed, 41))
        strands = smooth_noise(rng, FUR, (1.4, 4)) + 0.6 * smooth_noise(rng, FUR, (2.5, 8))
        value: Image = strands + 0.3 * smooth_noise(rng, FUR, (16, 22))
        return value

    @cached_property
    def patches(self) -> Image:
        """Texture of the dark patches of a coat, 0 to 1, along and across the body."""
        rng = np.random.default_rng((self.seed, 43))
        value: Image = np.clip(0.5 + 0.3 * smooth_noise(rng, FUR, (14, 16)), 0, 1)
        return value

    @cached_property
    def grain(self) -> Image:
        """Sensor noise with standard deviation 1, larger than a frame. Each frame uses a random part."""
        rng = np.random.default_rng((self.seed, 47))
        return rng.standard_normal((HEIGHT + 96, WIDTH + 96, 3), np.float32)

    def background(self, time: float, belt: float) -> Image:
        """Render wall and belt.

        Parameters
        ----------
        time : float
            Time in seconds.
        belt : float
            Distance that the belt has moved, in room pixels.

        Returns
        -------
        ndarray of float32, shape (y, x, 3)
            RGB image, 0 to 1.
        """
        image = self.room.copy()
        self._move_background(image, time)
        surface = self._belt
        place = surface.along + np.float32(belt % TILE[1])
        whole = place.astype(np.int64)
        place -= whole
        whole &= TILE[1] - 1
        whole += surface.rows
        left = surface.tile[whole]
        tone = left + place * (surface.tile[whole + 1] - left)
        image.reshape(-1, 3)[surface.pixels] = surface.under + tone[:, None] * surface.colour
        return image

    def _move_background(self, image: Image, time: float) -> None:
        """Add a moving reflection on the glass, and sometimes a person who passes behind it."""
        now = np.array([time])
        bottom = int(np.clip(self.origin[1] + FAR_EDGE, 20, HEIGHT))
        x = np.arange(WIDTH, dtype=np.float32)
        place = 160 + 90 * float(wander(self.seed, "reflection", now, 0.02, 0.15)[0])
        bright = 0.05 * np.exp(-(((x - place) / 26) ** 2))
        passing = float(events(self.seed, "passing", now, 0.5)[0])
        away = 160 + 150 * float(wander(self.seed, "passer", now, 0.05, 0.2)[0])
        dark = 0.16 * passing * np.exp(-(((x - away) / 34) ** 4))
        fall = np.linspace(1, 0.5, bottom, dtype=np.float32)
        image[:bottom] *= (1 + fall[:, None] * (bright - dark))[..., None].astype(np.float32)

    def finish(self, image: Image, number: int) -> npt.NDArray[np.uint8]:
        """Apply lens, lamp, contrast and sensor noise, and convert to 8 bits.

        Parameters
        ----------
        image : ndarray of float32, shape (y, x, 3)
            Rendered image, 0 to 1. It is modified.
        number : int
            Frame number, for the noise.

        Returns
        -------
        ndarray of uint8, shape (y, x, 3)
            RGB image.
        """
        image *= self.gain
        image -= np.float32(0.5)
        image *= np.float32(0.82 + 0.18 * self.look.light.contrast)
        image += np.float32(0.5)
        top, left = np.random.default_rng((self.seed, 53, number)).integers(0, 96, 2)
        image += np.float32(self.look.noise) * self.grain[top : top + HEIGHT, left : left + WIDTH]
        image *= np.float32(255)
        image += np.float32(0.5)
        np.clip(image, 0, 255, out=image)
        return image.astype(np.uint8)


@lru_cache(maxsize=16)
def scene_of(seed: int, look: Appearance) -> Scene:
    """Return the scene of an animal from a cache.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    look : Appearance
        Appearance of animal, camera and room.

    Returns
    -------
    Scene
        The scene.
    """
    return Scene(seed, look)
