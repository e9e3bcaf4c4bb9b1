"""Keeps the part of a change that stands out from the differences between the reference recordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from napari_ubam.analysis.phase_alignment import PhaseAlignment

Floats = NDArray[np.float32]

SLOWLY = 0.2  # seconds (standard deviation) over which the share of the episodic part is smoothed
LEAST_LEFT = 0.05  # of the weight beside the heaviest recording, so that a spread can be measured


def standing_out(
    change: Floats, alignment: PhaseAlignment, values: Sequence[Floats], mean: Floats, interval: float
) -> Floats:
    r"""Shrink a change by how much the reference recordings differ from each other.

    Individuals differ, and an alignment is never perfect, so even the change of a healthy subject is not
    zero. The change has a constant part, its median over the recording, and an episodic part, the rest. For
    each part :math:`x`, :math:`s^2` is its variance between the reference recordings. It is taken out where
    :math:`|x|^2 \le s^2`, kept where :math:`|x|^2 \ge 2 s^2`, and kept in part between them (firm shrinkage,
    Gao & Bruce, Statistica Sinica 7, 1997).

    Parameters
    ----------
    change : ndarray of float32, shape (t, k)
        Coefficients of the reference posture minus those of the recording.
    alignment : PhaseAlignment
        Frames of the reference recordings at the same movement phase as each of the t frames.
    values : sequence of ndarray of float32, shape (j, k)
        Coefficients of all frames of each reference recording, in the order of the alignment.
    mean : ndarray of float32, shape (t, k)
        Their `PhaseAlignment.mean`.
    interval : float
        Seconds between frames.

    Returns
    -------
    ndarray of float32, shape (t, k)
        The same array if there is only one reference recording.
    """
    if len(values) < 2:
        return change
    constant = np.median(change, axis=0)
    episodic = change - constant
    between, around = _variances(alignment, values, mean)
    kept = gaussian_filter1d(_share(around, episodic), max(SLOWLY / interval, 0.5), mode="nearest")
    result: Floats = (_share(between, constant) * constant + kept[:, None] * episodic).astype(np.float32)
    return result


def _share(variance: NDArray[np.floating], part: Floats) -> NDArray[np.float64]:
    """Share (...) of a part (..., k) that is kept, given its variance (...)."""
    size = np.square(part, dtype=np.float64).sum(-1)
    share: NDArray[np.float64] = np.clip(size / np.maximum(variance, 1e-12) - 1, 0, 1)
    return share


def _variances(
    alignment: PhaseAlignment, values: Sequence[Floats], mean: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variance between the constant parts of the reference recordings (), and around them (t,)."""
    weights = alignment.weights.astype(np.float64)
    shares = weights.sum(0) / len(weights)
    between, around = 0.0, np.zeros(len(weights))
    for place, one in enumerate(values):
        difference = one[alignment.rows[:, place]] - mean
        weight = weights[:, place, None]
        constant = (weight * difference).sum(0) / max(weight.sum(), 1e-6)
        between += shares[place] * float(np.square(constant).sum())
        around += weight[:, 0] * np.square(difference - constant).sum(1)
    return (
        np.asarray(between / max(1 - np.square(shares).sum(), LEAST_LEFT)),
        around / np.maximum(1 - np.square(weights).sum(1), LEAST_LEFT),
    )
