"""The world ``reach``: a rat that reaches through a slit for pellets; single movements with pauses.

Seeds from 900 on are the judge: nothing here is ever tuned to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from _cast import Subject, Truth
from _reach_move import JOINTS, KINDS, move
from PIL import Image

__all__ = ["JOINTS", "KINDS", "SIZE", "quality", "render", "truth_of"]
SIZE = (320, 240)
SHUTTER = 0.4  # exposure as a fraction of the time between two frames
INNER = 3  # moments of an exposure


def truth_of(subject: Subject, frames: int, fps: float, factor: float = 1.0) -> Truth:
    """Compute how an animal moves.

    Parameters
    ----------
    subject : Subject
        The animal.
    frames : int
        Length of the recording.
    fps : float
        Frames per second.
    factor : float
        Of the deviation: 0 for none, 1 as filmed, above 1 magnified. The timing stays as filmed.

    Returns
    -------
    Truth
        Angles in the order of `JOINTS`; its motion has `INNER` moments for each frame.
    """
    middle = np.arange(frames)[:, None] + 0.5
    time = ((middle + SHUTTER * np.linspace(-0.5, 0.5, INNER)) / fps).ravel()
    motion = move(subject, frames / fps, time, factor)
    kept = slice(INNER // 2, None, INNER)
    return Truth(motion.angles[kept], JOINTS, motion.envelope[kept], {"motion": motion})


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
        The animal.
    truth : Truth
        From `truth_of`.
    size : tuple of int
        Width and height in pixels; pictures of 320 × 240 are scaled to it.
    fps : float
        Frames per second.
    frames : sequence of int, optional
        Numbers of the frames; all unless given.

    Yields
    ------
    ndarray of uint8, shape (y, x, 3)
        RGB image.
    """
    from _reach_paint import Painter

    motion = truth.motion["motion"]
    painter = Painter(subject, motion)
    for number in range(len(truth.envelope)) if frames is None else frames:
        first = INNER * number
        wrist = motion.near[first : first + INNER, -1]
        fast = float(np.abs(wrist[-1] - wrist[0]).max()) > 0.8
        middle = first + INNER // 2
        picture = painter.frame(middle, tuple(range(first, first + INNER)) if fast else (middle,))
        yield picture if size == SIZE else np.asarray(Image.fromarray(picture).resize(size))


def quality(subject: Subject) -> str:
    """Return the CRF of the video.

    Parameters
    ----------
    subject : Subject
        The animal.

    Returns
    -------
    str
        A number.
    """
    return str(subject.random("video").integers(18, 26))
