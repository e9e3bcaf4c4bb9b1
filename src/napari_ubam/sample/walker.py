"""The animals of the sample study: known posture, known deviation, and the pictures of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .animal import draw_animal
from .body import Floats, Proportions, stand
from .bouts import KINDS, Bout, bouts_between
from .figure import Figure, figure_of
from .gait import Intent, angles_of, healthy, phase_of
from .impairments import impaired
from .scene import Scene, scene_of
from .style import Appearance, Gait, Light

SHUTTER = 0.34  # part of the time between two frames that it is open
BLOCK = 16  # frames whose posture is computed together

Frames = Sequence[int] | npt.NDArray[np.integer]


@dataclass(frozen=True)
class Walker:
    """An animal that walks on a treadmill, with the truth about its posture.

    Whatever is asked for a frame depends on its number alone, so frames may be asked for in any order.

    Parameters
    ----------
    name : str
        Of the subject, such as ``healthy1``.
    group : str
        ``"healthy"`` or ``"impaired"``.
    seed : int
        Everything random comes from it.
    appearance : Appearance
        Coat, size, camera, room and light.
    gait : Gait
        How it walks in health.
    kinds : tuple of str
        Its deviations: ``drag``, ``limp``, ``hunch``, ``splay`` or ``tremor``; empty when healthy.
    severity : float
        Of the deviations, 1 is clear, 2 severe.
    fps : float
        Frames per second.
    """

    name: str
    group: str
    seed: int
    appearance: Appearance
    gait: Gait
    kinds: tuple[str, ...] = ()
    severity: float = 0.0
    fps: float = 30.0

    def angles(self, frames: Frames, *, factor: float = 1.0) -> Floats:
        """Return the joint angles that are shown.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers, from 0.
        factor : float
            Scales the deviation: 0 is what a healthy animal would have done at that moment, 1 what is shown.

        Returns
        -------
        ndarray of float64, shape (n, joints)
            Radians, in the order of `JOINTS`: each bone against the one before it.
        """
        sound, deviation = self._motion(self._times(frames))
        return sound + factor * deviation

    def deviation(self, frames: Frames) -> Floats:
        """Return how far the posture is from the healthy one.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers.

        Returns
        -------
        ndarray of float64, shape (n,)
            Root mean square over the joints, degrees.
        """
        _, difference = self._motion(self._times(frames))
        value: Floats = np.degrees(np.sqrt((difference**2).mean(1)))
        return value

    def bouts(self, frames: Frames) -> tuple[Floats, npt.NDArray[np.str_]]:
        """Return where the animal deviates.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers.

        Returns
        -------
        envelope : ndarray of float64, shape (n,)
            0 outside the bouts, 1 within, rising and falling smoothly.
        kind : ndarray of str, shape (n,)
            Kind of the bout, empty where there is none.
        """
        time = self._times(frames)
        envelope, kind = np.zeros(len(time)), np.full(len(time), "", dtype="<U8")
        for bout in self._bouts(time):
            here = bout.envelope(time)
            envelope += here
            kind[here > 0] = bout.kind
        return envelope, kind

    def render(
        self, frames: Frames, *, factor: float = 1.0, light: Light | None = None
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield pictures of the animal.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers; a frame looks the same whichever others are asked for.
        factor : float
            Scales the deviation, as in `angles`.
        light : Light, optional
            Another light than the animal's own.

        Yields
        ------
        ndarray of uint8, shape (y, x, 3)
            RGB.
        """
        scene = scene_of(self.seed, self.appearance if light is None else self.appearance.lit(light))
        block, figure, belt = -1, None, np.empty(0)
        for number in frames:
            if figure is None or number // BLOCK != block:
                block = int(number) // BLOCK
                figure, belt = self._block(scene, block, factor)
            middle = 3 * (int(number) % BLOCK) + 1
            moments, time = (middle - 1, middle, middle + 1), (int(number) + 0.5) / self.fps
            yield draw_animal(scene, figure, moments, int(number), time, float(belt[middle]))

    def with_light(self, seed: int) -> Walker:
        """Return the same animal, movement and room under the light of another seed."""
        return replace(self, appearance=self.appearance.lit(Light.draw(seed)))

    @property
    def roi(self) -> tuple[int, int, int, int]:
        """Box around the animal with a margin: x, y, width, height in pixels."""
        return scene_of(self.seed, self.appearance).roi

    def _block(self, scene: Scene, block: int, factor: float) -> tuple[Figure, Floats]:
        """Where the parts are, and the belt, in a block of frames, each at three moments of the exposure.

        Blocks make it quick; that they are always the same makes a frame independent of the others asked for.
        """
        middle = (np.arange(BLOCK) + BLOCK * block + 0.5)[:, None]
        time = ((middle + np.array([-SHUTTER / 2, 0.0, SHUTTER / 2])) / self.fps).ravel()
        sound, deviation = self._motion(time)
        skeleton = stand(sound + factor * deviation, self._forward(time, factor), self.proportions)
        return figure_of(scene, skeleton), self.gait.stride * phase_of(self.seed, self.gait, time)

    def _forward(self, time: Floats, factor: float) -> Floats:
        """Where the pelvis is along the belt."""
        intent = self._intent(time)
        return intent.forward + factor * (self._changed(intent, time).forward - intent.forward)

    def forward(self, frames: Frames, *, factor: float = 1.0) -> Floats:
        """Return where the pelvis is along the belt, pixels at size 1, (n,)."""
        return self._forward(self._times(frames), factor)

    @cached_property
    def proportions(self) -> Proportions:
        """Lengths of the limbs."""
        return Proportions(self.appearance.hind, self.appearance.fore)

    def _times(self, frames: Frames) -> Floats:
        # The middle of the exposure.
        return (np.asarray(frames, float).reshape(-1) + 0.5) / self.fps

    def _bouts(self, time: Floats) -> list[Bout]:
        if not len(time):
            return []
        # A bout of the cell before cannot reach beyond its cell.
        return list(bouts_between(self.seed, self.kinds, max(time.min(), 0.0), max(time.max(), 0.0)))

    def _intent(self, time: Floats) -> Intent:
        return healthy(self.seed, self.gait, time)

    def _changed(self, intent: Intent, time: Floats) -> Intent:
        bouts = self._bouts(time)
        return impaired(intent, bouts, self.severity, time) if bouts else intent

    def _motion(self, time: Floats) -> tuple[Floats, Floats]:
        """Healthy joint angles and the deviation from them."""
        intent = self._intent(time)
        sound = angles_of(self.seed, self.gait, self.proportions, intent)
        bouts = self._bouts(time)
        inside = np.zeros(len(time), bool)
        for bout in bouts:
            inside |= bout.envelope(time) > 0
        difference = np.zeros_like(sound)
        if inside.any():
            changed = angles_of(self.seed, self.gait, self.proportions, self._changed(intent, time))
            turned = (changed - sound + np.pi) % (2 * np.pi) - np.pi
            difference[inside] = turned[inside]
        return sound, difference


