"""Runs of consecutive frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs_of(numbers: NDArray[np.int64]) -> tuple[range, ...]:
    """Find the runs of consecutive numbers.

    Parameters
    ----------
    numbers : ndarray of int64, shape (n,)
        Ascending.

    Returns
    -------
    tuple of range
        Ascending; empty without a number.
    """
    if not len(numbers):
        return ()
    cuts = np.flatnonzero(np.diff(numbers) > 1) + 1
    return tuple(range(int(run[0]), int(run[-1]) + 1) for run in np.split(numbers, cuts))
