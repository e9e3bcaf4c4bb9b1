"""Equivalence to the baseline: two one-sided tests against a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student
from scipy.stats import ttest_ind

Floats = npt.NDArray[np.float64]
State = Literal["recovered", "not recovered", "undecided", "not tested"]

LEVEL = 0.025  # of each one-sided test; at 0.05, skewed changes are too often called equivalent
FEWEST = 4  # subjects: with three, the bootstrap cannot reach p < 0.025
SPREADS = 1.5  # standard deviations of the baseline; Tsong et al., J. Biopharm. Stat. 27, 2017
_CHUNK = 1 << 22  # values of resamples that are held at once


@dataclass(frozen=True)
class Equivalence:
    """Whether a change is smaller than a margin.

    Parameters
    ----------
    n : int
        Number of subjects (or of stretches, in a description of one subject).
    change, low, high : float
        Mean change, and its 95% interval, which belongs to two one-sided tests at 2.5%.
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


def equivalence(
    changes: npt.NDArray[np.floating[Any]], margin: float, *, resamples: int = 5000, seed: int = 0
) -> Equivalence:
    """Test whether the mean change of subjects is smaller than a margin, in either direction.

    Two one-sided tests (Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987). Each takes the larger p of
    Student's t and of a bootstrap of t over subjects (Hall, Ann. Stat. 16, 1988): changes after a lesion are
    skewed, since few subjects lose much, and then t alone declares equivalence too often. For the same reason
    each test is at 2.5%: see ``benchmarks/recovery_statistics.py``.

    Parameters
    ----------
    changes : ndarray of float, shape (n,)
        Change of each subject; NaN is left out.
    margin : float
        Largest change that counts as none, above 0.
    resamples, seed : int
        Of the bootstrap.

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
    drawn = _bootstrap_of_t(values, resamples, seed)
    quantile = float(student.ppf(1 - LEVEL, count - 1))
    low = mean - error * max(quantile, float(np.quantile(drawn, 1 - LEVEL, method="higher")))
    high = mean - error * min(-quantile, float(np.quantile(drawn, LEVEL, method="lower")))
    above, below = (mean + margin) / error, (mean - margin) / error
    p = max(
        float(student.sf(above, count - 1)),
        float(student.cdf(below, count - 1)),
        (1 + int((drawn >= above).sum())) / (resamples + 1),
        (1 + int((drawn <= below).sum())) / (resamples + 1),
    )
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
    between = found.confidence_interval(1 - 2 * LEVEL)
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


def _bootstrap_of_t(values: Floats, resamples: int, seed: int) -> Floats:
    """Draw Student's t around the mean of the subjects; infinite where all that were drawn are alike."""
    generator, count, found = np.random.default_rng(seed), len(values), []
    batch = max(1, _CHUNK // count)
    for start in range(0, resamples, batch):
        drawn = values[generator.integers(0, count, (min(batch, resamples - start), count))]
        away = drawn.mean(axis=1) - values.mean()
        error = drawn.std(axis=1, ddof=1) / np.sqrt(count)
        alike = error <= 1e-9 * values.std()
        limit = np.where(away > 0, np.inf, np.where(away < 0, -np.inf, 0.0))
        found.append(np.where(alike, limit, away / np.where(alike, 1, error)))
    return np.concatenate(found)


def _state(low: float, high: float, margin: float) -> State:
    if -margin < low and high < margin:
        return "recovered"
    return "not recovered" if high < -margin or low > margin else "undecided"
