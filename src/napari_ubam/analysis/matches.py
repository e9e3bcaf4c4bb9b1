"""Matching frames: similar postures of other subjects, and the same movement phase at other times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_ubam.progress import Cancel

from .codes import Codes
from .neighbours import neighbours
from .unit_vectors import unit_vectors


def cross_subject_match(
    codes: Sequence[Codes],
    recording: Codes,
    *,
    k: int = 4,
    share: float = 0.6,
    cancel: Cancel | None = None,
) -> npt.NDArray[np.float32]:
    """Replace each posture of a recording by the mean of the most similar postures of other subjects.

    Parameters
    ----------
    codes : sequence of Codes
        All recordings.
    recording : Codes
        The recording that gets the matches.
    k : int
        Number of frames that are averaged, each of another subject.
    share : float
        Share of the frames that get a match, 0 to 1: those with the smallest distances.
    cancel : object with ``is_set()``, optional
        Stops the search when set.

    Returns
    -------
    ndarray of float32, shape (t, d)
        Mean of codes of length 1. NaN where no posture of the other subjects is similar enough.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    others = [one for one in codes if one.subject != recording.subject and one.valid.any()]
    matched = np.full(recording.posture.shape, np.nan, np.float32)
    rows = np.flatnonzero(recording.valid)
    if not others or not len(rows):
        return matched
    numbers = {subject: place for place, subject in enumerate(dict.fromkeys(one.subject for one in others))}
    postures = np.concatenate([unit_vectors(one.posture[one.valid]) for one in others])
    subjects = np.concatenate([np.full(int(one.valid.sum()), numbers[one.subject]) for one in others])
    found = neighbours(
        unit_vectors(recording.posture[rows]),
        postures,
        k=min(k, len(numbers)),
        reference_subjects=subjects,
        per_subject=1,
        unit_length=True,
        cancel=cancel,
    )
    distance = found.distance.mean(1)
    good = distance <= np.quantile(distance, share)
    matched[rows[good]] = postures[found.index[good]].mean(1)
    return matched


def same_phase_rows(
    recording: Codes, *, count: int = 6, spacing: float = 0.4, cancel: Cancel | None = None
) -> npt.NDArray[np.int64]:
    """Find frames of a recording at the same movement phase at other times.

    Parameters
    ----------
    recording : Codes
        The recording.
    count : int
        Number of frames to find for each frame.
    spacing : float
        Smallest time from the frame itself, in seconds. From each piece of twice this length, at most one
        frame is taken.
    cancel : object with ``is_set()``, optional
        Stops the search when set.

    Returns
    -------
    ndarray of int64, shape (t, count)
        Rows of the recording, the most similar first. -1 where there are fewer.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    found = np.full((len(recording), count), -1, np.int64)
    rows = np.flatnonzero(recording.valid)
    if not len(rows):
        return found
    # Pieces of time take the place of subjects, so that the result is not a series of consecutive frames.
    pieces = np.floor((recording.times - recording.times[0]) / (2 * spacing)).astype(np.int64)
    nearest = neighbours(
        recording.behaviour[rows],
        recording.behaviour[rows],
        k=3 * count,
        reference_subjects=pieces[rows],
        per_subject=1,
        cancel=cancel,
    )
    for row, index in zip(rows, nearest.index, strict=True):
        others = rows[index[index >= 0]]
        far = np.abs(recording.times[others] - recording.times[row]) >= spacing
        chosen = others[far][:count]
        found[row, : len(chosen)] = chosen
    return found
