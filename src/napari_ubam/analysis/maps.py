"""Maps: codes as points on a plane, by UMAP or principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .errors import DeviationError
from .unit_vectors import unit_vectors

Floats = npt.NDArray[np.float32]
Method = Literal["umap", "pca"]
COMPONENTS = 50  # principal components that UMAP gets at most
PCA_SAMPLE = 20_000  # frames that the principal components are computed from
SAMPLE = 10_000  # frames that UMAP is fitted on
NEAREST = 5  # frames of the sample that determine the position of another frame
BLOCK = 4096  # frames that are placed at once


@dataclass(frozen=True)
class FrameMap:
    """A map of frames.

    Parameters
    ----------
    points : ndarray of float32, shape (n, 2)
        Position of each frame.
    sampled : ndarray of bool, shape (n,)
        Frames that the map was fitted on. The other frames lie between the nearest of these.
    """

    points: Floats
    sampled: npt.NDArray[np.bool_]


def fit_map(
    codes: npt.ArrayLike,
    recordings: npt.ArrayLike,
    *,
    method: Method = "umap",
    sample: int = SAMPLE,
    n_neighbors: int = 30,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> FrameMap:
    """Place frames on a plane, those with similar codes near each other.

    The codes are scaled to length 1, and their first principal components (at most 50) are computed. UMAP
    (McInnes, Healy and Melville 2018, arXiv 1802.03426) is fitted on a sample drawn evenly from the
    recordings. Each other frame is placed at the mean of its five nearest frames of the sample, weighted by
    cosine similarity.

    Parameters
    ----------
    codes : array_like of float, shape (n, d)
        Codes of valid frames.
    recordings : array_like of int, shape (n,)
        Recording of each frame.
    method : str
        ``"umap"``, or ``"pca"`` for the first two principal components.
    sample : int
        Number of frames that UMAP is fitted on.
    n_neighbors : int
        Neighbours in UMAP: small numbers show fine structure, large numbers the global structure.
    seed : int
        Random seed of the sample and of UMAP. The same seed gives the same map on the same computer.
    progress : callable, optional
        Called with :class:`~napari_ubam.progress.Progress` events of the stage ``"map"``.
    cancel : object with ``is_set()``, optional
        Stops the work when set.

    Returns
    -------
    FrameMap

    Raises
    ------
    DeviationError
        If there are fewer than three frames, the method is unknown, or umap-learn is not installed.
    Cancelled
        When ``cancel`` is set.
    """
    if method not in get_args(Method):
        raise DeviationError(f"There is no map method {method!r}; choose umap or pca.")
    tell = progress or silent
    table, groups = np.asarray(codes, np.float32), np.asarray(recordings)
    if len(table) < 3:
        raise DeviationError(f"A map needs at least three frames, not {len(table)}; embed a recording first.")
    blocks = range(0, max(len(table) - sample, 0), BLOCK) if method == "umap" else range(0)
    total = 2 + len(blocks)
    tell(Progress("map", 0, total, detail="principal components"))
    components = _components(table, seed)
    check_cancelled(cancel)
    if method == "pca":
        tell(Progress("map", total, total))
        return FrameMap(np.ascontiguousarray(components[:, :2]), np.ones(len(components), bool))
    tell(Progress("map", 1, total, detail="layout"))
    rows = draw_evenly(groups, sample, seed)
    placed = _fit_umap(components[rows], min(n_neighbors, len(rows) - 1), seed)
    points, sampled = np.empty((len(components), 2), np.float32), np.zeros(len(components), bool)
    points[rows], sampled[rows] = placed, True
    others = np.flatnonzero(~sampled)
    for step, start in enumerate(blocks, 2):
        check_cancelled(cancel)
        tell(Progress("map", step, total, detail="frames outside of the sample"))
        block = others[start : start + BLOCK]
        points[block] = _interpolate(components[block], components[rows], placed)
    tell(Progress("map", total, total))
    return FrameMap(points, sampled)


def draw_evenly(groups: npt.NDArray[Any], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw a random sample with equal numbers from each group, as far as possible.

    Parameters
    ----------
    groups : ndarray, shape (n,)
        Group of each row.
    count : int
        Number of rows to draw. All rows if there are fewer.
    seed : int
        Random seed.

    Returns
    -------
    ndarray of int64, shape (count,)
        Row numbers, ascending.
    """
    rng = np.random.default_rng(seed)
    members = [rng.permutation(np.flatnonzero(groups == one)) for one in np.unique(groups)]
    members.sort(key=len)
    taken, left = [], count
    for number, rows in enumerate(members):
        share = min(len(rows), left // (len(members) - number))
        taken.append(rows[:share])
        left -= share
    return np.sort(np.concatenate(taken)).astype(np.int64)


def _components(codes: Floats, seed: int) -> Floats:
    """Principal components of the codes (n, d) at length 1; at least 2 columns and at most 50."""
    from sklearn.decomposition import PCA  # takes a second to load

    directions = unit_vectors(codes)
    rows = draw_evenly(np.zeros(len(directions), int), PCA_SAMPLE, seed)
    count = min(COMPONENTS, directions.shape[1], len(rows))
    model = PCA(count, random_state=seed).fit(directions[rows])
    found: Floats = model.transform(directions).astype(np.float32)
    return found if count > 1 else np.hstack([found, np.zeros_like(found)])


def _fit_umap(codes: Floats, n_neighbors: int, seed: int) -> Floats:
    try:
        from umap import UMAP
    except ImportError:
        raise DeviationError(
            "The method umap needs the package umap-learn; install napari-ubam[map], or choose pca."
        ) from None
    # One job: with several, the layout is different each time.
    model = UMAP(n_neighbors=max(2, n_neighbors), metric="cosine", random_state=seed, n_jobs=1)
    return np.asarray(model.fit_transform(codes), np.float32)


def _interpolate(codes: Floats, sample: Floats, placed: Floats) -> Floats:
    """Positions (n, 2) of codes: the mean position of the nearest codes of the sample, by cosine."""
    similarity = unit_vectors(codes) @ unit_vectors(sample).T
    count = min(NEAREST, len(sample))
    rows = np.argpartition(similarity, -count, axis=1)[:, -count:]
    weight = np.exp(10 * np.take_along_axis(similarity, rows, axis=1))
    weight /= weight.sum(1, keepdims=True)
    found: Floats = np.einsum("nk,nkd->nd", weight, placed[rows]).astype(np.float32)
    return found
