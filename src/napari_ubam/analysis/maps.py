"""Codes as points on a plane: principal components, then UMAP, fitted on a sample of the frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .codes import DeviationError

Floats = npt.NDArray[np.float32]
Method = Literal["umap", "pca"]
COMPONENTS = 50
SAMPLE = 10_000  # frames that the map is fitted on
NEAREST = 5  # frames of the sample that place another frame
BLOCK = 4096


@dataclass(frozen=True)
class FrameMap:
    """A map of frames.

    Parameters
    ----------
    points : (n, 2) float32 array
        Place of each frame.
    sampled : (n,) bool array
        Frames that the map was fitted on; the others lie between the nearest of these.
    method : str
    """

    points: Floats
    sampled: npt.NDArray[np.bool_]
    method: Method


def fit_map(
    codes: npt.ArrayLike,
    recordings: npt.ArrayLike,
    *,
    method: Method = "umap",
    sample: int = SAMPLE,
    spread_over: int = 30,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> FrameMap:
    """Place frames on a plane so that frames of like codes lie near each other.

    Codes are normalised to length 1, so that distances are those of the cosine; then their principal
    components (at most 50) are laid out by UMAP (McInnes, Healy and Melville 2018, arXiv 1802.03426), fitted
    on a sample that is drawn evenly from the recordings. Any other frame is put at the mean of its five
    nearest frames of the sample, weighted by their cosine.

    Parameters
    ----------
    codes : array_like, shape (n, d)
        Of valid frames.
    recordings : array_like of int, shape (n,)
        Recording of each frame.
    method : str
        ``"umap"``, or ``"pca"`` for the first two principal components of all frames.
    sample : int
        Frames to fit on.
    spread_over : int
        Neighbours of UMAP: few show fine structure, many the whole.
    seed : int
        Of the sample and of UMAP; the same seed gives the same map on the same computer.
    progress, cancel : optional
        Told of the stage ``"map"``.

    Returns
    -------
    FrameMap

    Raises
    ------
    DeviationError
        With fewer than three frames, or where umap-learn is not installed.
    Cancelled
        When ``cancel`` is set.
    """
    tell = progress or silent
    table, groups = np.asarray(codes, np.float32), np.asarray(recordings)
    if len(table) < 3:
        raise DeviationError(f"A map of {len(table)} frames shows nothing; embed a recording first.")
    tell(Progress("map", 0, 3, detail="components"))
    flat = _components(table, seed)
    check_cancelled(cancel)
    if method == "pca":
        return FrameMap(np.ascontiguousarray(flat[:, :2]), np.ones(len(flat), bool), "pca")
    rows = draw_evenly(groups, sample, seed)
    tell(Progress("map", 1, 3, detail="layout"))
    placed = _lay_out(flat[rows], min(spread_over, len(rows) - 1), seed)
    check_cancelled(cancel)
    points, sampled = np.empty((len(flat), 2), np.float32), np.zeros(len(flat), bool)
    points[rows], sampled[rows] = placed, True
    others = np.flatnonzero(~sampled)
    for start in range(0, len(others), BLOCK):
        check_cancelled(cancel)
        tell(Progress("map", start, len(others), detail="frames between"))
        block = others[start : start + BLOCK]
        points[block] = _between(flat[block], flat[rows], placed)
    tell(Progress("map", 3, 3))
    return FrameMap(points, sampled, "umap")


def draw_evenly(groups: npt.NDArray[Any], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw rows so that each group gives as many as it can, up to an equal share.

    Returns
    -------
    int64 array
        Sorted, without repetition, at most `count`.
    """
    random = np.random.default_rng(seed)
    members = [random.permutation(np.flatnonzero(groups == one)) for one in np.unique(groups)]
    members.sort(key=len)
    taken, left = [], count
    for number, rows in enumerate(members):
        share = min(len(rows), left // (len(members) - number))
        taken.append(rows[:share])
        left -= share
    return np.sort(np.concatenate(taken)).astype(np.int64)


def _components(codes: Floats, seed: int) -> Floats:
    """Principal components of the codes' directions, (n, up to 50)."""
    directions = unit(codes)
    rows = draw_evenly(np.zeros(len(directions), int), 20_000, seed)
    count = min(COMPONENTS, directions.shape[1], len(rows))
    model = PCA(count, random_state=seed).fit(directions[rows])
    found: Floats = model.transform(directions).astype(np.float32)
    return found if count > 1 else np.hstack([found, np.zeros_like(found)])


def _lay_out(codes: Floats, spread_over: int, seed: int) -> Floats:
    try:
        from umap import UMAP
    except ImportError:
        raise DeviationError(
            "A UMAP needs the package umap-learn; install napari-ubam[map], or choose the method pca."
        ) from None
    # One job: with several the layout differs from time to time.
    model = UMAP(n_neighbors=max(2, spread_over), metric="cosine", random_state=seed, n_jobs=1)
    return np.asarray(model.fit_transform(codes), np.float32)


def _between(codes: Floats, sample: Floats, placed: Floats) -> Floats:
    """Place of codes: the mean of the nearest of the sample, by cosine."""
    near = unit(codes) @ unit(sample).T
    count = min(NEAREST, len(sample))
    rows = np.argpartition(near, -count, axis=1)[:, -count:]
    weight = np.exp(10 * np.take_along_axis(near, rows, axis=1))
    weight /= weight.sum(1, keepdims=True)
    found: Floats = np.einsum("nk,nkd->nd", weight, placed[rows]).astype(np.float32)
    return found


def unit(codes: Floats) -> Floats:
    """Codes (n, d) of length 1; a code of zeros stays one."""
    found: Floats = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    return found
