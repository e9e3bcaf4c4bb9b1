"""How well single frames tell which subject they show."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FOLDS = 5


def subject_identifiability(
    features: NDArray[np.float32],
    subjects: NDArray[np.int64],
    blocks: NDArray[np.int64],
    components: int,
    each: Callable[[], object],
) -> float:
    """Identify the subject of frames by logistic regression, trained on other blocks of time.

    Parameters
    ----------
    features : (n, d) float32 array
        Features of each frame.
    subjects : (n,) int array
        Subject of each frame; at least two subjects.
    blocks : (n,) int array
        Block of time of each frame, 0 to `FOLDS` - 1.
    components : int
        Number of principal components to which the features are reduced.
    each : callable
        Called before each of the `FOLDS` fits.

    Returns
    -------
    float
        Accuracy, balanced over subjects.
    """
    from sklearn.decomposition import PCA  # these take a second to load
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    identified = np.empty_like(subjects)
    for fold in range(FOLDS):
        each()
        inside = blocks != fold
        count = min(components, features.shape[1], int(inside.sum()))
        model = make_pipeline(
            StandardScaler(), PCA(count, random_state=0), StandardScaler(), LogisticRegression(max_iter=100)
        )
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):  # codes may all be the same
            # A fit that has not quite converged identifies subjects as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features[inside], subjects[inside])
        identified[~inside] = model.predict(features[~inside])
    return float(balanced_accuracy_score(subjects, identified))
