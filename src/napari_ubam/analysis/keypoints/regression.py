"""Ridge regression from codes to positions, in frames that are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .folds import Folds

Floats = npt.NDArray[np.float64]

PENALTIES = np.logspace(-3, 5, 17)
INNER = 5  # parts within the others that the penalty is chosen by
COMPONENTS = 256  # of longer codes; ridge regression needs no more, and the time grows with the cube
_LEAST = 5  # frames with a known position that can be learnt from


@dataclass(frozen=True)
class Predicted:
    """Positions that were read from codes.

    Parameters
    ----------
    positions : ndarray of float, shape (n, c)
        From the code of each frame, by a regression that has not seen its part. NaN where the true position
        is unknown, or too few others are known.
    means : ndarray of float, shape (n, c)
        Mean of the frames that were learnt from: what one would say without the code.
    """

    positions: Floats
    means: Floats


def predict_left_out(
    codes: npt.NDArray[np.floating[Any]],
    positions: npt.NDArray[np.floating[Any]],
    folds: Folds,
    *,
    components: int = COMPONENTS,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> Predicted:
    """Read positions from codes, in frames that the regression has not seen.

    The penalty of each coordinate is chosen within the frames that are learnt from, by leaving out parts of
    these in turn. Nothing of a part that is left out is used: also the mean, the scale and the components are
    those of the others.

    Parameters
    ----------
    codes : ndarray of float, shape (n, d)
    positions : ndarray of float, shape (n, c)
        Coordinates; NaN where one is unknown. Each coordinate is learnt from the frames in which it is known.
    folds : Folds
        Parts that are left out one by one.
    components : int
        Longer codes are first reduced to so many principal components.
    seed : int
        Of the search for the components.
    check : callable
        Called for each part, to show progress or to stop.

    Returns
    -------
    Predicted
    """
    x: Floats = np.asarray(codes, np.float64)
    y: Floats = np.asarray(positions, np.float64)
    known = np.isfinite(y)
    drawn, means = np.full_like(y, np.nan), np.full_like(y, np.nan)
    patterns, which = np.unique(known, axis=1, return_inverse=True)
    for part in range(len(folds)):
        check()
        learnt, asked = ~folds.near[part], folds.number == part
        if not learnt.any():
            continue
        reduced = _scaled(x, learnt, components, seed)
        for number, pattern in enumerate(patterns.T):
            columns = np.flatnonzero(which.ravel() == number)
            train, test = learnt & pattern, asked & pattern
            if train.sum() < _LEAST or not test.any():
                continue
            penalties = _penalties(reduced, y[:, columns], train, folds, part)
            found = _ridge(reduced[train], y[np.ix_(train, columns)], reduced[test])
            best = found[penalties, :, np.arange(len(columns))].T
            drawn[np.ix_(test, columns)] = best
            means[np.ix_(test, columns)] = y[np.ix_(train, columns)].mean(0)
    return Predicted(drawn, means)


def explained(positions: npt.NDArray[np.floating[Any]], predicted: Predicted) -> Floats:
    """Give the part of each coordinate's variance that was read from the codes.

    Parameters
    ----------
    positions : ndarray of float, shape (n, c)
    predicted : Predicted

    Returns
    -------
    ndarray of float, shape (c,)
        R²: 1 if all positions are right, 0 if they are as far off as the mean of the other frames, negative
        if they are worse. NaN if a coordinate does not vary.
    """
    there = np.isfinite(predicted.positions) & np.isfinite(positions)
    wrong = np.where(there, np.square(predicted.positions - positions), 0).sum(0)
    varied = np.where(there, np.square(predicted.means - positions), 0).sum(0)
    share: Floats = 1 - wrong / np.where(varied > 0, varied, np.nan)
    return share


def _scaled(codes: Floats, learnt: npt.NDArray[np.bool_], components: int, seed: int) -> Floats:
    """Centre codes, and divide them by one number, which keeps the metric; reduce long ones."""
    centred = codes - codes[learnt].mean(0)
    most = min(components, int(learnt.sum()) - 1)
    if centred.shape[1] > components and most > 0:
        from sklearn.decomposition import PCA  # it takes a second to load

        centred = PCA(most, random_state=seed).fit(centred[learnt]).transform(centred)
    spread = float(centred[learnt].std())
    scaled: Floats = centred / spread if spread > 0 else centred
    return scaled


def _penalties(
    codes: Floats, positions: Floats, train: npt.NDArray[np.bool_], folds: Folds, part: int
) -> npt.NDArray[np.int64]:
    """Choose the penalty of each coordinate by leaving out some of the other parts in turn."""
    others = [one for one in range(len(folds)) if one != part and (train & (folds.number == one)).any()]
    wrong = np.zeros((len(PENALTIES), positions.shape[1]))
    for group in np.array_split(others, min(INNER, len(others))):
        test = train & np.isin(folds.number, group)
        learnt = train & ~folds.near[group].any(0)
        if learnt.sum() < _LEAST or not test.any():
            continue
        found = _ridge(codes[learnt], positions[learnt], codes[test])
        wrong += np.square(found - positions[test]).sum(1)
    if not wrong.any():  # a single part is left: no choice
        return np.full(positions.shape[1], len(PENALTIES) // 2, np.int64)
    best: npt.NDArray[np.int64] = wrong.argmin(0)
    return best


def _ridge(codes: Floats, positions: Floats, asked: Floats) -> Floats:
    """Predict with all penalties at once, by one decomposition; shape (penalties, m, c)."""
    centre, mean = codes.mean(0), positions.mean(0)
    x, y, z = codes - centre, positions - mean, asked - centre
    if x.shape[1] > len(x):  # the same regression through the products of the frames
        values, vectors = np.linalg.eigh(x @ x.T)
        left, right = z @ (x.T @ vectors), vectors.T @ y
    else:
        values, vectors = np.linalg.eigh(x.T @ x)
        left, right = z @ vectors, vectors.T @ (x.T @ y)
    shrunk = right[None] / (np.maximum(values, 0)[None] + PENALTIES[:, None])[..., None]
    found: Floats = left @ shrunk + mean
    return found