def walkers(healthy: int = 8, impaired: int = 4, seed: int = 0) -> list[Walker]:
    """Return a herd of animals; every seed gives another one.

    Parameters
    ----------
    healthy, impaired : int
        Animals of each group.
    seed : int
        Of the herd.

    Returns
    -------
    list of Walker
        The healthy animals first.
    """
    return [
        *(_walker("healthy", number, seed) for number in range(1, healthy + 1)),
        *(_walker("impaired", number, seed) for number in range(1, impaired + 1)),
    ]


def _walker(group: str, number: int, herd: int) -> Walker:
    rng = np.random.default_rng((herd, group == "impaired", number))
    seed = int(rng.integers(1 << 30))
    ill = group == "impaired"
    return Walker(
        name=f"{group}{number}",
        group=group,
        seed=seed,
        appearance=Appearance.draw(seed),
        gait=Gait.draw(seed),
        kinds=_kinds(herd, number, rng) if ill else (),
        severity=float(rng.uniform(1.1, 1.7)) if ill else 0.0,
    )


def _kinds(herd: int, number: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Two or three kinds; the first goes round, so that a herd of five has all of them."""
    first = KINDS[(herd + number) % len(KINDS)]
    others = [kind for kind in KINDS if kind != first]
    chosen = rng.choice(others, size=int(rng.integers(1, 3)), replace=False)
    return (first, *(str(kind) for kind in chosen))
