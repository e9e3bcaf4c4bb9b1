"""Exact permutation tests for small samples."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from math import comb

import numpy as np

MAX_ARRANGEMENTS = 20_000  # all are counted up to this number; above it a random sample of this size is used
_TIE = 1e-9  # relative tolerance, so that rounding does not break ties


def permutation_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Compute the two-sided p-value of a difference of means by permutation of the subjects.

    Parameters
    ----------
    a, b : sequence of float
        One value per subject, at least one in each group.

    Returns
    -------
    float
        Fraction of all arrangements with a difference at least as large. If there are more than 20 000
        arrangements, a random sample with a fixed random seed is used.
    """
    values = np.concatenate([np.asarray(a, float), np.asarray(b, float)])
    count = len(a)
    if comb(len(values), count) <= MAX_ARRANGEMENTS:
        chosen = np.array(list(combinations(range(len(values)), count)))
        extra = 0
    else:
        rng = np.random.default_rng(0)
        chosen = np.argsort(rng.random((MAX_ARRANGEMENTS, len(values))), axis=1)[:, :count]
        extra = 1  # the arrangement that was observed
    sums = values[chosen].sum(axis=1)
    differences = np.abs(sums / count - (values.sum() - sums) / (len(values) - count))
    return _share(differences, abs(float(np.mean(a) - np.mean(b))), extra)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Compute the two-sided p-value of a mean difference within subjects by sign flips.

    Parameters
    ----------
    differences : sequence of float
        One difference per subject, at least one.

    Returns
    -------
    float
        Fraction of all sign patterns with a mean at least as far from 0. If there are more than 20 000
        patterns, a random sample with a fixed random seed is used.
    """
    values = np.asarray(differences, float)
    if 2 ** len(values) <= MAX_ARRANGEMENTS:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(values))))
        extra = 0
    else:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (MAX_ARRANGEMENTS, len(values)))
        extra = 1
    return _share(np.abs(signs @ values) / len(values), abs(float(values.mean())), extra)


def _share(found: np.ndarray, observed: float, extra: int) -> float:
    as_large = np.count_nonzero(found >= observed * (1 - _TIE) - _TIE)
    return float((as_large + extra) / (len(found) + extra))
