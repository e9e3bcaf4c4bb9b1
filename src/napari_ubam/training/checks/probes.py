"""Measures for the checks after a training: order of windows, subject identifiability, neighbours."""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score

from napari_ubam.analysis import neighbours
from napari_ubam.analysis.confounds.identity import FOLDS as FOLDS
from napari_ubam.analysis.confounds.identity import subject_identifiability as subject_identifiability
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.learners.fitting import OrderLearner
from napari_ubam.learners.posture_track import PostureTrack, shuffled
from napari_ubam.models.windows import Windows

REPEATS = 4  # shuffled versions of a window
VOTERS = 15  # nearest frames that vote for a subject
BLOCK = 256  # windows that are encoded together
Z95 = 1.96


def non_overlapping(windows: Windows, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose windows that do not overlap.

    Parameters
    ----------
    windows : Windows
        Windows of a recording.
    candidates : (n,) int array
        Indices of the windows to choose from, in ascending order.

    Returns
    -------
    (m,) int64 array
        Indices of the chosen windows, beginning with the first candidate.
    """
    chosen, free = [], -1
    for number in candidates:
        if windows.before[number, 0] > free:
            chosen.append(int(number))
            free = int(windows.before[number, -1]) + 1
    return np.array(chosen, np.int64)


def order_accuracy(
    learner: OrderLearner, windows: NDArray[np.float32], hardness: float, seed: int
) -> NDArray[np.float64]:
    """Compare windows in order with shuffled versions of the same windows.

    Pairs are compared, so the result does not depend on a threshold, which would differ between subjects.

    Parameters
    ----------
    learner : OrderLearner
        Trained behaviour encoder in evaluation mode.
    windows : (n, steps, d) float32 array
        Windows in order.
    hardness : float
        Hardness of the shuffled versions, 0 to 1.
    seed : int
        Random seed.

    Returns
    -------
    (n,) float64 array
        For each window, the share of shuffled versions that look less in order; 0.5 is chance.
    """
    shares = [np.empty(0)]
    device = next(learner.encoder.parameters()).device
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for start in range(0, len(windows), BLOCK):
            block = torch.from_numpy(windows[start : start + BLOCK])
            mixed = torch.cat([shuffled(block, hardness) for _ in range(REPEATS)])
            codes = learner.encoder.raw(torch.cat([block, mixed]).to(device))
            scores = learner.in_order(codes).squeeze(1).cpu().view(1 + REPEATS, len(block))
            better = (scores[0] > scores[1:]).double() + (scores[0] == scores[1:]).double() / 2
            shares.append(better.mean(0).numpy())
    return np.concatenate(shares)


def wilson(share: float, count: int) -> tuple[float, float]:
    """95% confidence interval of a share (Wilson, J. Am. Stat. Assoc. 22, 209, 1927).

    Parameters
    ----------
    share : float
        Share of successes, 0 to 1.
    count : int
        Number of trials.

    Returns
    -------
    low, high : float
    """
    centre = share + Z95**2 / (2 * count)
    half = Z95 * math.sqrt(share * (1 - share) / count + (Z95 / (2 * count)) ** 2)
    scale = 1 + Z95**2 / count
    return max((centre - half) / scale, 0.0), min((centre + half) / scale, 1.0)


def still_windows(track: PostureTrack, which: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Make windows without movement: a constant posture with the noise of single frames.

    The noise is measured where the recording moves least: the difference of a frame from the mean of the two
    frames beside it. Noise is sampled for each frame and interpolated between frames like a true recording.
    This reveals a network that detects order from the interpolation and not from movement.

    Parameters
    ----------
    track : PostureTrack
        Recording.
    which : (n,) int array
        Indices of the windows whose centres give the postures.
    seed : int
        Random seed.

    Returns
    -------
    (n, steps, d) float32 array
    """
    rng = np.random.default_rng(seed)
    posture, centres = track.posture, track.windows.centres
    calm = centres[np.argsort(track.motion, kind="stable")[: max(20, len(centres) // 10)]]
    calm = calm[(calm > 0) & (calm < len(posture) - 1)]
    residual = (posture[calm - 1] - 2 * posture[calm] + posture[calm + 1]) / math.sqrt(6)
    residual = residual[np.isfinite(residual).all(1)]
    if not len(residual):
        residual = np.zeros((1, posture.shape[1]), np.float32)
    signs = rng.choice(np.array([-1, 1], np.float32), (len(posture), 1))
    noise = residual[rng.integers(0, len(residual), len(posture))] * signs
    still: NDArray[np.float32] = posture[centres[which]][:, None] + track.windows.of(noise, which)
    return still


def subject_of_nearest(
    features: NDArray[np.float32], subjects: NDArray[np.int64], blocks: NDArray[np.int64]
) -> float:
    """Identify the subject of frames by a vote of their nearest frames in other blocks of time.

    A map joins nearest frames, so if this is high, each subject is an island there.

    Parameters
    ----------
    features : (n, d) float32 array
        Features of each frame, compared by the cosine.
    subjects : (n,) int array
        Subject of each frame; at least two subjects.
    blocks : (n,) int array
        Block of time of each frame, 0 to `FOLDS` - 1.

    Returns
    -------
    float
        Accuracy, balanced over subjects.
    """
    units, identified = unit_vectors(features), np.empty_like(subjects)
    for fold in range(FOLDS):
        inside = blocks != fold
        found = neighbours(
            units[~inside],
            units[inside],
            k=VOTERS,
            reference_subjects=subjects[inside],
            per_subject=VOTERS,
            unit_length=True,
        )
        votes = np.where(found.index >= 0, subjects[inside][found.index], -1)
        counts = np.stack([(votes == one).sum(1) for one in range(subjects.max() + 1)], axis=1)
        identified[~inside] = counts.argmax(1)
    return float(balanced_accuracy_score(subjects, identified))


def different_frames(
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
        Recording and subject of each frame.
    count : int
        Largest number of frames.
    seed : int
        Random seed.

    Returns
    -------
    list of int
        Rows; one from the centre of each cluster of postures.
    """
    # Without the mean of its subject, a code is mostly posture and not appearance.
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
    """Find the nearest frames of other subjects, from as many subjects as possible.

    Parameters
    ----------
    codes : (n, d) float32 array
        Unit codes.
    subjects : (n,) int array
        Subject of each frame.
    row : int
        Row of the frame.
    count : int
        Number of neighbours.

    Returns
    -------
    list of (int, float)
        Row and cosine similarity of each neighbour, the nearest first.
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
