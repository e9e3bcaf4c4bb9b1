"""Which frames are left out together: whole subjects, or blocks of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]

MOST = 10  # parts that are left out one by one
GAP = 0.5  # seconds around a block that are not learnt from
_SHARE = 0.5  # of a block that the gap may take at most on each side


@dataclass(frozen=True)
class Folds:
    """Parts of the frames that are left out one by one.

    Parameters
    ----------
    number : ndarray of int, shape (n,)
        Part of each frame, from 0.
    near : ndarray of bool, shape (f, n)
        Frames that are not learnt from while part f is left out: its own, and those close in time.
    unit : str
        ``"subject"`` or ``"block"``.
    """

    number: npt.NDArray[np.int64]
    near: Bools
    unit: str

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.near)


def subjects_left_out(subjects: Sequence[str]) -> Folds:
    """Leave out subjects: one by one up to ten, else in ten parts.

    Parameters
    ----------
    subjects : sequence of str, length n
        Subject of each frame.

    Returns
    -------
    Folds
    """
    names = {name: place for place, name in enumerate(dict.fromkeys(subjects))}
    parts = min(len(names), MOST)
    number = np.array([names[name] * parts // len(names) for name in subjects], np.int64)
    return Folds(number, number == np.arange(parts)[:, None], "subject")


def blocks_left_out(
    recordings: npt.NDArray[Any],
    times: npt.NDArray[np.floating[Any]] | None,
    gap: float = GAP,
    window: float = 0.0,
) -> Folds:
    """Leave out blocks of time of each recording, since neighbouring frames are nearly the same picture.

    Parameters
    ----------
    recordings : ndarray, shape (n,)
        Recording of each frame. The frames of a recording are in the order of time.
    times : ndarray of float, shape (n,), optional
        Time of each frame in seconds. If left out, only the order counts.
    gap : float
        Frames within so many seconds of a block are not learnt from while it is left out; at most half the
        length of a block.
    window : float
        Seconds that the code of a frame sees. Frames whose windows could share pictures with a window of the
        block are never learnt from, whatever the gap.

    Returns
    -------
    Folds
        Ten blocks in each recording, or as many as it has frames.
    """
    number = np.zeros(len(recordings), np.int64)
    for one in np.unique(recordings):
        rows = np.flatnonzero(recordings == one)
        number[rows] = np.arange(len(rows)) * MOST // len(rows)
    parts = np.unique(number)
    number = np.searchsorted(parts, number)
    near = number == np.arange(len(parts))[:, None]
    if times is not None and max(gap, window) > 0:
        for part, own in enumerate(near):
            near[part] = own | _around(own, recordings, np.asarray(times, np.float64), gap, window)
    return Folds(number, near, "block")


def _around(
    own: Bools, recordings: npt.NDArray[Any], times: npt.NDArray[np.float64], gap: float, window: float
) -> Bools:
    close = np.zeros(len(own), bool)
    for one in np.unique(recordings[own]):
        rows = recordings == one
        first, last = times[own & rows].min(), times[own & rows].max()
        reach = max(min(gap, _SHARE * (last - first)), window)
        close |= rows & (times >= first - reach) & (times <= last + reach)
    return close
