"""What all postures of a subject have in common: the individual and its scene."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

SHARE = 0.5  # of the mean that is taken out of the postures of windows; see docs/method.md for what was tried


def without_individual(
    units: npt.NDArray[np.float32], mean: Floats, share: float = SHARE
) -> npt.NDArray[np.float32]:
    """Take a share of a subject's mean posture out of its postures.

    The mean holds who is seen, in which scene, and what never stops. With all of it taken out, a deviation
    that never stops would be lost; with none, small deviations vanish beside the difference of individuals.

    Parameters
    ----------
    units : ndarray of float32, shape (t, d)
        Postures of a recording, of length 1.
    mean : ndarray of float, shape (d,)
        Mean of the subject's postures of length 1 in this session.
    share : float
        0 for none of the mean, 1 for all of it.

    Returns
    -------
    ndarray of float32, shape (t, d)
        Not of length 1.
    """
    return units - (share * mean).astype(np.float32)
