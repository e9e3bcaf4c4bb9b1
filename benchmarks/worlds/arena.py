"""The world ``arena``: a dog roams a walled floor, filmed from above by a camera that stands still.

The body and the gait are those of the world ``dogs``. The way bends away from the walls, the light drifts,
and the body casts a shadow. Place, heading and key points in pixels belong to the truth. Seeds from 900 on
are the judge: nothing here is ever tuned to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from _cast import Floats, Subject, Truth, events, wander
from _dogs_walk import KINDS
from dogs import JOINTS, intended, quality, with_dog

__all__ = ["JOINTS", "KINDS", "SIZE", "quality", "render", "seen", "truth_of"]
SIZE = (400, 300)
FLOOR = (1.75, 1.3)  # metres from the middle to the walls, along x and y
CLEAR = 1.0  # metres from a wall at which the dog begins to turn away


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
        Angles in the order of `JOINTS`; its motion has the pose, with the place in the arena.
    """
    from _dogs_body import move
    from _stage import Pose

    plan, envelope, kept = intended(subject, frames, fps, factor)
    heading, start = _way(subject, plan.time, plan.speed)
    pose, angles, _ = move(replace(plan, heading=heading), subject.random("steps"))
    places = pose.places[kept] + [*start, 0.0]
    return Truth(angles[kept], JOINTS, envelope, {"pose": Pose(places, pose.turns[kept])})


def _way(subject: Subject, time: Floats, speed: Floats) -> tuple[Floats, Floats]:
    """Choose headings in degrees, shape (t,), that keep the dog off the walls, and where it starts."""
    rng = subject.random("way")
    tick = time[1] - time[0]
    wish = 45 * wander(rng, time, 0.08, 0.4) + 60 * events(rng, time, 0.08, 2.0)  # degrees per second
    start = rng.uniform(-0.4, 0.4, 2)
    place, heading, rate = start.copy(), float(rng.uniform(0, 360)), 0.0
    headings = np.empty_like(time)
    for n in range(len(time)):
        ahead = np.array([np.cos(np.radians(heading)), np.sin(np.radians(heading))])
        gap = CLEAR - (np.array(FLOOR) - np.abs(place + 0.45 * ahead))
        push = -np.sign(place) * np.clip(gap / CLEAR, 0, 1)
        across = ahead[0] * push[1] - ahead[1] * push[0]
        facing = -ahead @ push
        turn = 260 * across + (200 * max(facing, 0.0) * np.sign(across or 1.0))
        walks = np.clip(speed[n] / 0.4, 0, 1)
        rate += (np.clip(wish[n] + turn, -80, 80) * walks - rate) * tick / 0.25
        heading += rate * tick
        place = place + speed[n] * tick * ahead
        headings[n] = heading
    return headings, start


def _camera(subject: Subject):  # type: ignore[no-untyped-def]
    from _stage import Camera

    shared, rng = subject.shared("camera"), subject.random("camera")
    far, high = rng.uniform(4.6, 5.2), np.radians(shared.uniform(82, 88))
    warm, bright = rng.uniform(-0.07, 0.07), rng.uniform(0.85, 1.1)
    return Camera(
        (0.0, -far * np.cos(high), far * np.sin(high)),
        (rng.uniform(-0.06, 0.06), rng.uniform(-0.06, 0.06), 0.0),
        float(np.degrees(2 * np.arctan(0.5 * 3.0 / far))),
        roll=float(rng.uniform(-2, 2)),
        noise=float(rng.uniform(0.006, 0.02)),
        gain=(bright * (1 + warm), bright, bright * (1 - warm)),
        blur=float(rng.uniform(0.3, 0.7)),
    )


def seen(subject: Subject, truth: Truth, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Give place, heading and key points of the body on the picture.

    Parameters
    ----------
    subject : Subject
        The dog.
    truth : Truth
        From `truth_of`.
    size : tuple of int
        Width and height in pixels.

    Returns
    -------
    dict of str to ndarray
        See `_dogs_seen.body_on_screen`.
    """
    from _dogs_seen import body_on_screen

    return body_on_screen(_camera(subject), truth.motion["pose"].places, size)


def render(
    subject: Subject,
    truth: Truth,
    size: tuple[int, int],
    fps: float,
    frames: Sequence[int] | None = None,
) -> Iterator[np.ndarray]:
    """Render a dog in the arena.

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
        Numbers of the frames that are rendered. Default: all.

    Yields
    ------
    ndarray of uint8, shape (y, x, 3)
        RGB image.
    """
    from _dogs_room import room_of
    from _stage import Pose, play

    stage, ambient = room_of(subject)
    stage.camera = _camera(subject)
    stage.shadow = 3.0
    stage.colours["wall"] = tuple(subject.random("wall").uniform(0.25, 0.8) * np.ones(3))
    for side in (-1, 1):
        stage.box((side * (FLOOR[0] + 0.1), 0, 0.15), (0.04, FLOOR[1] + 0.14, 0.15), "wall")
        stage.box((0, side * (FLOOR[1] + 0.1), 0.15), (FLOOR[0] + 0.14, 0.04, 0.15), "wall")
    pose = truth.motion["pose"]
    kept = np.arange(len(pose.places)) if frames is None else np.asarray(frames)
    whole = with_dog(stage, subject, Pose(pose.places[kept], pose.turns[kept]))
    light = 1 + 0.08 * wander(subject.random("light"), kept / fps, 0.02, 0.1)
    pictures = play(stage, whole, size, subject.random("noise"), ambient=ambient)
    for picture, level in zip(pictures, light, strict=True):
        yield np.clip(picture * level + 0.5, 0, 255).astype(np.uint8)
