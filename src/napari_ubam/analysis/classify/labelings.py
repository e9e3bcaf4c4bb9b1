"""Labelings of subjects: the true one, and those of a permutation test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial, prod

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Labelings:
    """The true labels of subjects and permuted ones.

    Parameters
    ----------
    labels : ndarray of int, shape (n, p)
        A column for each labeling; the first is the true one.
    exact : bool
        Whether these are all labelings with as many subjects in each class.
    smallest_p : float
        The smallest p that they allow.
    """

    labels: Integers
    exact: bool
    smallest_p: float

    def p(self, statistic: npt.NDArray[np.float64]) -> float:
        """Share of labelings whose statistic is at least as large as that of the true one.

        Parameters
        ----------
        statistic : ndarray of float, shape (p,)
            Of each labeling.

        Returns
        -------
        float
        """
        return float(np.mean(statistic >= statistic[0] - _ROUNDING))


def labelings(labels: Sequence[int], most: int, seed: int) -> Labelings:
    """Permute the labels of subjects: in all ways if they are few, else at random.

    Parameters
    ----------
    labels : sequence of int
        Class of each subject, from 0.
    most : int
        Number of permutations that are counted or drawn.
    seed : int

    Returns
    -------
    Labelings
    """
    true = np.asarray(labels, np.int64)
    sizes = np.bincount(true).tolist()
    total = prod(comb(sum(sizes[place:]), size) for place, size in enumerate(sizes))
    if total <= most:
        others = [one for one in _all(sizes, len(true)) if not np.array_equal(one, true)]
        # Classes of one size can change their names, and nothing else changes.
        alike = prod(factorial(count) for count in Counter(sizes).values())
        return Labelings(np.stack([true, *others], axis=1), True, alike / total)
    generator = np.random.default_rng(seed)
    drawn = [generator.permutation(true) for _ in range(most)]
    return Labelings(np.stack([true, *drawn], axis=1), False, 1 / (most + 1))


def _all(sizes: Sequence[int], count: int) -> Iterator[Integers]:
    """Give every labeling with so many subjects in each class."""

    def fill(number: int, free: tuple[int, ...], one: Integers) -> Iterator[Integers]:
        if number == len(sizes) - 1:
            yield one.copy()
            return
        for chosen in combinations(free, sizes[number]):
            one[list(chosen)] = number
            yield from fill(number + 1, tuple(place for place in free if place not in chosen), one)
            one[list(chosen)] = len(sizes) - 1

    yield from fill(0, tuple(range(count)), np.full(count, len(sizes) - 1, np.int64))
