"""How large a difference is, with its interval, and how large it must be to be found."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]

LEVEL, POWER, COVERAGE = 0.05, 0.8, 0.95


def shift(a: Floats, b: Floats, axis: int = -1) -> Any:
    """Estimate by how much a group exceeds another (Hodges and Lehmann, Ann. Math. Stat. 34, 1963).

    Parameters
    ----------
    a, b : ndarray of float, shape (..., n) and (..., m)
        Values of the subjects of two groups.
    axis : int
        Must be -1, as `scipy.stats.bootstrap` calls it.

    Returns
    -------
    ndarray of float, shape (...)
        Median of all differences between a subject of ``b`` and one of ``a``.
    """
    differences = b[..., :, None] - a[..., None, :]
    return np.median(differences.reshape(*differences.shape[:-2], -1), axis=-1)


def change(differences: Floats, axis: int = -1) -> Any:
    """Estimate by how much subjects change: the median of the means of any two differences.

    Parameters
    ----------
    differences : ndarray of float, shape (..., n)
        One for each subject.
    axis : int
        Must be -1.

    Returns
    -------
    ndarray of float, shape (...)
    """
    first, second = np.triu_indices(differences.shape[-1])
    return np.median((differences[..., first] + differences[..., second]) / 2, axis=-1)


def exact_shift_interval(a: Floats, b: Floats) -> Interval:
    """Give the 95% interval of `shift`: all shifts that the exact rank-sum test does not reject.

    Its limits are ordered differences between subjects (Hollander, Wolfe and Chicken, Nonparametric
    Statistical Methods, 2014, section 4.3). If groups differ by a shift, it holds the true one in at least
    95% of studies, however few subjects there are.

    Parameters
    ----------
    a, b : ndarray of float, shape (n,) and (m,)

    Returns
    -------
    (float, float)
        NaN with so few subjects that no interval holds 95%, such as three and three.
    """
    differences = np.sort((b[:, None] - a[None, :]).ravel())
    return _between(differences, _rank_sums(len(a), len(b)))


def exact_change_interval(differences: Floats) -> Interval:
    """Give the 95% interval of `change`: all changes that the exact signed-rank test does not reject.

    Its limits are ordered means of two differences (Hollander, Wolfe and Chicken, section 3.3). It holds the
    true change in at least 95% of studies if the differences are symmetric around it.

    Parameters
    ----------
    differences : ndarray of float, shape (n,)

    Returns
    -------
    (float, float)
        NaN with fewer than six subjects, with which no interval holds 95%.
    """
    first, second = np.triu_indices(len(differences))
    means = np.sort((differences[first] + differences[second]) / 2)
    return _between(means, _signed_ranks(len(differences)))


def change_interval(differences: Floats, resamples: int, seed: int) -> Interval:
    """Give the 95% interval of `change`: percentiles of a bootstrap over subjects.

    Parameters
    ----------
    differences : ndarray of float, shape (n,)
    resamples, seed : int

    Returns
    -------
    (float, float)
        NaN with fewer than three subjects.
    """
    return _interval((differences,), change, resamples, seed)


def median_interval(values: Floats, resamples: int, seed: int) -> Interval:
    """Give the 95% interval of a group's median: percentiles of a bootstrap over subjects.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    resamples, seed : int

    Returns
    -------
    (float, float)
        NaN with fewer than three subjects.
    """
    return _interval((values,), np.median, resamples, seed)


def cliffs_delta(a: Floats, b: Floats) -> float:
    """Compare all pairs of subjects of two groups (Cliff, Psychol. Bull. 114, 1993).

    Parameters
    ----------
    a, b : ndarray of float, shape (n,) and (m,)

    Returns
    -------
    float
        Share of pairs in which the subject of ``b`` has the larger value, minus the share in which it has the
        smaller one: 1 if each subject of ``b`` exceeds each of ``a``, -1 if none does.
    """
    return float(np.sign(b[:, None] - a[None, :]).mean())


def spread_of(*samples: Floats) -> float:
    """Pool the standard deviation within groups.

    Parameters
    ----------
    *samples : ndarray of float, shape (n,)

    Returns
    -------
    float
        NaN if no group has two subjects.
    """
    freedom = sum(len(one) - 1 for one in samples)
    return float(np.sqrt(sum(len(one) * one.var() for one in samples) / freedom)) if freedom else float("nan")


@cache
def found_in_most(sizes: tuple[int, ...], smallest_p: float) -> float:
    """Tell how large a difference must be to be found at p < 0.05 in 80% of such studies.

    This is the power of a t test (`statsmodels.stats.power`), which that of a permutation test is close to.

    Parameters
    ----------
    sizes : tuple of int
        Number of subjects in each of two groups; a single number if they are paired.
    smallest_p : float
        Smallest p of the permutation test.

    Returns
    -------
    float
        In units of the standard deviation within groups, or of the differences if paired. NaN if p < 0.05
        cannot be reached at all.
    """
    from statsmodels.stats.power import TTestIndPower, TTestPower  # it takes a second to load

    if smallest_p > LEVEL or min(sizes) < 2:
        return float("nan")
    shared = {"effect_size": None, "alpha": LEVEL, "power": POWER}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells how its search went
        if len(sizes) == 1:
            return float(np.squeeze(TTestPower().solve_power(nobs=sizes[0], **shared)))
        power = TTestIndPower()
        return float(np.squeeze(power.solve_power(nobs1=sizes[0], ratio=sizes[1] / sizes[0], **shared)))


def _between(ordered: Floats, chances: Floats) -> Interval:
    """Cut as much off both ends as the test rejects: 2.5% of its statistic, which counts values below 0."""
    cut = int(np.searchsorted(np.cumsum(chances), (1 - COVERAGE) / 2, side="right"))
    if cut < 1:
        return float("nan"), float("nan")
    return float(ordered[cut - 1]), float(ordered[-cut])


@cache
def _rank_sums(n: int, m: int) -> Floats:
    """Chance of each value of the rank-sum statistic, 0 to n m, if groups do not differ."""
    chances = np.zeros(n * m + 1)
    chances[0] = 1.0
    for size in range(1, n + 1):  # times (1 - x^(m + size)) / (1 - x^size), and size / (m + size)
        chances[m + size :] -= chances[: -(m + size)].copy()
        for start in range(size):
            chances[start::size] = np.cumsum(chances[start::size])
        chances *= size / (m + size)
    return np.clip(chances, 0.0, 1.0)


@cache
def _signed_ranks(n: int) -> Floats:
    """Chance of each value of the signed-rank statistic, 0 to n (n + 1) / 2, if nothing changes."""
    chances = np.zeros(n * (n + 1) // 2 + 1)
    chances[0] = 1.0
    for rank in range(1, n + 1):
        chances[rank:] += chances[:-rank].copy()
        chances /= 2
    return chances


def _interval(samples: tuple[Floats, ...], statistic: Any, resamples: int, seed: int) -> Interval:
    if min(map(len, samples)) < 3:
        return float("nan"), float("nan")
    size = max(int(np.prod([len(one) for one in samples])), len(samples[0]) ** 2)
    found = bootstrap(
        samples,
        statistic,
        n_resamples=resamples,
        batch=max(1, 2_000_000 // size),
        vectorized=True,
        confidence_level=COVERAGE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
