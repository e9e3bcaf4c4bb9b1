"""Percentiles of deviations among the frames of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


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
            Deviations of the frames of each subject. NaN is left out, and so are subjects without a value.

        Returns
        -------
        Calibration
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
