"""In-distribution support: the postures that recordings show, to mark others as outside of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PERCENTILE = 99.5
"""Percentile of the distances of the recorded postures; a posture beyond it is outside of the data."""


@dataclass(frozen=True)
class Support:
    """Distribution of the coefficients of the postures that recordings show.

    Parameters
    ----------
    mean : ndarray of float64, shape (k,)
    precision : ndarray of float64, shape (k, k)
        Inverse of the covariance matrix.
    limit : float
        Squared Mahalanobis distance from the mean that `PERCENTILE` percent of the postures do not exceed.
    """

    mean: NDArray[Any]
    precision: NDArray[Any]
    limit: float

    @classmethod
    def fit(cls, coefficients: Sequence[NDArray[Any]]) -> Support:
        """Fit the distribution.

        Parameters
        ----------
        coefficients : sequence of ndarray of float, shape (t, k)
            Coefficients of each recording.

        Returns
        -------
        Support
        """
        values = np.concatenate(coefficients).astype(np.float64)
        mean = values.mean(0)
        precision = np.linalg.pinv(np.cov(values.T) + 1e-9 * np.eye(values.shape[1]))
        distances = _squared_mahalanobis(values - mean, precision)
        return cls(mean, precision, float(np.percentile(distances, PERCENTILE)))

    def is_outside(self, coefficients: NDArray[Any]) -> NDArray[np.bool_]:
        """Check which postures are outside of the data.

        Parameters
        ----------
        coefficients : ndarray of float, shape (n, k)

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        distances = _squared_mahalanobis(coefficients - self.mean, self.precision)
        outside: NDArray[np.bool_] = distances > self.limit
        return outside


def _squared_mahalanobis(centred: NDArray[Any], precision: NDArray[Any]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.einsum("nk,kl,nl->n", centred, precision, centred)
    return distances
