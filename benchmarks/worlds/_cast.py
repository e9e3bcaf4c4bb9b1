"""Who is in a study: subjects, what is wrong with them, and when. No world, no renderer.

Seeds from `JUDGE` on are the judge: nothing is ever tuned to a study with such a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

JUDGE = 900  # first seed of the judge
CONSTANT = 2  # impaired subjects of a study whose impairment never stops
SHARE = (0.16, 0.24)  # of the frames of an episodic subject that deviate
RAMP = 0.25  # seconds from nothing to the full deviation
BOUT = 1.7  # seconds, mean duration of a bout


@dataclass(frozen=True)
class Subject:
    """One subject of a study, filmed once.

    Parameters
    ----------
    name : str
        Such as ``healthy1``.
    group : str
        ``"healthy"`` or ``"impaired"``.
    seed : int
        Random seed of body, style and appearance.
    study : int
        Random seed of the study, for what all subjects share, such as the place of the camera.
    kind : str
        Kind of the impairment, empty for a healthy subject.
    course : str
        ``"none"``, ``"episodic"`` or ``"constant"``.
    severity : float
        1 is clear, 0 for a healthy subject.
    """

    name: str
    group: str
    seed: int
    study: int
    kind: str = ""
    course: str = "none"
    severity: float = 0.0

    def random(self, *topic: int | str) -> np.random.Generator:
        """Return the random generator of a topic, such as ``"body"``.

        Parameters
        ----------
        *topic : int or str
            Generators of different topics are independent.

        Returns
        -------
        numpy.random.Generator
            The same one at every call.
        """
        return _generator(self.seed, *topic)

    def shared(self, *topic: int | str) -> np.random.Generator:
        """Return the random generator of a topic that is the same for all subjects of the study.

        Parameters
        ----------
        *topic : int or str
            Generators of different topics are independent.

        Returns
        -------
        numpy.random.Generator
            The same one at every call.
        """
        return _generator(self.study, *topic)

    def envelope(self, frames: int, fps: float) -> Floats:
        """Return how strong the impairment is over time.

        Parameters
        ----------
        frames : int
            Length of the recording.
        fps : float
            Frames per second.

        Returns
        -------
        ndarray of float64, shape (frames,)
            0 without deviation, 1 within a bout, smooth in between. Not scaled by the severity.
        """
        if self.course != "episodic":
            return np.full(frames, float(self.course == "constant"))
        time = (np.arange(frames) + 0.5) / fps
        bouts = bouts_of(self.random("bouts"), frames / fps)
        return np.max([smooth((time - a) / RAMP) * smooth((b - time) / RAMP) for a, b in bouts], axis=0)


@dataclass(frozen=True)
class Truth:
    """What is known about a recording.

    Parameters
    ----------
    angles : ndarray of float64, shape (t, j)
        Joint angles in degrees.
    joints : tuple of str
        Names of the joints.
    envelope : ndarray of float64, shape (t,)
        Strength of the deviation, 0 to 1.
    motion : dict
        Anything else that the renderer of the world needs. It is not written.
    """

    angles: Floats
    joints: tuple[str, ...]
    envelope: Floats
    motion: dict[str, object] = field(default_factory=dict)

    @property
    def deviating(self) -> npt.NDArray[np.bool_]:
        """Frames that deviate, shape (t,)."""
        return self.envelope > 0.5


def cast(kinds: Sequence[str], seed: int, reference: int, impaired: int) -> list[Subject]:
    """Choose the subjects of a study.

    Parameters
    ----------
    kinds : sequence of str
        Kinds of impairments of the world.
    seed : int
        Random seed of the study.
    reference, impaired : int
        Number of healthy and of impaired subjects. The last two impaired ones have it all the time, if there
        are more than two.

    Returns
    -------
    list of Subject
        The healthy ones first. Each impaired one has one kind; the kinds follow each other.
    """
    rng = _generator(seed, "cast")
    subjects = [Subject(f"healthy{n + 1}", "healthy", _seed(rng), seed) for n in range(reference)]
    order = [kinds[(seed + n) % len(kinds)] for n in range(len(kinds))]
    constant = CONSTANT if impaired > CONSTANT else 0
    for n in range(impaired):
        course = "constant" if n >= impaired - constant else "episodic"
        name, kind = f"impaired{n + 1}", order[n % len(order)]
        severity = round(float(rng.uniform(0.8, 1.3)), 3)
        subjects.append(Subject(name, "impaired", _seed(rng), seed, kind, course, severity))
    return subjects


def bouts_of(rng: np.random.Generator, seconds: float) -> list[tuple[float, float]]:
    """Draw the bouts of a recording.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    seconds : float
        Length of the recording.

    Returns
    -------
    list of tuple of float
        First and last moment of each bout in seconds. They are at least a second apart where there is room.
    """
    total = seconds * rng.uniform(*SHARE) + RAMP  # half of each ramp is not counted as deviating
    count = max(1, round(total / BOUT))
    lengths = total * rng.dirichlet(np.full(count, 12.0))
    free = seconds - total
    gaps = min(1.0, free / (count + 1)) + rng.dirichlet(np.full(count + 1, 2.0)) * max(
        0.0, free - (count + 1) * 1.0
    )
    starts = np.cumsum(gaps[:count]) + np.cumsum([0.0, *lengths[:-1]])
    return [(float(start), float(start + length)) for start, length in zip(starts, lengths, strict=True)]


def smooth(x: Floats | float) -> Floats:
    """Return a smooth step from 0 at ``x`` = 0 to 1 at ``x`` = 1.

    Parameters
    ----------
    x : ndarray of float64 or float
        Any shape.

    Returns
    -------
    ndarray of float64
        Same shape.
    """
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3 - 2 * x))


def wander(rng: np.random.Generator, time: Floats, low: float = 0.05, high: float = 0.6) -> Floats:
    """Return a slow random signal with standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray of float64, shape (t,)
        Seconds.
    low, high : float
        Lowest and highest frequency in hertz.

    Returns
    -------
    ndarray of float64, shape (t,)
        Sum of six sine waves.
    """
    rates = np.geomspace(low, high, 6) * rng.uniform(0.85, 1.15, 6)
    sizes = rng.uniform(0.6, 1.0, 6)
    waves = np.sin(2 * np.pi * (time[:, None] * rates + rng.uniform(size=6)))
    return np.asarray((waves * sizes).sum(1) / np.sqrt(0.5 * (sizes**2).sum()))


def events(rng: np.random.Generator, time: Floats, rate: float, length: float) -> Floats:
    """Return smooth bumps at random times, as when somebody looks aside.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    time : ndarray of float64, shape (t,)
        Seconds.
    rate : float
        Mean number of events per second.
    length : float
        Mean duration in seconds.

    Returns
    -------
    ndarray of float64, shape (t,)
        0 without an event; at most 1 or at least -1 within, the sign is random.
    """
    total = np.zeros_like(time)
    for begin in rng.uniform(time[0] - 1, time[-1] + 1, rng.poisson(rate * (time[-1] - time[0] + 2))):
        span, size = length * rng.uniform(0.6, 1.5), rng.choice([-1, 1]) * rng.uniform(0.4, 1.0)
        total += size * smooth((time - begin) / (0.3 * span)) * smooth((begin + span - time) / (0.3 * span))
    return np.clip(total, -1, 1)


def _generator(seed: int, *topic: int | str) -> np.random.Generator:
    words = [item.encode() if isinstance(item, str) else (item,) for item in topic]
    return np.random.default_rng((seed, *(number for word in words for number in word)))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 31))
