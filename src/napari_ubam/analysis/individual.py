"""What all postures of a recording have in common: the individual and its scene."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SHARE = 0.5  # of the mean that is taken out of the postures of windows; see docs/method.md for what was tried


def without_individual(units: npt.NDArray[np.float32], share: float = SHARE) -> npt.NDArray[np.float32]:
    """Take a share of the mean posture of a recording out of its postures.

    The mean holds who is seen, in which scene, and what never stops. With all of it taken out, a deviation
    that never stops would be lost; with none, small deviations vanish beside the difference of individuals.

    Parameters
    ----------
    units : ndarray of float32, shape (t, d)
        Postures of a recording, of length 1.
    share : float
        0 for none of the mean, 1 for all of it.

    Returns
    -------
    ndarray of float32, shape (t, d)
        Not of length 1.
    """
    if not len(units):
        return units
    rest: npt.NDArray[np.float32] = units - np.float32(share) * units.mean(0, dtype=np.float64).astype(
        np.float32
    )
    return rest
