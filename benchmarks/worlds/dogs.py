"""The world ``dogs``: a dog walks, turns and stops, filmed from above or obliquely by a camera that follows.

The body is the dog of dm_control (Apache License 2.0), rendered by MuJoCo. Seeds from 900 on are the judge:
nothing here is ever tuned to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from _cast import Floats, Subject, Truth
from _dogs_walk import KINDS, LEGS, Plan, plan_of

if TYPE_CHECKING:
    from _stage import Pose, Stage

__all__ = ["JOINTS", "KINDS", "SIZE", "quality", "render", "truth_of"]
SIZE = (320, 240)
INNER = 4  # moments that are solved for each frame
MARGIN = 2.0  # seconds before and after the recording
JOINTS = (
    *(
        f"{leg} {joint}"
        for leg in LEGS
        for joint in (
            ("hip", "stifle", "hock", "spread")
            if leg.endswith("hind")
            else ("scapula", "shoulder", "elbow", "carpus", "spread")
        )
    ),
    "back bend",
    "back arch",
    "trunk pitch",
    "pelvis roll",
    "neck",
    "head turn",
    "head nod",
    "tail",
    "tail wag",
)


def truth_of(subject: Subject, frames: int, fps: float, factor: float = 1.0) -> Truth:
    """Compute how a dog moves.

    Parameters
    ----------
    subject : Subject
        The dog.
    frames : int
        Length of the recording.
    fps : float
        Frames per second.
    factor : float
        Of the deviation: 0 for none, 1 as filmed, above 1 magnified. The timing stays as filmed.

    Returns
    -------
    Truth
        Angles in the order of `JOINTS`; its motion has the pose and the place on the floor.
    """
    from _dogs_body import move
    from _stage import Pose

    plan, envelope, kept = intended(subject, frames, fps, factor)
    pose, angles, place = move(plan, subject.random("steps"))
    motion = {"pose": Pose(pose.places[kept], pose.turns[kept]), "place": place, "kept": kept}
    return Truth(angles[kept], JOINTS, envelope, motion)


def intended(subject: Subject, frames: int, fps: float, factor: float) -> tuple[Plan, Floats, slice]:
    """Plan the walk, also before and after the recording.

    Parameters
    ----------
    subject, frames, fps, factor
        As `truth_of` takes them.

    Returns
    -------
    plan : Plan
        For `INNER` moments of each frame.
    envelope : ndarray of float64, shape (frames,)
        Strength of the deviation.
    kept : slice
        The moment in the middle of each frame.
    """
    margin = round(MARGIN * fps)
    moments = np.arange(-margin * INNER, (frames + margin) * INNER)
    time = (moments + INNER / 2) / (INNER * fps)
    envelope = subject.envelope(frames, fps)
    plan = plan_of(subject, time, np.interp(time, (np.arange(frames) + 0.5) / fps, envelope), factor)
    return plan, envelope, slice(margin * INNER + INNER // 2, (margin + frames) * INNER, INNER)


def with_dog(stage: Stage, subject: Subject, pose: Pose) -> Pose:
    """Put a dog on a stage with a floor.

    Parameters
    ----------
    stage : Stage
        The dog is added to it.
    subject : Subject
        The dog.
    pose : Pose
        Of its bones, for t frames.

    Returns
    -------
    Pose
        Of its bones and, last, the floor, which lies still.
    """
    from _dogs_body import coat_of, rest, skin
    from _stage import Pose

    stage.bones = {**rest(), "floor": np.zeros(3)}
    stage.textures["coat"] = coat_of(subject)
    stage.skins.append(("dog", "coat", skin()[0]))
    count = len(pose.places)
    places = np.concatenate([pose.places, np.zeros((count, 1, 3))], axis=1)
    return Pose(places, np.concatenate([pose.turns, np.broadcast_to(np.eye(3), (count, 1, 3, 3))], axis=1))


def render(
    subject: Subject,
    truth: Truth,
    size: tuple[int, int],
    fps: float,
    frames: Sequence[int] | None = None,
) -> Iterator[np.ndarray]:
    """Render a dog.

    Parameters
    ----------
    subject : Subject
        The dog.
    truth : Truth
        From `truth_of`.
    size : tuple of int
        Width and height in pixels.
    fps : float
        Frames per second.
    frames : sequence of int, optional
        Numbers of the frames; all unless given.

    Yields
    ------
    ndarray of uint8, shape (y, x, 3)
        RGB image.
    """
    from _dogs_room import FLOOR, room_of
    from _stage import Pose, play
    from scipy.ndimage import gaussian_filter1d

    stage, ambient = room_of(subject)
    place = gaussian_filter1d(truth.motion["place"], 0.5 * INNER * fps, axis=0)[truth.motion["kept"]]
    pose = truth.motion["pose"]
    if frames is not None:
        place, pose = place[list(frames)], Pose(pose.places[list(frames)], pose.turns[list(frames)])
    whole = with_dog(stage, subject, pose)
    whole.places[:, :-1, :2] -= place[:, None]
    # The camera follows the dog: the floor moves, by whole tiles at a time unnoticed.
    whole.places[:, -1, :2] = -(place % FLOOR)
    yield from play(stage, whole, size, subject.random("noise"), ambient=ambient)


def quality(subject: Subject) -> str:
    """Return the CRF of the video.

    Parameters
    ----------
    subject : Subject
        The dog.

    Returns
    -------
    str
        A number.
    """
    return str(subject.random("video").integers(18, 26))
