"""The world ``rats``: the sample study's animals in scenes that differ far more, on treadmills and in wheels.

Seeds from 900 on are the judge: nothing here is ever tuned to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from _cast import Floats, Subject, Truth, bouts_of
from _rats_scene import Place, appearance_of, view_of
from PIL import Image

from napari_ubam.sample import JOINTS, KINDS, Walker
from napari_ubam.sample.animal import draw_animal
from napari_ubam.sample.body import stand
from napari_ubam.sample.bouts import Bout
from napari_ubam.sample.figure import figure_of
from napari_ubam.sample.gait import phase_of
from napari_ubam.sample.scene import HEIGHT, WIDTH
from napari_ubam.sample.style import Gait

__all__ = ["KINDS", "SIZE", "quality", "render", "truth_of"]
SIZE = (WIDTH, HEIGHT)
ALWAYS = 1e6  # seconds
BLOCK = 30  # frames whose figures are computed together


@dataclass(frozen=True)
class Rat(Walker):
    """A walker of the sample study with given bouts.

    Parameters
    ----------
    spans : tuple of Bout
        Its bouts.
    factor : float
        Of its deviation.
    """

    spans: tuple[Bout, ...] = ()
    factor: float = 1.0

    def _bouts(self, time: Floats) -> list[Bout]:
        return list(self.spans)

    def posture(self, time: Floats) -> tuple[Floats, Floats, Floats]:
        """Return joint angles, place of the pelvis along the belt, and way of the belt at some times."""
        usual, deviation = self._motion(time)
        way = self.gait.stride * phase_of(self.seed, self.gait, time)
        return usual + self.factor * deviation, self._forward(time, self.factor), way


def rat_of(subject: Subject, seconds: float, fps: float) -> Rat:
    """Return the animal of a subject.

    Parameters
    ----------
    subject : Subject
        The subject.
    seconds, fps : float
        Length and frame rate of the recording.

    Returns
    -------
    Rat
        Walks as an animal of the sample study.
    """
    spans: tuple[Bout, ...] = ()
    if subject.course == "constant":
        spans = (Bout(subject.kind, -ALWAYS, ALWAYS),)
    elif subject.course == "episodic":
        spans = tuple(Bout(subject.kind, *span) for span in bouts_of(subject.random("bouts"), seconds))
    return Rat(
        name=subject.name,
        group=subject.group,
        seed=subject.seed,
        appearance=appearance_of(subject),
        gait=Gait.from_seed(subject.seed),
        kinds=(subject.kind,) if subject.kind else (),
        severity=subject.severity,
        fps=fps,
        spans=spans,
    )


def truth_of(subject: Subject, frames: int, fps: float, factor: float = 1.0) -> Truth:
    """Compute how an animal moves.

    Parameters
    ----------
    subject : Subject
        The subject.
    frames : int
        Length of the recording.
    fps : float
        Frames per second.
    factor : float
        Of the deviation: 0 for none, 1 as filmed, above 1 magnified. The timing stays as filmed.

    Returns
    -------
    Truth
        Angles in the order of `napari_ubam.sample.JOINTS`.
    """
    rat = replace(rat_of(subject, frames / fps, fps), factor=factor)
    envelope, _ = rat.bouts(range(frames))
    return Truth(np.degrees(rat.angles(range(frames), factor=factor)), JOINTS, envelope, {"rat": rat})


def render(
    subject: Subject,
    truth: Truth,
    size: tuple[int, int],
    fps: float,
    frames: Sequence[int] | None = None,
) -> Iterator[np.ndarray]:
    """Render an animal.

    Parameters
    ----------
    subject : Subject
        The subject.
    truth : Truth
        From `truth_of`.
    size : tuple of int
        Width and height in pixels; the renderer's 320 × 200 are scaled to it.
    fps : float
        Frames per second.
    frames : sequence of int, optional
        Numbers of the frames; all unless given.

    Yields
    ------
    ndarray of uint8, shape (y, x, 3)
        RGB image.
    """
    rat, view = truth.motion["rat"], view_of(subject)
    scene = Place(subject.seed, rat.appearance, view)
    small = (round(WIDTH * view.sharp), round(HEIGHT * view.sharp))
    numbers = list(range(len(truth.envelope)) if frames is None else frames)
    for first in range(0, len(numbers), BLOCK):
        block = numbers[first : first + BLOCK]
        middle = np.array(block)[:, None] + 0.5
        open_ = view.shutter / 2
        time = ((middle + np.array([-open_, 0.0, open_])) / fps).ravel()
        angles, forward, way = rat.posture(time)
        figure = scene.seen(figure_of(scene, stand(angles, forward, rat.proportions)))
        for place, number in enumerate(block):
            now = 3 * place + 1
            picture = draw_animal(
                scene, figure, (now - 1, now, now + 1), number, float(time[now]), float(way[now])
            )
            yield _scaled(picture, small, size)


def _scaled(picture: np.ndarray, small: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    if small == size == SIZE:
        return picture
    image = Image.fromarray(picture)
    if small != SIZE:
        image = image.resize(small, Image.Resampling.BOX)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def quality(subject: Subject) -> str:
    """Return the CRF of the video.

    Parameters
    ----------
    subject : Subject
        The subject.

    Returns
    -------
    str
        A number.
    """
    return str(view_of(subject).quality)
