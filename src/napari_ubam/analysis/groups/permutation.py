"""Tests by permutation of subjects: exact where all arrangements can be counted, else sampled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb, factorial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import permutation_test

Floats = npt.NDArray[np.float64]

_SMALL = 1e-20


@dataclass(frozen=True)
class Tested:
    """Result of a permutation test.

    Parameters
    ----------
    p : float
        Two-sided.
    arrangements : int
        Number of arrangements that were counted or sampled.
    exact : bool
        Whether these are all arrangements.
    smallest_p : float
        The smallest p that this number of subjects can have.
    """

    p: float
    arrangements: int
    exact: bool
    smallest_p: float


def permute_subjects(samples: Sequence[Floats], most: int, seed: int) -> Tested:
    """Test whether groups of different subjects have the same mean.

    The statistic is Welch's t for two groups, which allows for different spreads (Chung and Romano, Ann.
    Stat. 41, 2013), and the sum of squares between groups for more.

    Parameters
    ----------
    samples : sequence of ndarray of float, shape (n,)
        Values of the subjects of each group.
    most : int
        Number of arrangements that are counted. If there are more, this many are drawn at random.
    seed : int

    Returns
    -------
    Tested
    """
    sizes = [len(one) for one in samples]
    total, left = 1, sum(sizes)
    for size in sizes:
        total, left = total * comb(left, size), left - size
    # Groups of one size can change places without a change of the statistic.
    alike = np.prod([factorial(count) for count in Counter(sizes).values()])
    return _test(samples, "independent", total, int(alike), most, seed)


def permute_within(samples: Sequence[Floats], most: int, seed: int) -> Tested:
    """Test whether conditions of the same subjects have the same mean.

    The conditions change places within each subject. With two conditions this flips the signs of the
    differences.

    Parameters
    ----------
    samples : sequence of ndarray of float, shape (n,)
        Values of the same subjects in each condition.
    most, seed
        As for `permute_subjects`.

    Returns
    -------
    Tested
    """
    ways = factorial(len(samples))
    return _test(samples, "samples", ways ** len(samples[0]), ways, most, seed)


def _test(samples: Sequence[Floats], kind: str, total: int, alike: int, most: int, seed: int) -> Tested:
    exact = total <= most
    two = len(samples) == 2
    flips = kind == "samples" and two
    data = [samples[1] - samples[0]] if flips else list(samples)
    statistic: Callable[..., Any] = _mean_size if flips else _welch if two else _between
    found = permutation_test(
        data,
        statistic,
        permutation_type=kind,
        vectorized=True,
        n_resamples=total if exact else most,
        batch=5000,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return Tested(
        float(found.pvalue), total if exact else most, exact, alike / total if exact else 1 / (most + 1)
    )


def _mean_size(differences: Floats, axis: int = -1) -> Any:
    return np.abs(differences.mean(axis=axis))


def _welch(a: Floats, b: Floats, axis: int = -1) -> Any:
    difference = np.abs(b.mean(axis=axis) - a.mean(axis=axis))
    squared = sum(one.var(axis=axis) / (one.shape[axis] - 1) for one in (a, b))
    # Groups without any spread: the larger the difference, the larger the statistic.
    return difference / np.sqrt(squared + _SMALL * (difference**2 + _SMALL))


def _between(*samples: Floats, axis: int = -1) -> Any:
    sizes = [one.shape[axis] for one in samples]
    means = [one.mean(axis=axis) for one in samples]
    whole = sum(size * mean for size, mean in zip(sizes, means, strict=True)) / sum(sizes)
    return sum(size * (mean - whole) ** 2 for size, mean in zip(sizes, means, strict=True))
