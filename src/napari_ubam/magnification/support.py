"""Which postures were filmed at all, so that one may be told that a picture shows another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FAR = 99.5  # percentile of the recordings' own coefficients beyond which a posture counts as unknown


@dataclass(frozen=True)
class Support:
    """Spread of the coefficients of all postures that were filmed.

    Parameters
    ----------
    mean : (k,) float64 array
    inverse : (k, k) float64 array
        Inverse of their covariance.
    limit : float
        Squared Mahalanobis distance from the mean that `FAR` percent of them do not exceed.
    """

    mean: NDArray[Any]
    inverse: NDArray[Any]
    limit: float

    @classmethod
    def of(cls, coefficients: Sequence[NDArray[Any]]) -> Support:
        """Describe the coefficients of some recordings, (t, k) each."""
        known = np.concatenate(coefficients).astype(np.float64)
        mean = known.mean(0)
        inverse = np.linalg.pinv(np.cov(known.T) + 1e-9 * np.eye(known.shape[1]))
        return cls(mean, inverse, float(np.percentile(_distance(known - mean, inverse), FAR)))

    def beyond(self, coefficients: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which postures (n, k) are further out than those that were filmed, (n,)."""
        found: NDArray[np.bool_] = _distance(coefficients - self.mean, self.inverse) > self.limit
        return found


def _distance(away: NDArray[Any], inverse: NDArray[Any]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.einsum("nk,kl,nl->n", away, inverse, away)
    return found
