"""The two parts of a deviation: what a recording always has, and what rises above it.

Individuals differ from each other all the time, by their build, their style and their camera. This constant
part says little about single frames and would hide small events. The episodic part leaves it out, so frames
of different individuals can be compared; what never stops is in the constant part alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

QUANTILE = 0.5  # of the deviations of a recording; events that take less than half of the time do not count


def constant_part(deviations: Floats) -> float:
    """Find what a subject always deviates by: the median over its frames of a session.

    Parameters
    ----------
    deviations : ndarray of float, shape (t,)
        Deviation of each window; NaN is left out.

    Returns
    -------
    float
        NaN if no frame has a deviation.
    """
    known = deviations[np.isfinite(deviations)]
    return float(np.quantile(known, QUANTILE)) if len(known) else float("nan")


def rank_among(value: float, others: Floats) -> float:
    """Rank a value among those of other subjects.

    Parameters
    ----------
    value : float
    others : ndarray of float, shape (n,)
        One value for each subject.

    Returns
    -------
    float
        Percentage of the others that are smaller, 0 to 100; equal ones count half. NaN without others.
    """
    others = others[np.isfinite(others)]
    if not len(others) or not np.isfinite(value):
        return float("nan")
    return float(50 * ((others < value).mean() + (others <= value).mean()))
