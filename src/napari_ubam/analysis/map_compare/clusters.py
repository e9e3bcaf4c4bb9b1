"""Clusters of behaviour codes, the bouts of each recording, and transitions between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.maps import draw_evenly

Codes2D = npt.NDArray[np.float32]
Ints = npt.NDArray[np.integer[Any]]

SAMPLE = 6000  # codes that the clusters are fitted on
NUMBERS = (3, 4, 5, 6, 7, 8, 10, 12)  # of clusters that are tried
SPLITS = 4  # of the subjects into halves, for each number
CLOSE = 0.05  # agreement that more clusters may cost
_BLOCK = 20_000


@dataclass(frozen=True)
class Clusters:
    """Clusters of codes.

    Parameters
    ----------
    number : ndarray of int, shape (n,)
        Cluster of each code, from 1; 1 has most of the codes.
    medoid : ndarray of int, shape (k,)
        Row of the code that is nearest to the centre of each cluster.
    agreement : dict of int to float
        Adjusted Rand index of clusters from two halves of the subjects, by the number of clusters; empty if
        the number was given. 1 if both halves give the same clusters, 0 by chance.
    """

    number: npt.NDArray[np.int64]
    medoid: npt.NDArray[np.int64]
    agreement: dict[int, float]


def find_clusters(
    codes: Codes2D,
    subjects: Ints,
    count: int = 0,
    *,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> Clusters:
    """Cluster codes by k-means. Each subject has the same weight, and no label of a group is used.

    Parameters
    ----------
    codes : ndarray of float32, shape (n, d)
        Codes of length 1.
    subjects : ndarray of int, shape (n,)
        Subject of each code.
    count : int
        Number of clusters. 0 chooses the largest number for which two halves of the subjects agree nearly as
        well as for the best number.
    seed : int
    check : callable
        Called before each fit; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    Clusters
    """
    rows = draw_evenly(np.asarray(subjects), SAMPLE, seed)
    sample, owner = codes[rows], np.asarray(subjects)[rows]
    agreement: dict[int, float] = {}
    if not count:
        agreement = _agreement(sample, owner, seed, check)
        best = max(agreement.values())
        count = max(number for number, one in agreement.items() if one >= best - CLOSE)
    check()
    centres = _fit(sample, min(count, len(sample)), seed, tries=5)
    number = _nearest(codes, centres)
    order = np.argsort(-np.bincount(number, minlength=len(centres)), kind="stable")
    order = order[np.bincount(number, minlength=len(centres))[order] > 0]
    place = np.zeros(len(centres), np.int64)
    place[order] = np.arange(1, len(order) + 1)
    medoid = []
    for one in order:
        own = np.flatnonzero(number == one)
        medoid.append(own[np.argmin(((codes[own] - centres[one]) ** 2).sum(1))])
    return Clusters(place[number], np.array(medoid, np.int64), agreement)


def bouts(number: Ints, times: npt.NDArray[np.floating[Any]], shortest: float) -> pd.DataFrame:
    """List the bouts of one recording: stretches of frames in one cluster.

    A bout that is shorter than ``shortest`` is joined to the one before it. A gap in time ends a bout, and
    nothing is known of a transition across it.

    Parameters
    ----------
    number : ndarray of int, shape (t,)
        Cluster of each frame.
    times : ndarray of float, shape (t,)
        Time of each frame in seconds, ascending.
    shortest : float
        Seconds.

    Returns
    -------
    DataFrame
        ``cluster, start, stop, seconds, previous``: rows of the first frame and after the last one; cluster
        of the bout before it, or 0 after a gap.
    """
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    gap = np.r_[True, np.diff(times) > 1.5 * step] if len(times) else np.zeros(0, bool)
    begins = np.flatnonzero(gap | np.r_[True, np.diff(number) != 0][: len(times)])
    found: list[list[int]] = []  # cluster, start, stop, previous
    for start, stop in zip(begins, [*begins[1:], len(times)], strict=True):
        after_gap, cluster = bool(gap[start]), int(number[start])
        joined = not after_gap and (cluster == found[-1][0] or (stop - start) * step < shortest)
        if joined:
            found[-1][2] = int(stop)
        else:
            found.append([cluster, int(start), int(stop), 0 if after_gap else found[-1][0]])
    table = pd.DataFrame(found, columns=["cluster", "start", "stop", "previous"])
    table.insert(3, "seconds", (table["stop"] - table["start"]) * step)
    return table


def _agreement(sample: Codes2D, owner: Ints, seed: int, check: Callable[[], None]) -> dict[int, float]:
    from sklearn.metrics import adjusted_rand_score

    subjects, generator = np.unique(owner), np.random.default_rng(seed)
    halves = [np.isin(owner, generator.permutation(subjects)[: len(subjects) // 2]) for _ in range(SPLITS)]
    found = {}
    for number in NUMBERS:
        if number * 10 > len(sample) // 2:
            break
        scores = []
        for half in halves:
            check()
            one, other = (_nearest(sample, _fit(sample[rows], number, seed)) for rows in (half, ~half))
            scores.append(adjusted_rand_score(one, other))
        found[number] = float(np.mean(scores))
    return found or {NUMBERS[0]: 0.0}


def _fit(codes: Codes2D, count: int, seed: int, tries: int = 2) -> Codes2D:
    from sklearn.cluster import KMeans

    model = KMeans(count, n_init=tries, random_state=seed).fit(codes)
    return np.asarray(model.cluster_centers_, np.float32)


def _nearest(codes: Codes2D, centres: Codes2D) -> npt.NDArray[np.int64]:
    half = (centres**2).sum(1) / 2
    parts = [
        (codes[start : start + _BLOCK] @ centres.T - half).argmax(1) for start in range(0, len(codes), _BLOCK)
    ]
    return np.concatenate(parts).astype(np.int64)
