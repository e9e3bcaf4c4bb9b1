"""Pairs of frames from which the magnifier learns: the same phase, or the same posture of other subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ubam.analysis import Codes
from napari_ubam.analysis.matches import cross_subject_match, same_phase_rows
from napari_ubam.learners.errors import NO_MOVEMENT, TrainingError
from napari_ubam.learners.fitting import MagnifierData, Training
from napari_ubam.learners.sampling import Crops
from napari_ubam.progress import Cancel, Progress, check_cancelled


@dataclass(frozen=True)
class Motion:
    """Frames of a recording that have a crop and a code, and their matches.

    Parameters
    ----------
    crops : Crops
        Crops of the recording.
    frames : (t,) int64 array
        Frame numbers, ascending.
    codes : (t, d) float32 array
        Posture code of each frame.
    cross_subject : (t, d) float32 array
        Cross-subject match of each frame: the code of the nearest frames of other subjects. NaN where no
        frame is near enough.
    same_phase : (t, m) int64 array
        Rows at the same phase of the movement at other times; -1 where there are fewer.
    """

    crops: Crops
    frames: NDArray[np.int64]
    codes: NDArray[np.float32]
    cross_subject: NDArray[np.float32]
    same_phase: NDArray[np.int64]


@dataclass(frozen=True)
class RecordedMotion:
    """Motion of a recording with all its codes.

    Parameters
    ----------
    motion : Motion
        Frames from which the magnifier learns.
    codes : Codes
        Codes of the recording.
    """

    motion: Motion
    codes: Codes


def recorded_motions(training: Training, data: MagnifierData) -> list[RecordedMotion]:
    """Find the motion of each recording.

    Parameters
    ----------
    training : Training
        Its ``progress`` is called for every recording, with the stage ``"phases"``.
    data : MagnifierData
        Recordings of the training.

    Returns
    -------
    list of RecordedMotion
        Recordings with at least two frames that have a crop and a code.

    Raises
    ------
    TrainingError
        If there is no such recording.
    Cancelled
        When ``training.cancel`` is set.
    """
    motions = []
    for number, (crops, own, rows) in enumerate(data.usable_rows()):
        check_cancelled(training.cancel)
        training.progress(Progress("phases", number, len(data.codes), detail=own.name))
        motion = motion_of(crops, own, rows, data.codes, training.cancel)
        if len(motion.frames) > 1:
            motions.append(RecordedMotion(motion, own))
    if not motions:
        raise TrainingError(NO_MOVEMENT)
    return motions


def motion_of(
    crops: Crops,
    own: Codes,
    rows: NDArray[np.int64],
    codes: Sequence[Codes],
    cancel: Cancel | None = None,
) -> Motion:
    """Find the matches of the frames of a recording.

    Parameters
    ----------
    crops : Crops
        Crops of the recording.
    own : Codes
        Codes of the recording.
    rows : (t,) int64 array
        Rows of ``own`` whose frame has both a crop and a code.
    codes : sequence of Codes
        Codes of all recordings.
    cancel : Cancel, optional
        Checked during the search.

    Returns
    -------
    Motion
    """
    index = np.full(len(own) + 1, -1)
    index[rows] = np.arange(len(rows))
    return Motion(
        crops=crops,
        frames=own.frames[rows].astype(np.int64),
        codes=own.posture[rows].astype(np.float32),
        cross_subject=cross_subject_match(codes, own, cancel=cancel)[rows],
        same_phase=index[same_phase_rows(own, cancel=cancel)[rows]],
    )
