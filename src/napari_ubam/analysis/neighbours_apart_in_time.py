"""Nearest neighbours of one frame that are different moments, not consecutive frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import DeviationError
from .neighbours import Neighbours, neighbours

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]


def spaced_neighbours(
    query: npt.NDArray[np.float32],
    references: npt.NDArray[np.float32],
    *,
    subjects: Ints,
    recordings: Ints,
    times: Floats,
    spacing: float,
    k: int = 8,
    per_subject: int = 2,
) -> Neighbours:
    """Find the nearest references of one query, at least some time apart within a recording.

    Neighbours are chosen from the nearest on. A reference is skipped if its subject has enough neighbours, or
    if a neighbour of the same recording is too close in time.

    Parameters
    ----------
    query : ndarray of float32, shape (d,)
        Code of length 1.
    references : ndarray of float32, shape (m, d)
        Codes of length 1.
    subjects : ndarray of int, shape (m,)
        Subject of each reference. References with a negative number are skipped.
    recordings : ndarray of int, shape (m,)
        Recording of each reference. All frames of a recording belong to one subject.
    times : ndarray of float, shape (m,)
        Time of each reference in its recording, in seconds.
    spacing : float
        Smallest time between two neighbours of one recording, in seconds.
    k : int
        Number of neighbours.
    per_subject : int
        Number of neighbours from one subject at most.

    Returns
    -------
    Neighbours
        One row with ``k`` columns, as `neighbours` returns it.

    Raises
    ------
    DeviationError
        If shapes do not match, or ``k`` or ``per_subject`` is below 1.
    """
    if per_subject < 1:
        raise DeviationError(f"per_subject is {per_subject}; it must be at least 1.")
    left, found = subjects, []
    # Spacing only matters within a subject, so one search finds the next neighbour of every subject.
    for _ in range(per_subject):
        nearest = neighbours(
            query[None], references, k=k, reference_subjects=left, per_subject=1, unit_length=True
        )
        found.append(nearest)
        chosen = nearest.index[nearest.index >= 0]
        # Other subjects have k nearer frames of others before them, also in the searches that follow.
        left = np.where(np.isin(left, left[chosen]), left, -1)
        for row in chosen:
            close = (recordings == recordings[row]) & (np.abs(times - times[row]) < spacing)
            left[close] = -1
        left[chosen] = -1
    distance = np.concatenate([one.distance for one in found], axis=1)
    index = np.concatenate([one.index for one in found], axis=1)
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return Neighbours(np.take_along_axis(distance, order, axis=1), np.take_along_axis(index, order, axis=1))
