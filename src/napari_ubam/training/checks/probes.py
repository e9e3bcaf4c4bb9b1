"""Numbers behind the checks after a training: order, subject, neighbours."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_ubam.analysis import neighbours
from napari_ubam.learners.fitting import OrderLearner
from napari_ubam.learners.posture_track import PostureTrack, shuffled
from napari_ubam.models.windows import Windows

REPEATS = 4  # shuffled versions of a window
FOLDS = 5
PIECE = 256  # windows encoded at once
Z95 = 1.96


def apart(windows: Windows, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose windows that do not overlap, from the first on.

    Parameters
    ----------
    windows : Windows
    candidates : (n,) int array
        Numbers of windows to choose from, in their order.

    Returns
    -------
    (m,) int64 array
    """
    chosen, free = [], -1
    for number in candidates:
        if windows.before[number, 0] > free:
            chosen.append(int(number))
            free = int(windows.before[number, -1]) + 1
    return np.array(chosen, np.int64)


def right_order(
    learner: OrderLearner, windows: NDArray[np.float32], hardness: float, seed: int
) -> NDArray[np.float64]:
    """Ask which is in order: a window as it is, or the same shuffled, some times.

    Asked of pairs, the answer does not hang on a threshold, which is another one for every new subject.

    Parameters
    ----------
    learner : OrderLearner
        In evaluation mode.
    windows : (n, steps, d) float32 array
    hardness : float
        Of the shuffled ones, 0 to 1.
    seed : int

    Returns
    -------
    (n,) float64 array
        Part of the answers on each window that is right; 0.5 is chance.
    """
    right = [np.empty(0)]
    device = next(learner.encoder.parameters()).device
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for start in range(0, len(windows), PIECE):
            piece = torch.from_numpy(windows[start : start + PIECE])
            mixed = torch.cat([shuffled(piece, hardness) for _ in range(REPEATS)])
            codes = learner.encoder.raw(torch.cat([piece, mixed]).to(device))
            says = learner.in_order(codes).squeeze(1).cpu().view(1 + REPEATS, len(piece))
            better = (says[0] > says[1:]).double() + (says[0] == says[1:]).double() / 2
            right.append(better.mean(0).numpy())
    return np.concatenate(right)


def wilson(share: float, count: int) -> tuple[float, float]:
    """95% interval of a share (Wilson, J. Am. Stat. Assoc. 22, 209, 1927).

    Returns
    -------
    low, high : float
    """
    centre = share + Z95**2 / (2 * count)
    half = Z95 * math.sqrt(share * (1 - share) / count + (Z95 / (2 * count)) ** 2)
    scale = 1 + Z95**2 / count
    return max((centre - half) / scale, 0.0), min((centre + half) / scale, 1.0)


def still_windows(track: PostureTrack, which: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Make windows in which the posture of their middle stays, but for the noise of single frames.

    The noise is what is left of frames after the mean of the two beside them, where the recording moves
    least. It is drawn anew for each frame and read like a true recording, between the frames, so that a
    network that tells order from how frames are read, and not from movement, is found out.

    Parameters
    ----------
    track : PostureTrack
    which : (n,) int array
        Numbers of the windows whose middles are taken.
    seed : int

    Returns
    -------
    (n, steps, d) float32 array
    """
    rng = np.random.default_rng(seed)
    posture, centres = track.posture, track.windows.centres
    calm = centres[np.argsort(track.motion, kind="stable")[: max(20, len(centres) // 10)]]
    calm = calm[(calm > 0) & (calm < len(posture) - 1)]
    left = (posture[calm - 1] - 2 * posture[calm] + posture[calm + 1]) / math.sqrt(6)
    left = left[np.isfinite(left).all(1)]
    if not len(left):
        left = np.zeros((1, posture.shape[1]), np.float32)
    signs = rng.choice(np.array([-1, 1], np.float32), (len(posture), 1))
    noise = left[rng.integers(0, len(left), len(posture))] * signs
    still: NDArray[np.float32] = posture[centres[which]][:, None] + track.windows.of(noise, which)
    return still


def name_subject(
    features: NDArray[np.float32],
    subjects: NDArray[np.int64],
    blocks: NDArray[np.int64],
    parts: int,
    each: Callable[[], None],
) -> float:
    """Name the subject of frames by logistic regression, trained on other blocks of time.

    Parameters
    ----------
    features : (n, d) float32 array
    subjects : (n,) int array
        At least two.
    blocks : (n,) int array
        Block of time of each frame, 0 to `FOLDS` - 1.
    parts : int
        Features are brought down to so many principal components.
    each : callable
        Called before each of the `FOLDS` fits.

    Returns
    -------
    float
        Accuracy, balanced over subjects.
    """
    named = np.empty_like(subjects)
    for fold in range(FOLDS):
        each()
        inside = blocks != fold
        count = min(parts, features.shape[1], int(inside.sum()))
        model = make_pipeline(
            StandardScaler(), PCA(count, random_state=0), StandardScaler(), LogisticRegression(max_iter=100)
        )
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):  # codes may all be the same
            # A fit that is not quite at its end names subjects as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features[inside], subjects[inside])
        named[~inside] = model.predict(features[~inside])
    return float(balanced_accuracy_score(subjects, named))


def spread_frames(
    codes: NDArray[np.float32],
    recordings: NDArray[np.int64],
    subjects: NDArray[np.int64],
    count: int,
    seed: int,
) -> list[int]:
    """Choose frames of different postures and recordings.

    Parameters
    ----------
    codes : (n, d) float32 array
        Unit codes.
    recordings, subjects : (n,) int array
    count : int
        How many, at most.
    seed : int

    Returns
    -------
    list of int
        Rows; one from the middle of each cluster of postures.
    """
    # Without its mean, a subject's code is posture more than looks.
    means = np.stack([codes[subjects == one].mean(0) for one in range(subjects.max() + 1)])
    inner = codes - means[subjects]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer postures than clusters
        clusters = KMeans(min(count, len(codes)), n_init=1, random_state=seed).fit(inner)
    used = np.zeros(recordings.max() + 1, int)
    chosen = []
    for number, middle in enumerate(clusters.cluster_centers_):
        rows = np.flatnonzero(clusters.labels_ == number)
        if len(rows):
            rows = rows[used[recordings[rows]] == used[recordings[rows]].min()]
            row = int(rows[((inner[rows] - middle) ** 2).sum(1).argmin()])
            used[recordings[row]] += 1
            chosen.append(row)
    return chosen


def nearest_elsewhere(
    codes: NDArray[np.float32], subjects: NDArray[np.int64], row: int, count: int
) -> list[tuple[int, float]]:
    """Find the nearest frames in other subjects, from as many subjects as there are.

    Parameters
    ----------
    codes : (n, d) float32 array
        Unit codes.
    subjects : (n,) int array
    row : int
        Whose neighbours.
    count : int
        How many.

    Returns
    -------
    list of (int, float)
        Rows and cosines, the nearest first.
    """
    found = neighbours(
        codes[[row]],
        codes,
        k=count,
        query_subjects=subjects[[row]],
        reference_subjects=subjects,
        per_subject=math.ceil(count / (len(np.unique(subjects)) - 1)),
        unit_length=True,
    )
    pairs = zip(found.index[0].tolist(), found.distance[0].tolist(), strict=True)
    return [(other, 1 - distance) for other, distance in pairs if other >= 0]
