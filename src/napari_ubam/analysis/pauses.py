"""Pauses of a recording, such as those of a camera that starts at a trigger. No window reaches over one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST = 3.0  # median intervals between frames: a longer interval is a pause


def without_pauses(segments: Iterable[range], times: npt.NDArray[np.floating[Any]]) -> Iterator[range]:
    """Split segments of a recording at its pauses.

    Parameters
    ----------
    segments : iterable of range
        Rows of consecutive frames.
    times : ndarray of float, shape (t,)
        Time of each frame of the recording in seconds, ascending.

    Yields
    ------
    range
        Rows of consecutive frames without a pause.
    """
    steps = np.diff(times)
    pauses = np.flatnonzero(steps > LONGEST * np.median(steps)) + 1 if len(steps) else np.empty(0, np.int64)
    for part in segments:
        inside = pauses[(pauses > part.start) & (pauses < part.stop)].tolist()
        for start, stop in pairwise([part.start, *inside, part.stop]):
            yield range(start, stop)
