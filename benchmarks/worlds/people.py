"""The world ``people``: persons on a treadmill, seen from the side or obliquely, rendered by MuJoCo.

Seeds from 900 on are the judge: nothing here is ever tuned to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from _cast import Floats, Subject, Truth
from _people_body import BONES, Build, parts_of, pose_of, rest_of
from _people_gait import SIDES, Intent, Walk, solve
from _people_room import BELT, room_of
from _people_style import CHANGES, Style, intent_of, sizes_of

KINDS = tuple(CHANGES)
SIZE = (320, 240)
INNER = 4  # moments that are solved for each frame
MARGIN = 2.0  # seconds before and after the recording, so that its ends are like the rest
JOINTS = (
    *(f"{side} {joint}" for side in SIDES for joint in ("hip", "knee", "ankle", "hip spread")),
    *(f"{side} {joint}" for side in SIDES for joint in ("shoulder", "elbow", "wrist")),
    "pelvis list",
    "pelvis turn",
    "trunk lean",
    "trunk sway",
    "head nod",
    "head turn",
)


def truth_of(subject: Subject, frames: int, fps: float, factor: float = 1.0) -> Truth:
    """Compute how a person moves.

    Parameters
    ----------
    subject : Subject
        The person.
    frames : int
        Length of the recording.
    fps : float
        Frames per second.
    factor : float
        Of the deviation: 0 for none, 1 as filmed, above 1 magnified. The timing stays as filmed.

    Returns
    -------
    Truth
        Angles in the order of `JOINTS`; its motion has the solved moments.
    """
    margin = round(MARGIN * fps)
    moments = np.arange(-margin * INNER, (frames + margin) * INNER)
    time = (moments + INNER / 2) / (INNER * fps)
    envelope = subject.envelope(frames, fps)
    inside = (np.arange(frames) + 0.5) / fps
    strength = subject.severity * np.interp(time, inside, envelope)
    intent = intent_of(subject, time, strength, factor)
    walk = solve(intent, sizes_of(subject), INNER * fps, Style.of(subject).width)
    if factor != 1:  # the belt runs as filmed
        filmed = solve(
            intent_of(subject, time, strength), sizes_of(subject), INNER * fps, Style.of(subject).width
        )
        walk = replace(walk, belt=filmed.belt)
    kept = slice(margin * INNER + INNER // 2, (margin + frames) * INNER, INNER)
    return Truth(
        _angles(intent, walk)[kept], JOINTS, envelope, {"intent": intent, "walk": walk, "kept": kept}
    )


def _angles(intent: Intent, walk: Walk) -> Floats:
    legs = [part[side] for side in SIDES for part in (walk.hip, walk.knee, walk.ankle, walk.spread)]
    arms = [part[side] for side in SIDES for part in (intent.arm, intent.elbow, intent.wrist)]
    trunk = [intent.list, intent.turn, intent.lean, intent.sway, intent.nod, intent.look]
    return np.stack([*legs, *arms, *trunk], -1)


def render(
    subject: Subject,
    truth: Truth,
    size: tuple[int, int],
    fps: float,
    frames: Sequence[int] | None = None,
) -> Iterator[np.ndarray]:
    """Render a person.

    Parameters
    ----------
    subject : Subject
        The person.
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
    from _stage import Pose, play

    sizes, build = sizes_of(subject), Build.of(subject)
    rest = rest_of(sizes, build)
    walk, kept = truth.motion["walk"], np.arange(len(truth.motion["walk"].belt))[truth.motion["kept"]]
    kept = kept if frames is None else kept[list(frames)]
    whole = pose_of(truth.motion["intent"], walk, sizes, rest)
    stage, ambient = room_of(subject)
    stage.bones = {bone: rest[bone] for bone in BONES}
    stage.parts = parts_of(sizes, build)
    pose = Pose(whole.places[kept], whole.turns[kept])
    shifts = np.round(walk.belt[kept] / BELT.texel).astype(np.int64)
    yield from play(
        stage, pose, size, subject.random("noise"), ambient=ambient, belt=("belt", BELT.sign * shifts)
    )


def quality(subject: Subject) -> str:
    """Return the CRF of the video.

    Parameters
    ----------
    subject : Subject
        The person.

    Returns
    -------
    str
        A number.
    """
    return str(subject.random("video").integers(18, 25))
