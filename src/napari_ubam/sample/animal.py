"""Render a rodent: shadows, far limbs, tail, trunk and head, near limbs, with fur and lighting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .figure import Figure
from .paint import Image, Surface, chain, darken, dots, oval, soften, stamp
from .scene import FUR, HEIGHT, WIDTH, Scene

SHAPE = (HEIGHT, WIDTH)
MAX_SHARP_MOTION = 2.0  # pixels; a limb that moves more during the exposure is blurred
HOOD = np.array([0.13, 0.115, 0.11], np.float32)


def draw_animal(
    scene: Scene, figure: Figure, moments: tuple[int, int, int], number: int, time: float, belt: float
) -> npt.NDArray[np.uint8]:
    """Render one frame.

    Parameters
    ----------
    scene : Scene
        Room, camera and coat.
    figure : Figure
        Positions of the body parts at many times.
    moments : tuple of int
        Indices into ``figure``: shutter opens, middle of the exposure, shutter closes.
    number : int
        Frame number, for the sensor noise.
    time : float
        Time in seconds, for the background.
    belt : float
        Distance that the belt has moved, in skeleton pixels.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)
        RGB image.
    """
    canvas = scene.background(time, belt * scene.look.size)
    painter = _Painter(scene, figure, moments, canvas)
    painter.shadows()
    painter.limb("far fore")
    painter.limb("far hind")
    painter.tail()
    painter.trunk()
    painter.limb("near hind")
    painter.limb("near fore")
    painter.face()
    x, y, width, height = scene.roi
    soften(canvas[y : y + height, x : x + width], 0.15)
    return scene.finish(canvas, number)


class _Painter:
    """Painter of the parts of one animal."""

    def __init__(self, scene: Scene, figure: Figure, moments: tuple[int, int, int], canvas: Image) -> None:
        self.scene, self.look, self.canvas = scene, scene.look, canvas
        self.figure, self.moments, self.now = figure, moments, moments[1]
        self.scale = np.float32(scene.scale)
        self.body = np.zeros(HEIGHT * WIDTH, np.float32)  # mask of the trunk, for the shadow of near limbs
        light = self.look.light
        across = np.sqrt(1 - light.height**2)
        lamp = (across * np.sin(light.azimuth), -across * np.cos(light.azimuth), light.height)
        self.lamp = np.asarray(lamp, np.float32)
        self.back, self.belly, self.skin = (
            np.asarray(colour, np.float32) for colour in (self.look.back, self.look.belly, self.look.skin)
        )
        # Strands are less visible in bright fur.
        self.strands = np.float32(0.10 - 0.055 * self.back.mean())

    def shadows(self) -> None:
        """Darken the belt under trunk and paws."""
        scale, figure = float(self.scale), self.figure
        hard = 0.85 + 0.15 * self.look.light.contrast
        darken(self.canvas, figure.shadow[self.now], (48 * scale, 6.0 * scale), 0.48 * hard)
        for place, height in figure.paws.values():
            high = float(height[self.now])
            spread = ((6.5 + 0.3 * high) * scale, 2.0 * scale)
            darken(self.canvas, place[self.now], spread, 0.62 * hard / (1 + 0.25 * high))

    def limb(self, limb: str) -> None:
        """Paint a limb. A fast limb is painted half transparent at the start and end of the exposure."""
        far = limb.startswith("far")
        flat = self.canvas.reshape(-1, 3)
        first, middle, last = self.moments
        places = self.figure.limbs[limb]
        fast = not far and float(np.abs(places[last, -1] - places[first, -1]).max()) > MAX_SHARP_MOTION
        changes = []
        for moment in (first, last) if fast else (middle,):
            points = places[moment]
            surface = chain(points, self.figure.radii[limb], SHAPE, margin=1.0 if far else 6.0)
            if surface is None:
                continue
            old = flat[surface.pixels]
            if far:
                new = old + surface.cover[:, None] * (self._limb_colour(surface, points, limb) - old)
            else:
                new = self._grown(surface, points, limb, old)
            changes.append((surface.pixels, new - old))
        for pixels, change in changes:
            flat[pixels] += np.float32(1 / len(changes)) * change

    def _grown(self, surface: Surface, points: Image, limb: str, old: Image) -> Image:
        """Blend a near limb into the flank, with a shadow on the trunk next to it."""
        x, y = surface.x - points[0, 0], surface.y - points[0, 1] + 3 * self.scale
        out = np.clip((np.hypot(x, y) / self.scale - 5) / 15, 0, 1)
        out = out * out * (3 - 2 * out)
        beside = np.clip(1 - surface.distance / (6 * self.scale), 0, 1)
        # The lamp is above, so there is less light below and behind the limb.
        away = np.clip(0.55 - 0.6 * (surface.nx * self.lamp[0] + surface.ny * self.lamp[1]), 0, 1)
        dark = 0.42 * beside * beside * away * out * self.body[surface.pixels]
        old = old * (1 - dark)[:, None]
        colour = self._limb_colour(surface, points, limb)
        value: Image = old + (surface.cover * out)[:, None] * (colour - old)
        return value

    def _limb_colour(self, surface: Surface, points: Image, limb: str) -> Image:
        bones = np.cumsum(np.hypot(*np.diff(points, axis=0).T))
        bare = np.clip((surface.along - np.float32(bones[1] - 3)) / (9 * self.scale), 0, 1)
        low = np.clip(surface.along / np.float32(bones[1]), 0, 1)
        colour = self.back + (0.45 * low)[:, None] * (self.belly - self.back)
        if self.look.coat == "hooded" and limb.endswith("fore"):
            colour += np.clip(2.4 - 3.4 * low, 0, 1)[:, None] * (HOOD - colour)
        colour += bare[:, None] * (self.skin - colour)
        fur = 1 + (1 - 0.85 * bare) * self.strands * self._texture(self.scene.fur, surface, 9.0, 150.0)
        tone = fur * self._shade(surface) * np.float32(0.58 if limb.startswith("far") else 1.0)
        value: Image = colour * tone[:, None]
        return value

    def _texture(self, texture: Image, surface: Surface, radius: float, shift: float) -> Image:
        """Sample a texture in body coordinates, so it moves with the body."""
        column = (surface.along / self.scale + np.float32(shift)).astype(np.int64) % FUR[1]
        row = (surface.across * np.float32(radius) + FUR[0] / 2).astype(np.int64) % FUR[0]
        value: Image = texture.ravel()[row * FUR[1] + column]
        return value

    def _shade(self, surface: Surface) -> Image:
        """Brightness of a round, furry surface under the lamp."""
        lx, ly, lz = self.lamp
        hard = np.float32(self.look.light.contrast)
        nz = surface.nz
        down = np.clip(surface.ny, 0, 1)
        shade = 1.0 + 0.40 * hard * (surface.nx * lx + surface.ny * ly + nz * lz - 0.45)
        # Fur is brighter at its edge. The underside gets only light that the belt reflects.
        value: Image = shade + 0.12 * (1 - nz) ** 2 * (1 - down) - 0.22 * hard * down * down
        return value

    def tail(self) -> None:
        """Paint the tail, with rings and a thin tip."""
        surface = chain(self.figure.tail[self.now], self.figure.tail_radii, SHAPE, smooth=0.6)
        if surface is None:
            return
        rings = 1 + 0.04 * np.sin(surface.along * np.float32(2.3) / self.scale)
        root = np.clip(1 - surface.along / (18 * self.scale), 0, 1)[:, None]
        tone = (rings * self._shade(surface) * 0.9)[:, None]
        skin = 0.75 * self.skin + 0.25 * self.back
        stamp(self.canvas, surface.pixels, (skin + root * (self.back - skin)) * tone, surface.cover)

    def trunk(self) -> None:
        """Paint trunk, neck and head as one body."""
        surface = chain(self.figure.trunk[self.now], self.figure.trunk_radii, SHAPE, smooth=1.6)
        if surface is None:
            return
        low = np.clip((surface.across + 0.05) / 0.85, 0, 1)
        low = (low * low * (3 - 2 * low))[:, None]
        fur = self._texture(self.scene.fur, surface, 26.0, 0.0)
        colour = self.back + low * (self.belly - self.back)
        if self.look.coat == "hooded":
            colour += self._hood(surface)[:, None] * (HOOD - colour)
        tone = (1 + self.strands * fur) * self._shade(surface)
        cover = np.clip(0.5 - surface.distance - 0.30 * fur, 0, 1)  # single hairs at the outline
        self.body[surface.pixels] = cover
        stamp(self.canvas, surface.pixels, colour * tone[:, None], cover)

    def _hood(self, surface: Surface) -> Image:
        """Mask of the dark parts of a hooded coat: head, shoulders and a stripe along the back."""
        patches = self._texture(self.scene.patches, surface, 26.0, 0.0)
        hood = np.clip((surface.along / self.scale - 72 + 12 * patches) / 6, 0, 1)
        stripe = np.clip((-0.60 + 0.16 * patches - surface.across) * 6, 0, 1)
        value: Image = np.maximum(hood, stripe)
        return value

    def face(self) -> None:
        """Paint ear, eye, nose and whiskers."""
        figure, now, scale, canvas = self.figure, self.now, float(self.scale), self.canvas
        size, turn = scale * self.look.head, float(figure.head[now])
        dark = self.back if self.look.coat != "hooded" else HOOD
        rim, inner = 0.45 * self.skin + 0.5 * dark, 0.62 * self.skin + 0.10 * dark
        ear = figure.ear[now]
        lean, behind = turn - 0.25, ear + np.float32(0.8)
        oval(canvas, behind, (6.4 * size, 7.4 * size), lean, dark * np.float32(0.55), soft=2.5, cover=0.5)
        oval(canvas, ear, (5.7 * size, 6.9 * size), lean, rim * np.float32(1.12), soft=1.2)
        oval(canvas, ear + np.float32(0.5), (3.9 * size, 5.0 * size), lean, inner, soft=2.4)
        eye = figure.eye[now]
        oval(canvas, eye, (3.3 * size, 2.8 * size), turn, dark * np.float32(0.6), soft=1.8, cover=0.6)
        oval(canvas, eye, (2.3 * size, 2.0 * size), turn, np.array([0.03, 0.02, 0.025], np.float32), soft=0.9)
        spark = eye + np.array([0.7 * self.lamp[0], -0.8], np.float32) * np.float32(size)
        oval(canvas, spark, (0.6, 0.6), 0.0, np.array([0.85, 0.86, 0.9], np.float32), soft=0.9, cover=0.9)
        oval(canvas, figure.nose[now], (1.5 * size, 1.9 * size), turn, self.skin * np.float32(0.8), soft=1.0)
        bright = np.array([0.75, 0.74, 0.72], np.float32)
        dots(canvas, figure.whiskers[now], bright, 0.22)
