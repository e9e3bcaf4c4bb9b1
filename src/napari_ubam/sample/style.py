"""Random properties of animal, camera, room and lamp. All of them follow from a random seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

Colour = tuple[float, float, float]

COATS: dict[str, tuple[Colour, Colour, Colour]] = {
    # back, belly, skin of ears, paws and tail
    "agouti": ((0.315, 0.26, 0.20), (0.58, 0.52, 0.43), (0.56, 0.40, 0.36)),
    "black": ((0.105, 0.10, 0.10), (0.20, 0.185, 0.175), (0.34, 0.26, 0.25)),
    "white": ((0.72, 0.69, 0.645), (0.77, 0.75, 0.71), (0.76, 0.52, 0.49)),
    "grey": ((0.34, 0.33, 0.325), (0.56, 0.55, 0.53), (0.50, 0.39, 0.38)),
    "hooded": ((0.72, 0.69, 0.645), (0.75, 0.73, 0.695), (0.72, 0.50, 0.47)),
}


@dataclass(frozen=True)
class Light:
    """The lamp: direction, brightness, contrast and colour."""

    azimuth: float  # radians; 0 is directly above, positive is from the front of the animal
    height: float  # fraction of the light from the side of the viewer, 0 to 1
    brightness: float
    contrast: float  # strength of shadows; 1 is average
    colour: Colour

    @classmethod
    def from_seed(cls, seed: int) -> Light:
        """Create a random light.

        Parameters
        ----------
        seed : int
            Random seed.

        Returns
        -------
        Light
            The light.
        """
        rng = np.random.default_rng((seed, 17))
        warm = rng.uniform(-0.07, 0.07)
        return cls(
            azimuth=float(rng.uniform(-0.8, 0.8)),
            height=float(rng.uniform(0.35, 0.65)),
            brightness=float(rng.uniform(0.78, 1.12)),
            contrast=float(rng.uniform(0.7, 1.25)),
            colour=(float(1 + warm), 1.0, float(1 - warm)),
        )


@dataclass(frozen=True)
class Appearance:
    """Appearance of animal, camera and room. Lengths are in pixels."""

    coat: str
    back: Colour
    belly: Colour
    skin: Colour
    size: float
    girth: float
    hind: float  # length of the hind limbs, 1 is average
    fore: float
    head: float
    zoom: float
    offset: tuple[float, float]
    tilt: float  # radians
    wall: Colour
    belt: Colour
    noise: float  # standard deviation, on a scale from 0 to 1
    light: Light

    @classmethod
    def from_seed(cls, seed: int) -> Appearance:
        """Create a random appearance.

        Parameters
        ----------
        seed : int
            Random seed.

        Returns
        -------
        Appearance
            The appearance.
        """
        rng = np.random.default_rng((seed, 11))
        coat = str(rng.choice(list(COATS)))
        back, belly, skin = (_varied(colour, rng) for colour in COATS[coat])
        wall, belt = rng.uniform(0.42, 0.72), rng.uniform(0.14, 0.30)
        hue = rng.normal(0, 0.016, 3)
        return cls(
            coat=coat,
            back=back,
            belly=belly,
            skin=skin,
            size=float(rng.uniform(0.88, 1.12)),
            girth=float(rng.uniform(0.9, 1.1)),
            hind=float(rng.uniform(0.95, 1.05)),
            fore=float(rng.uniform(0.96, 1.04)),
            head=float(rng.uniform(0.93, 1.07)),
            zoom=float(rng.uniform(0.94, 1.06)),
            offset=(float(rng.uniform(-8, 8)), float(rng.uniform(-6, 6))),
            tilt=float(rng.uniform(-0.035, 0.035)),
            wall=_colour(wall + hue),
            belt=_colour(belt + 0.4 * hue[::-1]),
            noise=float(rng.uniform(0.008, 0.02)),
            light=Light.from_seed(seed),
        )

    def with_light(self, light: Light) -> Appearance:
        """Return the same animal and room with another light.

        Parameters
        ----------
        light : Light
            New light.

        Returns
        -------
        Appearance
            A copy.
        """
        return replace(self, light=light)


@dataclass(frozen=True)
class Gait:
    """Individual gait of a healthy animal. Angles are in radians, times in seconds, lengths in pixels."""

    period: float  # duration of a stride
    stride: float  # distance that the belt moves in a stride, at size 1
    duty: float  # duty factor: stance fraction of the stride
    lift: float  # height of the paw in the swing phase
    lead: float  # delay of a fore paw after the diagonal hind paw, in strides
    bob: float  # vertical movement of the pelvis
    pitch: float
    arch: float
    neck: float
    head: float
    tail: float
    height: float  # height of the pelvis above the average
    jitter: float  # standard deviation of the landing position of a paw

    @classmethod
    def from_seed(cls, seed: int) -> Gait:
        """Create a random gait.

        Parameters
        ----------
        seed : int
            Random seed.

        Returns
        -------
        Gait
            The gait.
        """
        rng = np.random.default_rng((seed, 13))
        few = np.radians(3.0)
        return cls(
            period=float(rng.uniform(0.47, 0.68)),
            stride=float(rng.uniform(58, 71)),
            duty=float(rng.uniform(0.56, 0.66)),
            lift=float(rng.uniform(7, 11)),
            lead=float(rng.uniform(-0.10, 0.06)),
            bob=float(rng.uniform(0.9, 1.8)),
            pitch=float(np.radians(-6) + rng.normal(0, 0.5 * few)),
            arch=float(np.radians(26) + rng.normal(0, 1.2 * few)),
            neck=float(np.radians(14) + rng.normal(0, few)),
            head=float(np.radians(-22) + rng.normal(0, few)),
            tail=float(np.radians(-3) + rng.normal(0, 1.5 * few)),
            height=float(rng.normal(0, 1.2)),
            jitter=float(rng.uniform(1.0, 2.2)),
        )


def _varied(colour: Colour, rng: np.random.Generator) -> Colour:
    return _colour(np.asarray(colour) * rng.uniform(0.88, 1.1) + rng.normal(0, 0.02, 3) * np.mean(colour))


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = np.clip(values, 0.03, 0.95)
    return float(red), float(green), float(blue)
