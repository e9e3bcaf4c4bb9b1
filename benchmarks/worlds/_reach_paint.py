"""Draw a rat that reaches: room, shelf, pane, pellet and animal, with the sample study's drawing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from _cast import Floats, Subject
from _reach_move import PELLET, Motion, digits_of

from napari_ubam.sample.body import towards
from napari_ubam.sample.figure import FORE_RADII, HEAD_RADII, HIND_RADII, TRUNK_AT, TRUNK_RADII
from napari_ubam.sample.paint import Image, Surface, chain, darken, dots, oval, soften, stamp
from napari_ubam.sample.scene import FUR, smooth_noise
from napari_ubam.sample.style import Appearance

HEIGHT, WIDTH = 240, 320
HOOD = np.array([0.13, 0.115, 0.11], np.float32)
FAR = np.array([3.0, 3.5])  # of the far side, as the camera looks slightly down


@dataclass(frozen=True)
class Look:
    """Camera, light and colours of a recording."""

    coat: Appearance
    scale: float
    origin: tuple[float, float]  # pixel of the foot of the wall
    tilt: float
    lamp: Floats
    bright: float
    tint: tuple[float, float, float]
    grey: bool

    @classmethod
    def of(cls, subject: Subject) -> Look:
        """Choose the look of a subject."""
        shared, rng = subject.shared("look"), subject.random("look")
        scale = shared.uniform(1.75, 2.25) * rng.uniform(0.94, 1.06)
        azimuth, high = rng.uniform(-0.8, 0.8), rng.uniform(0.35, 0.65)
        across = np.sqrt(1 - high**2)
        warm = rng.uniform(-0.07, 0.07)
        return cls(
            coat=Appearance.from_seed(subject.seed),
            scale=float(scale),
            origin=(
                float(WIDTH - 46 * scale + rng.uniform(-8, 8)),
                float(HEIGHT - 36 + rng.uniform(-9, 9)),
            ),
            tilt=float(rng.uniform(-0.03, 0.03)),
            lamp=np.array([across * np.sin(azimuth), -across * np.cos(azimuth), high]),
            bright=float(rng.uniform(0.78, 1.12)),
            tint=(1 + warm, 1.0, 1 - warm),
            grey=bool(shared.uniform() < 0.4),
        )


class Painter:
    """Draws the frames of a recording.

    Parameters
    ----------
    subject : Subject
        The animal.
    motion : Motion
        Its movement.
    """

    def __init__(self, subject: Subject, motion: Motion) -> None:
        self.subject, self.motion, self.look = subject, motion, Look.of(subject)
        coat = self.look.coat
        self.back, self.belly, self.skin = (
            np.asarray(colour, np.float32) for colour in (coat.back, coat.belly, coat.skin)
        )
        self.noise = subject.random("noise")
        self.body = np.zeros(HEIGHT * WIDTH, np.float32)  # mask of the trunk
        rng = subject.random("fur")
        self.fur = smooth_noise(rng, FUR, (1.4, 4)) + 0.6 * smooth_noise(rng, FUR, (2.5, 8))
        self.near, self.far = self.place(motion.near), self.place(motion.far + FAR)
        self.hind = self.place(motion.hind)
        self.digits = self.place(digits_of(motion))
        self.trunk, self.marks = self._trunk()

    def place(self, points: Floats) -> Image:
        """Project points of the skeleton into the image."""
        cos, sin = np.cos(self.look.tilt), np.sin(self.look.tilt)
        x, y = self.look.scale * points[..., 0], -self.look.scale * points[..., 1]
        at = np.asarray(self.look.origin) + np.stack([cos * x - sin * y, sin * x + cos * y], -1)
        return np.asarray(at, np.float32)

    def _trunk(self) -> tuple[Image, dict[str, Image]]:
        motion, head = self.motion, self.look.coat.head
        line = motion.spine.along(TRUNK_AT)
        along, up = towards(motion.head), towards(motion.head + np.pi / 2)
        rump = line[:, 0] + np.array([-13.0, -6.0])
        nape = line[:, -1] + 11 * towards(motion.neck)
        skull = line[:, -1] + 20 * towards(motion.neck) + 5 * along
        muzzle, tip = skull + head * (15 * along - 1.2 * up), skull + head * (27 * along - 2.6 * up)
        points = np.concatenate([rump[:, None], line, np.stack([nape, skull, muzzle, tip], 1)], axis=1)
        marks = {
            "ear": skull + head * (-5.5 * along + 10.5 * up),
            "eye": skull + head * (9 * along + 4.2 * up),
            "nose": tip + 2.2 * along + 0.6 * up,
        }
        hairs = tip[:, None] - 4 * along[:, None]
        share = np.linspace(0.2, 1, 12)[:, None, None]
        whiskers = [
            hairs + 13 * share.swapaxes(0, 1) * towards(motion.head + turn)[:, None]
            for turn in (-1.0, -0.6, -0.2)
        ]
        marks["whiskers"] = np.concatenate(whiskers, axis=1)
        return self.place(points), {name: self.place(value) for name, value in marks.items()}

    @cached_property
    def room(self) -> Image:
        """The picture without animal and pellet."""
        rng, look = self.subject.random("room"), self.look
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        wall = 1 + 0.05 * smooth_noise(rng, (HEIGHT, WIDTH), (40, 60)) - 0.0012 * (y - 120)
        for edge in rng.uniform(0, WIDTH, rng.integers(0, 4)):
            wall *= 1 - 0.2 * np.exp(-(((x - edge) / 1.4) ** 2))
        image = wall[..., None] * np.clip(rng.uniform(0.25, 0.8) + rng.normal(0, 0.04, 3), 0.05, 0.95)
        ground = look.origin[1] + look.tilt * (x - look.origin[0]) - FAR[1] * look.scale
        floor = np.clip(rng.uniform(0.15, 0.6) + rng.normal(0, 0.03, 3), 0.05, 0.9)
        grain = 1 + 0.08 * smooth_noise(rng, (HEIGHT, WIDTH), (2, 8))
        mesh = 1 - 0.25 * (np.sin(x * rng.uniform(0.5, 0.9)) > 0.75) * (rng.uniform() < 0.5)
        below = np.clip(y - ground + 0.5, 0, 1)[..., None]
        image += below * ((grain * mesh)[..., None] * floor - image)
        self._shelf(image, rng)
        return image.astype(np.float32)

    def _shelf(self, image: np.ndarray, rng: np.random.Generator) -> None:
        """Draw shelf and wall."""
        left, top = self.place(np.array([1.5, PELLET[1] - 2.2])).astype(int)
        thick = int(3.5 * self.look.scale)
        tone = rng.uniform(0.3, 0.85)
        image[top : top + thick, left:] = tone * np.array([0.97, 1.0, 1.0])
        image[top + thick : top + thick + 3, left:] *= 0.6
        foot = self.place(np.array([0.0, 0.0])).astype(int)
        image[top + thick : foot[1], left + 2 : left + 6] *= 0.75

    def frame(self, number: int, moments: tuple[int, ...]) -> np.ndarray:
        """Draw a frame.

        Parameters
        ----------
        number : int
            Middle of the exposure, an index into the motion.
        moments : tuple of int
            Moments of the exposure, at which the reaching limb is drawn.

        Returns
        -------
        ndarray of uint8, shape (y, x, 3)
            RGB image.
        """
        canvas, scale = self.room.copy(), self.look.scale
        under = self.place(np.array([-80.0, -1.0]))
        darken(canvas, under, (38 * scale, 4.5 * scale), 0.5)
        self.body[:] = 0
        self._limb(canvas, self.far[number], FORE_RADII, 0.62)
        self._body(canvas, number)
        self._limb(canvas, self.hind[number], HIND_RADII, 1.0)
        self._face(canvas, number)
        if self.motion.pellet[number]:
            oval(
                canvas,
                self.place(np.array(PELLET)),
                (2.0 * scale, 1.8 * scale),
                0.0,
                np.array([0.86, 0.74, 0.5], np.float32),
            )
        flat = canvas.copy()
        drawn = np.zeros_like(canvas)
        for moment in moments:
            canvas[:] = flat
            self._limb(canvas, self.near[moment], FORE_RADII, 1.0)
            self._paw(canvas, moment)
            drawn += canvas / len(moments)
        self._pane(drawn)
        soften(drawn, 0.15)
        return self._filmed(drawn)

    def _limb(self, canvas: Image, points: Image, radii: Floats, tone: float) -> None:
        surface = chain(points, (radii * self.look.scale).astype(np.float32), (HEIGHT, WIDTH))
        if surface is None:
            return
        bones = np.cumsum(np.hypot(*np.diff(points, axis=0).T))
        bare = np.clip((surface.along - np.float32(bones[1] - 4)) / (8 * self.look.scale), 0, 1)[:, None]
        low = np.clip(surface.along / np.float32(bones[1]), 0, 1)[:, None]
        colour = self.back + 0.4 * low * (self.belly - self.back)
        if self.look.coat.coat == "hooded" and radii is FORE_RADII:
            colour = colour + np.clip(2.4 - 3.4 * low, 0, 1) * (HOOD - colour)
        colour = colour + bare * (self.skin - colour)
        strands = 1 + (1 - 0.85 * bare[:, 0]) * 0.07 * self._texture(surface, 9.0, 150.0)
        out = np.clip(
            (np.hypot(surface.x - points[0, 0], surface.y - points[0, 1]) / self.look.scale - 4) / 16, 0, 1
        )
        out = 1 - self.body[surface.pixels] * (1 - out * out * (3 - 2 * out))  # grows out of the trunk
        stamp(
            canvas,
            surface.pixels,
            colour * (strands * self._shade(surface) * tone)[:, None],
            surface.cover * out,
        )

    def _paw(self, canvas: Image, moment: int) -> None:
        """Draw the digits."""
        scale = self.look.scale
        for digit in self.digits[moment]:
            surface = chain(
                digit,
                np.array([1.15, 0.95, 0.7], np.float32) * np.float32(scale),
                (HEIGHT, WIDTH),
                smooth=0.5,
            )
            if surface is not None:
                stamp(canvas, surface.pixels, self.skin * self._shade(surface)[:, None], surface.cover)

    def _body(self, canvas: Image, number: int) -> None:
        girth = np.concatenate([TRUNK_RADII * self.look.coat.girth, HEAD_RADII * self.look.coat.head])
        radii = (girth * self.look.scale * 0.96).astype(np.float32)
        surface = chain(self.trunk[number], radii, (HEIGHT, WIDTH), smooth=1.6)
        if surface is None:
            return
        low = np.clip((surface.across + 0.05) / 0.85, 0, 1)
        low = (low * low * (3 - 2 * low))[:, None]
        fur = self._texture(surface, 26.0, 0.0)
        colour = self.back + low * (self.belly - self.back)
        if self.look.coat.coat == "hooded":
            hood = np.clip((surface.along / self.look.scale - 76) / 8, 0, 1)[:, None]
            colour = colour + hood * (HOOD - colour)
        tone = (1 + 0.08 * fur) * self._shade(surface)
        self.body[surface.pixels] = surface.cover
        stamp(
            canvas, surface.pixels, colour * tone[:, None], np.clip(0.5 - surface.distance - 0.3 * fur, 0, 1)
        )

    def _face(self, canvas: Image, number: int) -> None:
        size = self.look.scale * self.look.coat.head
        turn = self.look.tilt - float(self.motion.head[number])
        dark = np.full(3, 0.13, np.float32) if self.look.coat.coat == "hooded" else self.back
        ear, eye, nose = (self.marks[name][number] for name in ("ear", "eye", "nose"))
        oval(canvas, ear, (5.7 * size, 6.9 * size), turn - 0.25, 0.45 * self.skin + 0.5 * dark, soft=1.4)
        oval(
            canvas,
            ear + np.float32(0.5),
            (3.9 * size, 5.0 * size),
            turn - 0.25,
            0.62 * self.skin + 0.1 * dark,
            soft=2.4,
        )
        oval(canvas, eye, (2.4 * size, 2.1 * size), turn, np.array([0.03, 0.02, 0.03], np.float32), soft=1.0)
        oval(
            canvas, eye - np.float32(0.8), (0.7, 0.7), 0.0, np.array([0.85, 0.86, 0.9], np.float32), soft=0.9
        )
        oval(canvas, nose, (1.5 * size, 1.9 * size), turn, self.skin * np.float32(0.8))
        dots(canvas, self.marks["whiskers"][number], np.array([0.75, 0.74, 0.72], np.float32), 0.25)

    def _pane(self, canvas: Image) -> None:
        """Draw the transparent wall, seen from its edge, with the slit in front of the paw."""
        scale = self.look.scale
        x = float(self.place(np.array([0.0, 0.0]))[0])
        low, high = (int(self.place(np.array([0.0, y]))[1]) for y in (28.0, 110.0))
        wide = max(2, round(1.3 * scale))
        left = max(0, round(x - wide / 2))
        region = canvas[:, left : left + wide]
        strength = np.full(HEIGHT, 0.55, np.float32)
        strength[max(high, 0) : low] = 0.16  # the slit: only its far edge is seen
        region += strength[:, None, None] * (np.float32(0.72) - region)

    def _texture(self, surface: Surface, radius: float, shift: float) -> Image:
        column = (surface.along / self.look.scale + shift).astype(np.int64) % FUR[1]
        row = (surface.across * radius + FUR[0] / 2).astype(np.int64) % FUR[0]
        return np.asarray(self.fur[row, column])

    def _shade(self, surface: Surface) -> Image:
        lx, ly, lz = self.look.lamp.astype(np.float32)
        down = np.clip(surface.ny, 0, 1)
        shade = 1 + 0.4 * (surface.nx * lx + surface.ny * ly + surface.nz * lz - 0.45)
        return np.asarray(shade + 0.12 * (1 - surface.nz) ** 2 * (1 - down) - 0.22 * down * down, np.float32)

    def _filmed(self, image: Image) -> np.ndarray:
        image = image * (self.look.bright * np.asarray(self.look.tint, np.float32))
        if self.look.grey:
            image = np.repeat((image @ np.array([0.5, 0.35, 0.15], np.float32))[..., None], 3, axis=2)
        image += np.float32(self.look.coat.noise) * self.noise.standard_normal(image.shape, np.float32)
        return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
