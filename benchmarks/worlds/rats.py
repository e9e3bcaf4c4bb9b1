"""The world ``rats``: the sample study's animals in scenes that differ far more, on treadmills and in wheels.

Seeds from 900 on are the judge: nothing here is ever tuned to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    """

    spans: tuple[Bout, ...] = ()

    def _bouts(self, time: Floats) -> list[Bout]:
        return list(self.spans)

    def posture(self, time: Floats) -> tuple[Floats, Floats, Floats]:
        """Return joint angles, place of the pelvis along the belt, and way of the belt at some times."""
        usual, deviation = self._motion(time)
        way = self.gait.stride * phase_of(self.seed, self.gait, time)
        return usual + deviation, self._forward(time, 1.0), way


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


def truth_of(subject: Subject, frames: int, fps: float) -> Truth:
    """Compute how an animal moves.

    Parameters
    ----------
    subject : Subject
        The subject.
    frames : int
        Length of the recording.
    fps : float
        Frames per second.

    Returns
    -------
    Truth
        Angles in the order of `napari_ubam.sample.JOINTS`.
    """
    rat = rat_of(subject, frames / fps, fps)
    envelope, _ = rat.bouts(range(frames))
    return Truth(np.degrees(rat.angles(range(frames))), JOINTS, envelope, {"rat": rat})


def render(subject: Subject, truth: Truth, size: tuple[int, int], fps: float) -> Iterator[np.ndarray]:
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

    Yields
    ------
    ndarray of uint8, shape (y, x, 3)
        RGB image.
    """
    rat, view = truth.motion["rat"], view_of(subject)
    scene = Place(subject.seed, rat.appearance, view)
    small = (round(WIDTH * view.sharp), round(HEIGHT * view.sharp))
    frames = len(truth.envelope)
    for first in range(0, frames, BLOCK):
        middle = np.arange(first, min(first + BLOCK, frames))[:, None] + 0.5
        open_ = view.shutter / 2
        time = ((middle + np.array([-open_, 0.0, open_])) / fps).ravel()
        angles, forward, way = rat.posture(time)
        figure = scene.seen(figure_of(scene, stand(angles, forward, rat.proportions)))
        for number in range(len(middle)):
            now = 3 * number + 1
            picture = draw_animal(
                scene, figure, (now - 1, now, now + 1), first + number, float(time[now]), float(way[now])
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
