"""The animals of the sample study: known posture, known deviation, and rendered frames."""

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

SHUTTER = 0.34  # exposure time as a fraction of the time between two frames
BLOCK = 16  # frames whose posture is computed together

Frames = Sequence[int] | npt.NDArray[np.integer]


@dataclass(frozen=True)
class Walker:
    """An animal that walks on a treadmill, with the ground truth of its posture.

    All values of a frame depend only on its number, so frames can be computed in any order.

    Parameters
    ----------
    name : str
        Name of the subject, such as ``healthy1``.
    group : str
        ``"healthy"`` or ``"impaired"``.
    seed : int
        Random seed.
    appearance : Appearance
        Coat, size, camera, room and light.
    gait : Gait
        Healthy gait of the animal.
    kinds : tuple of str
        Kinds of bouts: ``drag``, ``limp``, ``hunch``, ``splay`` or ``tremor``. Empty for a healthy animal.
    severity : float
        Strength of the bouts: 1 is clear, 2 is severe.
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
        """Return the joint angles.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers, from 0.
        factor : float
            Scale of the deviation: 1 is the animal itself, 0 is the same animal without bouts.

        Returns
        -------
        ndarray of float64, shape (n, joints)
            Angle of each bone relative to the previous one in radians, in the order of `JOINTS`.
        """
        healthy_angles, deviation = self._motion(self._times(frames))
        return healthy_angles + factor * deviation

    def deviation(self, frames: Frames) -> Floats:
        """Return the deviation from the healthy posture.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers.

        Returns
        -------
        ndarray of float64, shape (n,)
            Root mean square over the joint angles in degrees.
        """
        _, difference = self._motion(self._times(frames))
        value: Floats = np.degrees(np.sqrt((difference**2).mean(1)))
        return value

    def bouts(self, frames: Frames) -> tuple[Floats, npt.NDArray[np.str_]]:
        """Return the bouts of the animal.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers.

        Returns
        -------
        envelope : ndarray of float64, shape (n,)
            0 outside the bouts, 1 inside, with smooth ramps.
        kind : ndarray of str, shape (n,)
            Kind of the bout, empty outside the bouts.
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
        """Render frames.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers. A frame does not depend on the others.
        factor : float
            Scale of the deviation, as in `angles`.
        light : Light, optional
            Another light. Default: the light of the animal.

        Yields
        ------
        ndarray of uint8, shape (y, x, 3)
            RGB image.
        """
        scene = scene_of(self.seed, self.appearance if light is None else self.appearance.with_light(light))
        block, figure, belt = -1, None, np.empty(0)
        for number in frames:
            if figure is None or number // BLOCK != block:
                block = int(number) // BLOCK
                figure, belt = self._block(scene, block, factor)
            middle = 3 * (int(number) % BLOCK) + 1
            moments, time = (middle - 1, middle, middle + 1), (int(number) + 0.5) / self.fps
            yield draw_animal(scene, figure, moments, int(number), time, float(belt[middle]))

    def with_light(self, seed: int) -> Walker:
        """Return the same animal, movement and room with another light.

        Parameters
        ----------
        seed : int
            Random seed of the light.

        Returns
        -------
        Walker
            A copy.
        """
        return replace(self, appearance=self.appearance.with_light(Light.from_seed(seed)))

    @property
    def roi(self) -> tuple[int, int, int, int]:
        """Bounding box of the animal with a margin: x, y, width, height in pixels."""
        return scene_of(self.seed, self.appearance).roi

    def _block(self, scene: Scene, block: int, factor: float) -> tuple[Figure, Floats]:
        """Compute body parts and belt for a block of frames, at three times of each exposure.

        Blocks are faster than single frames. They are always the same, so a frame does not depend on the
        other requested frames.
        """
        middle = (np.arange(BLOCK) + BLOCK * block + 0.5)[:, None]
        time = ((middle + np.array([-SHUTTER / 2, 0.0, SHUTTER / 2])) / self.fps).ravel()
        healthy_angles, deviation = self._motion(time)
        skeleton = stand(healthy_angles + factor * deviation, self._forward(time, factor), self.proportions)
        return figure_of(scene, skeleton), self.gait.stride * phase_of(self.seed, self.gait, time)

    def _forward(self, time: Floats, factor: float) -> Floats:
        """Position of the pelvis along the belt."""
        intent = self._intent(time)
        return intent.forward + factor * (self._changed(intent, time).forward - intent.forward)

    def forward(self, frames: Frames, *, factor: float = 1.0) -> Floats:
        """Return the position of the pelvis along the belt.

        Parameters
        ----------
        frames : sequence of int
            Frame numbers.
        factor : float
            Scale of the deviation, as in `angles`.

        Returns
        -------
        ndarray of float64, shape (n,)
            Pixels at size 1.
        """
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
        # A bout never extends beyond its cell.
        return list(bouts_between(self.seed, self.kinds, max(time.min(), 0.0), max(time.max(), 0.0)))

    def _intent(self, time: Floats) -> Intent:
        return healthy(self.seed, self.gait, time)

    def _changed(self, intent: Intent, time: Floats) -> Intent:
        bouts = self._bouts(time)
        return impaired(intent, bouts, self.severity, time) if bouts else intent

    def _motion(self, time: Floats) -> tuple[Floats, Floats]:
        """Healthy joint angles and the deviation from them."""
        intent = self._intent(time)
        healthy_angles = angles_of(self.seed, self.gait, self.proportions, intent)
        bouts = self._bouts(time)
        inside = np.zeros(len(time), bool)
        for bout in bouts:
            inside |= bout.envelope(time) > 0
        difference = np.zeros_like(healthy_angles)
        if inside.any():
            changed = angles_of(self.seed, self.gait, self.proportions, self._changed(intent, time))
            turned = (changed - healthy_angles + np.pi) % (2 * np.pi) - np.pi
            difference[inside] = turned[inside]
        return healthy_angles, difference


def walkers(healthy: int = 8, impaired: int = 4, seed: int = 0) -> list[Walker]:
    """Create random animals.

    Parameters
    ----------
    healthy, impaired : int
        Number of animals in each group.
    seed : int
        Random seed.

    Returns
    -------
    list of Walker
        The healthy animals first.
    """
    return [
        *(_walker("healthy", number, seed) for number in range(1, healthy + 1)),
        *(_walker("impaired", number, seed) for number in range(1, impaired + 1)),
    ]


def _walker(group: str, number: int, study_seed: int) -> Walker:
    impaired = group == "impaired"
    rng = np.random.default_rng((study_seed, impaired, number))
    seed = int(rng.integers(1 << 30))
    return Walker(
        name=f"{group}{number}",
        group=group,
        seed=seed,
        appearance=Appearance.from_seed(seed),
        gait=Gait.from_seed(seed),
        kinds=_kinds(study_seed, number, rng) if impaired else (),
        severity=float(rng.uniform(1.1, 1.7)) if impaired else 0.0,
    )


def _kinds(study_seed: int, number: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Choose two or three kinds. The first one alternates, so five animals have all of them."""
    first = KINDS[(study_seed + number) % len(KINDS)]
    others = [kind for kind in KINDS if kind != first]
    chosen = rng.choice(others, size=int(rng.integers(1, 3)), replace=False)
    return (first, *(str(kind) for kind in chosen))
