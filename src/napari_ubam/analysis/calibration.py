"""Percentiles of deviations among the frames of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

VALUES = 2_000_000  # deviations that are kept at most; 18 hours of reference at 30 frames per second


@dataclass(frozen=True)
class Calibration:
    """Distribution of the deviations of the reference frames, each scored without its own subject.

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
        """Pool the deviations of subjects with equal weight for each subject.

        Parameters
        ----------
        values : sequence of ndarray of float, shape (n,)
            Deviations of the frames of each subject. NaN is left out, and so are subjects without a value. If
            there are more than `VALUES` in all, quantiles of each subject stand for its values: with 30
            subjects, percentiles change by less than 0.001.

        Returns
        -------
        Calibration
        """
        parts = [part for part in (one[np.isfinite(one)] for one in values) if len(part)]
        if sum(map(len, parts)) > VALUES:
            parts = [_quantiles(part, VALUES // len(parts)) for part in parts]
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
            Deviations. NaN stays NaN.

        Returns
        -------
        ndarray of float32, same shape
            Percentage of the reference frames that deviate less, 0 to 100. Equal ones count half.
        """
        wanted = deviations.astype(np.float64)
        less, equal = (self.below[np.searchsorted(self.values, wanted, side)] for side in ("left", "right"))
        ranks = 50 * (less + equal)  # percent, half of them below and half of them below or equal
        return np.where(np.isfinite(wanted), ranks, np.nan).astype(np.float32)

    def deviation(self, percentile: float) -> float:
        """Deviation at a percentile of the reference.

        Parameters
        ----------
        percentile : float
            0 to 100.

        Returns
        -------
        float
        """
        place = int(np.searchsorted(self.below[1:], percentile / 100))
        return float(self.values[min(place, len(self.values) - 1)])


def _quantiles(values: Floats, count: int) -> Floats:
    """Give ``count`` values of equal weight that stand for all; all of them if there are no more."""
    if len(values) <= count:
        return values
    places = (np.arange(count) + 0.5) * len(values) / count
    found: Floats = np.sort(values)[places.astype(np.int64)]
    return found
