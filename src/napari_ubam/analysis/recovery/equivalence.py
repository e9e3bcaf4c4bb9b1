"""Equivalence to the baseline: two one-sided tests against a margin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student
from scipy.stats import ttest_ind

Floats = npt.NDArray[np.float64]
State = Literal["recovered", "not recovered", "undecided", "not tested"]

LEVEL = 0.05  # of each one-sided test
FEWEST = 4  # subjects: with three, one subject decides
SPREADS = 1.5  # standard deviations of the baseline; Tsong et al., J. Biopharm. Stat. 27, 2017
_STRETCH_LEVEL = 0.025  # of a description, by Student's t
_STUDIES = 100_000  # of generated ones, which give the distribution of t for skewed changes
_LARGEST = 100  # subjects; with more, t depends still less on the skew
_CHUNK = 1 << 20  # values that are held at once


@dataclass(frozen=True)
class Equivalence:
    """Whether a change is smaller than a margin.

    Parameters
    ----------
    n : int
        Number of subjects (or of stretches, in a description of one subject).
    change, low, high : float
        Mean change, and its 95% interval, which also holds for changes as skewed as those of an exponential
        distribution.
    p : float
        For equivalence: the larger p of both one-sided tests. NaN if not tested.
    state : str
        ``"recovered"`` if the interval lies within the margin, ``"not recovered"`` if it lies outside,
        ``"undecided"`` if it reaches over the margin's edge, ``"not tested"`` with too few.
    """

    n: int
    change: float
    low: float
    high: float
    p: float
    state: State


def equivalence(changes: npt.NDArray[np.floating[Any]], margin: float) -> Equivalence:
    """Test whether the mean change of subjects is smaller than a margin, in either direction.

    Two one-sided tests at 5% (Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987) by Student's t. Changes after
    a lesion are skewed, since few subjects lose much. In a small sample without such a subject both the mean
    and the spread are small, so the usual quantiles of t declare equivalence in up to 17% of studies in which
    the mean is the margin itself. So each test takes the larger p of the usual distribution of t, and of that
    for changes from an exponential distribution (skewness 2), which is simulated. The skewness of the sample
    itself does not help: with few subjects it is too uncertain, and the tests that correct for it (Johnson,
    J. Am. Stat. Assoc. 73, 1978; Chen, ibid. 90, 1995; the bootstrap of t) find too much, too. Still more
    skewed changes are called equivalent too often; see "Statistics" in docs/benchmarks.md.

    Parameters
    ----------
    changes : ndarray of float, shape (n,)
        Change of each subject; NaN is left out.
    margin : float
        Largest change that counts as none, above 0.

    Returns
    -------
    Equivalence
        Not tested with fewer than four subjects.

    Raises
    ------
    ValueError
        If the margin is not above 0.
    """
    if not margin > 0:
        raise ValueError(f"The margin is {margin}; it must be above 0.")
    values = np.asarray(changes, float)
    values = values[np.isfinite(values)]
    count = len(values)
    mean = float(values.mean()) if count else float("nan")
    if count < FEWEST:
        return Equivalence(count, mean, float("nan"), float("nan"), float("nan"), "not tested")
    error = float(values.std(ddof=1) / np.sqrt(count))
    if error <= 1e-12 * (abs(mean) + margin):  # all subjects change alike
        return Equivalence(
            count, mean, mean, mean, 0.0 if abs(mean) < margin else 1.0, _state(mean, mean, margin)
        )
    skewed = _skewed_t(min(count, _LARGEST))
    quantile = max(float(student.ppf(1 - LEVEL, count - 1)), float(skewed[round((1 - LEVEL) * len(skewed))]))
    low, high = mean - error * quantile, mean + error * quantile
    nearer = (margin - abs(mean)) / error  # t of the test against the nearer edge, which has the larger p
    beyond = len(skewed) - int(np.searchsorted(skewed, nearer))
    p = max(float(student.sf(nearer, count - 1)), (1 + beyond) / (1 + len(skewed)))
    return Equivalence(count, mean, low, high, p, _state(low, high, margin))


def stretch_equivalence(
    baseline: npt.NDArray[np.floating[Any]], session: npt.NDArray[np.floating[Any]], margin: float
) -> Equivalence:
    """Describe one subject: compare stretches of time of a session with those of its baseline.

    Two one-sided tests by Welch's t. Stretches of one recording are not independent, so p is too small and
    the interval too short. This describes a subject and allows no conclusion about others.

    Parameters
    ----------
    baseline, session : ndarray of float, shape (n,) and (m,)
        Similarity of each stretch; NaN is left out.
    margin : float
        Above 0.

    Returns
    -------
    Equivalence
        Not tested with fewer than four stretches.
    """
    first, second = (
        one[np.isfinite(one)] for one in (np.asarray(baseline, float), np.asarray(session, float))
    )
    count = min(len(first), len(second))
    change = float(second.mean() - first.mean()) if count else float("nan")
    if count < FEWEST or max(np.ptp(first), np.ptp(second)) == 0:
        return Equivalence(count, change, float("nan"), float("nan"), float("nan"), "not tested")
    found = ttest_ind(second, first, equal_var=False)
    between = found.confidence_interval(1 - 2 * _STRETCH_LEVEL)
    low, high = float(between.low), float(between.high)
    error = float(np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)))
    p = max(
        float(student.sf((change + margin) / error, found.df)),
        float(student.cdf((change - margin) / error, found.df)),
    )
    return Equivalence(count, change, low, high, p, _state(low, high, margin))


def own_margin(stretches: pd.DataFrame) -> float:
    """Derive a margin from how much the baseline differs from itself.

    Stretches of time tell this, also where the baseline is several sessions: two sessions share their
    distance, so they seem to differ less than days do.

    Parameters
    ----------
    stretches : DataFrame
        ``stretches`` of `Similarities`.

    Returns
    -------
    float
        1.5 standard deviations of the similarity between stretches of the baseline, within subjects. NaN if
        there is no spread.
    """
    own = stretches[stretches["baseline"]].dropna(subset=["similarity"])
    grouped = own.groupby("subject")["similarity"]
    freedom = int((grouped.count() - 1).sum())
    squares = float((own["similarity"] - grouped.transform("mean")).pow(2).sum())
    return float(SPREADS * np.sqrt(squares / freedom)) if freedom > 0 and squares > 0 else float("nan")


@lru_cache(maxsize=128)
def _skewed_t(count: int) -> Floats:
    """Draw Student's t of studies whose changes are the negative of exponential ones, in ascending order."""
    generator, found = np.random.default_rng(0), []
    batch = max(1, _CHUNK // count)
    for start in range(0, _STUDIES, batch):
        drawn = generator.exponential(size=(min(batch, _STUDIES - start), count))
        found.append((1 - drawn.mean(axis=1)) / (drawn.std(axis=1, ddof=1) / np.sqrt(count)))
    return np.sort(np.concatenate(found))


def _state(low: float, high: float, margin: float) -> State:
    if -margin < low and high < margin:
        return "recovered"
    return "not recovered" if high < -margin or low > margin else "undecided"
