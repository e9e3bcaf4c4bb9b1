"""Exact tests for few subjects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from math import comb

import numpy as np

MOST = 20_000  # arrangements that are counted out; above it as many are drawn
_TIE = 1e-9  # of the difference: rounding must not break a tie


def permutation_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p-value of the difference of two means by permuting who belongs to which.

    Parameters
    ----------
    a, b : sequence of float
        One value a subject, at least one each.

    Returns
    -------
    float
        Share of all arrangements that differ at least as much; drawn at random, with a fixed seed,
        where there are more than 20 000 of them.
    """
    values = np.concatenate([np.asarray(a, float), np.asarray(b, float)])
    count = len(a)
    if comb(len(values), count) <= MOST:
        chosen = np.array(list(combinations(range(len(values)), count)))
        extra = 0
    else:
        rng = np.random.default_rng(0)
        chosen = np.argsort(rng.random((MOST, len(values))), axis=1)[:, :count]
        extra = 1  # the arrangement that was observed
    sums = values[chosen].sum(axis=1)
    differences = np.abs(sums / count - (values.sum() - sums) / (len(values) - count))
    return _share(differences, abs(float(np.mean(a) - np.mean(b))), extra)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p-value of a mean difference within subjects by flipping its sign in each.

    Parameters
    ----------
    differences : sequence of float
        One a subject, at least one.

    Returns
    -------
    float
        Share of all sign patterns with a mean at least as far from 0; drawn where there are more
        than 20 000 of them.
    """
    values = np.asarray(differences, float)
    if 2 ** len(values) <= MOST:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(values))))
        extra = 0
    else:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (MOST, len(values)))
        extra = 1
    return _share(np.abs(signs @ values) / len(values), abs(float(values.mean())), extra)


def _share(found: np.ndarray, observed: float, extra: int) -> float:
    as_large = np.count_nonzero(found >= observed * (1 - _TIE) - _TIE)
    return float((as_large + extra) / (len(found) + extra))
