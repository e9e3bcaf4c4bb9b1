"""What a magnifier learns from: frames of one recording at like phases, and the same postures elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ubam.analysis import Codes
from napari_ubam.analysis.matches import cross_subject_match, same_phase_rows
from napari_ubam.progress import Progress, check_cancelled

from .errors import TrainingError
from .fitting import MagnifierLesson
from .magnifier import Motion
from .sampling import Crops

NO_MOVEMENT = "No recording has a whole window of movement; add longer recordings."


@dataclass(frozen=True)
class RecordedMotion:
    """What is learned from a recording, with its codes.

    Parameters
    ----------
    motion : Motion
    codes : Codes
    """

    motion: Motion
    codes: Codes


def motions_of(lesson: MagnifierLesson) -> list[RecordedMotion]:
    """Find what is learned from each recording that moves.

    Parameters
    ----------
    lesson : MagnifierLesson

    Raises
    ------
    TrainingError
        If no recording moves.
    Cancelled
        When the lesson's ``cancel`` is set.
    """
    found = []
    for number, (crops, own) in enumerate(zip(lesson.crops, lesson.codes, strict=True)):
        check_cancelled(lesson.cancel)
        lesson.progress(Progress("phases", number, len(lesson.codes), detail=own.name))
        motion = _motion(lesson, crops, own)
        if len(motion.frames) > 1:
            found.append(RecordedMotion(motion, own))
    if not found:
        raise TrainingError(NO_MOVEMENT)
    return found


def usable_rows(crops: Crops, own: Codes) -> NDArray[np.int64]:
    """Rows of the frames that have both a crop and a code.

    Parameters
    ----------
    crops : Crops
        Of a recording.
    own : Codes
        Of the same recording.

    Returns
    -------
    (n,) int64 array
    """
    held = np.zeros(len(own), bool)
    first = int(own.frames[0])
    for start, stop in crops.runs:
        held[start - first : stop - first] = True
    return np.flatnonzero(own.valid & held)


def _motion(lesson: MagnifierLesson, crops: Crops, own: Codes) -> Motion:
    rows = usable_rows(crops, own)
    place = np.full(len(own) + 1, -1)
    place[rows] = np.arange(len(rows))
    others = same_phase_rows(own, cancel=lesson.cancel)[rows]
    return Motion(
        crops=crops,
        frames=own.frames[rows].astype(np.int64),
        codes=own.posture[rows].astype(np.float32),
        cross_subject=cross_subject_match(lesson.codes, own, cancel=lesson.cancel)[rows],
        same_phase=place[others],
    )
