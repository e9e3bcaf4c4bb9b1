"""Ridge regression of many targets at once, with the penalty chosen among the rows that it is fitted on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PENALTIES = np.logspace(-2, 3, 11)  # in units of the mean variance of the features
_SMALL = 1e-9


def ridge(train: Floats, asked: Floats, targets: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Predict targets by ridge regression.

    The penalty of each target is the one with the smallest squared error when each row of ``train`` is left
    out, in closed form (Golub, Heath and Wahba, Technometrics 21, 215, 1979). `sklearn.linear_model.RidgeCV`
    gives the same for one target; a permutation test needs thousands, which share one decomposition here.

    Parameters
    ----------
    train : ndarray of float, shape (n, m)
        Features of the rows to fit.
    asked : ndarray of float, shape (q, m)
        Features of the rows to predict.
    targets : ndarray of float, shape (n, p)
        Each column is a target of its own.
    weights : ndarray of float, shape (n, p)
        Weight of each row where the penalty is chosen.

    Returns
    -------
    fitted : ndarray of float, shape (n, p)
        Predictions of the rows that were fitted.
    predicted : ndarray of float, shape (q, p)
    """
    centre, mean = train.mean(0), targets.mean(0)
    left, sizes, right = np.linalg.svd(train - centre, full_matrices=False)
    kept = sizes > _SMALL * max(float(sizes[0]), _SMALL)
    left, sizes, right = left[:, kept], sizes[kept], right[kept]
    squares = sizes**2
    shares = squares / (squares + PENALTIES[:, None] * squares.sum() / len(train))
    inner = left.T @ targets
    lowest, chosen = np.full(targets.shape[1], np.inf), np.zeros(targets.shape[1], np.int64)
    for number, share in enumerate(shares):
        residuals = targets - mean - left @ (share[:, None] * inner)
        leverage = (left**2) @ share + 1 / len(train)
        error = (weights * (residuals / (1 - leverage)[:, None]) ** 2).sum(0)
        better = error < lowest
        lowest, chosen = np.where(better, error, lowest), np.where(better, number, chosen)
    shrunk = shares[chosen].T * inner
    return left @ shrunk + mean, ((asked - centre) @ right.T / sizes) @ shrunk + mean


def class_evidence(train: Floats, asked: Floats, labels: Integers, count: int) -> Floats:
    """Classify rows, for many labelings of the rows that are known.

    Each class is told from all others by least squares with targets that give both the same weight. The
    evidence is scaled so that the known rows of the class have the mean 1, and the others -1.

    Parameters
    ----------
    train : ndarray of float, shape (n, m)
        Features of the rows whose class is known.
    asked : ndarray of float, shape (q, m)
        Features of the rows to classify.
    labels : ndarray of int, shape (n, p)
        Class of each known row, from 0; each column is a labeling of its own.
    count : int
        Number of classes, at least two; each has a row in each labeling.

    Returns
    -------
    ndarray of float, shape (q, p, count)
        Evidence for each class. The largest decides.
    """
    found = np.empty((len(asked), labels.shape[1], count))
    for number in range(1 if count == 2 else 0, count):
        inside = labels == number
        own, other = inside / inside.sum(0), ~inside / (~inside).sum(0)
        targets = len(labels) / 2 * (own - other)
        fitted, predicted = ridge(train, asked, targets, own + other)
        high, low = (own * fitted).sum(0), (other * fitted).sum(0)
        found[:, :, number] = (2 * predicted - high - low) / np.maximum(high - low, _SMALL)
    if count == 2:
        found[:, :, 0] = -found[:, :, 1]
    return found
