"""From distances to percentiles of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Calibration:
    """Distribution of the reference frames' own deviations, each scored without its subject.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Deviations, ascending.
    below : ndarray of float, shape (n + 1,)
        Share of the distribution before each value, 0 to 1.
    """

    values: Floats
    below: Floats

    @classmethod
    def of(cls, values: Sequence[Floats]) -> Calibration:
        """Pool the deviations of subjects so that every subject weighs the same.

        Parameters
        ----------
        values : sequence of ndarray of float, shape (n,)
            Deviations of the frames of each subject; NaN and subjects without any are left out.
        """
        parts = [part for part in (one[np.isfinite(one)] for one in values) if len(part)]
        pool = np.concatenate(parts).astype(np.float64)
        weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in parts])
        order = np.argsort(pool, kind="stable")
        below = np.concatenate([[0.0], np.cumsum(weights[order])])
        return cls(pool[order], below / below[-1])

    def percentile(self, deviations: Floats) -> npt.NDArray[np.float32]:
        """Rank deviations among those of the reference.

        Parameters
        ----------
        deviations : ndarray of float, any shape
            Deviations; NaN stays NaN.

        Returns
        -------
        ndarray of float32, same shape
            0 to 100: share of reference frames that deviate less, equal ones counted half.
        """
        wanted = deviations.astype(np.float64)
        less, least = (self.below[np.searchsorted(self.values, wanted, side)] for side in ("left", "right"))
        ranks = 50 * (less + least)
        return np.where(np.isfinite(wanted), ranks, np.nan).astype(np.float32)

    def deviation(self, percentile: float) -> float:
        """Deviation at a percentile of the reference.

        Parameters
        ----------
        percentile : float
            0 to 100.
        """
        place = int(np.searchsorted(self.below[1:], percentile / 100))
        return float(self.values[min(place, len(self.values) - 1)])


def mean_distance(distance: Floats, k: int) -> npt.NDArray[np.float64]:
    """Mean distance to the nearest neighbours, as many as there are up to ``k``.

    Parameters
    ----------
    distance : ndarray of float, shape (n, m)
        Ascending in each row, ``inf`` where there is no neighbour.
    k : int
        Neighbours counted.

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where there is none.
    """
    nearest = distance[:, :k].astype(np.float64)
    found = np.isfinite(nearest)
    count = found.sum(axis=1)
    total = np.where(found, nearest, 0).sum(axis=1)
    mean: npt.NDArray[np.float64] = total / np.where(count, count, np.nan)
    return mean


def mean_leaving_out(distance: Floats, units: Ints, count: int, k: int) -> npt.NDArray[np.float64]:
    """Mean of :func:`mean_distance` over leaving out each reference subject in turn.

    A reference frame is scored against all reference subjects but its own. A frame of another subject would
    have one subject more to find near neighbours among, and so deviate less; scored like this it has as many.

    Parameters
    ----------
    distance : ndarray of float, shape (n, m)
        Ascending in each row, ``inf`` where there is no neighbour; ``m`` must exceed ``k`` by the number
        of neighbours that one subject may give, so that ``k`` are left whichever subject is left out.
    units : ndarray of int, shape (n, m)
        Reference subject of each neighbour, 0 to ``count - 1``; -1 where there is none.
    count : int
        Number of reference subjects.
    k : int
        Neighbours counted.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    whole = mean_distance(distance, k)
    total = count * whole
    for unit in range(count):
        rows = np.flatnonzero((units[:, :k] == unit).any(axis=1))
        left = np.where(units[rows] == unit, np.inf, distance[rows])
        total[rows] += mean_distance(np.sort(left, axis=1), k) - whole[rows]
    return total / count
