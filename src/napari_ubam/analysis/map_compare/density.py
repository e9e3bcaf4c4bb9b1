"""Density of subjects on the map, and areas in which two groups differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer[Any]]
Extent = tuple[float, float, float, float]

GRID = 48  # cells along each side of the map
WIDTH = 1.5  # standard deviation of the smoothing, in cells
LEAST = 0.02  # of the largest mean density: cells with less are not tested
FORMING = 0.95  # quantile of the statistic over all arrangements that an area must exceed
BATCH = 100  # arrangements that are worked out at once
_TIE = 1e-9


@dataclass(frozen=True)
class Areas:
    """Areas of the map in which two groups differ.

    Parameters
    ----------
    number : ndarray of int, shape (g, g)
        Area of each cell, from 1; 0 outside.
    difference : ndarray of float, shape (g, g)
        Mean density of the second group minus that of the first.
    mass : ndarray of float, shape (a,)
        Sum of the statistic over each area.
    p : ndarray of float, shape (a,)
        Share of arrangements of the subjects with an area of at least this mass anywhere on the map.
    arrangements : int
        Number of arrangements.
    exact : bool
        Whether these are all arrangements.
    """

    number: npt.NDArray[np.int64]
    difference: Floats
    mass: Floats
    p: Floats
    arrangements: int
    exact: bool


def extent_of(points: npt.NDArray[np.floating[Any]]) -> Extent:
    """Give the borders of a map with a margin: left, right, bottom, top.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)

    Returns
    -------
    (float, float, float, float)
    """
    low, high = points.min(0), points.max(0)
    margin = 0.08 * np.maximum(high - low, 1e-6)
    (left, bottom), (right, top) = low - margin, high + margin
    return float(left), float(right), float(bottom), float(top)


def subject_densities(
    points: npt.NDArray[np.floating[Any]],
    owner: Ints,
    extent: Extent,
    grid: int = GRID,
    width: float = WIDTH,
    seconds: Floats | None = None,
) -> Floats:
    """Estimate where each subject is on the map: a smoothed histogram that sums to 1.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
        Position of each frame.
    owner : ndarray of int, shape (n,)
        Number of the subject of each frame, from 0 without a gap.
    extent : (float, float, float, float)
        Left, right, bottom and top border.
    grid : int
        Cells along each side.
    width : float
        Standard deviation of the Gaussian, in cells.
    seconds : ndarray of float, shape (n,), optional
        How long each frame lasts; equally long if left out.

    Returns
    -------
    ndarray of float, shape (subjects, grid, grid)
        ``[s, y, x]``. Each subject sums to 1, however long it was recorded.
    """
    left, right, bottom, top = extent
    found = []
    for one in range(int(owner.max()) + 1):
        own = points[owner == one]
        weights = None if seconds is None else seconds[owner == one]
        span = [[bottom, top], [left, right]]
        counts, _, _ = np.histogram2d(own[:, 1], own[:, 0], bins=grid, range=span, weights=weights)
        smooth = ndimage.gaussian_filter(counts, width, mode="constant")
        found.append(smooth / max(smooth.sum(), 1e-12))
    return np.stack(found)


def compare_densities(
    first: Floats,
    second: Floats,
    *,
    paired: bool = False,
    permutations: int = 2000,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> Areas:
    """Find areas in which two groups differ, by permutation of subjects with correction for the whole map.

    The statistic of a cell is the difference of means, divided by its standard error plus half the median
    spread of all cells, so that cells where hardly anybody is do not count. Adjacent cells above a threshold
    are an area, and its mass is the sum of the statistic. The mass is compared with the largest mass anywhere
    on the map when subjects change groups (Maris and Oostenveld, J. Neurosci. Methods 164, 2007). So the
    chance that any area is found where nothing differs is at most p; the border of an area is not tested.

    Parameters
    ----------
    first, second : ndarray of float, shape (n, g, g) and (m, g, g)
        Densities of the subjects. If paired, the same subjects in the same order.
    paired : bool
        Whether to flip the signs of the differences within subjects instead.
    permutations : int
        Number of arrangements. All if there are no more.
    seed : int
    check : callable
        Called between arrangements; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    Areas

    Raises
    ------
    ValueError
        If a group has fewer than two subjects, or paired groups differ in size.
    """
    if min(len(first), len(second)) < 2 or (paired and len(first) != len(second)):
        raise ValueError("Give at least two subjects in each group, and the same subjects if paired.")
    size = first.shape[1:]
    mean = (first.mean(0) + second.mean(0)) / 2
    used = mean > LEAST * mean.max()
    a, b = first[:, used], second[:, used]
    values = b - a if paired else np.concatenate([a, b])
    ways, exact = _arrangements(len(a), len(b), paired, permutations, seed)
    statistic = _flipped if paired else _welch
    drawn = np.random.default_rng(seed).permutation(len(ways))[:BATCH]
    threshold = float(np.quantile(np.abs(statistic(values, ways[drawn])), FORMING))
    largest = np.zeros(len(ways))
    for start in range(0, len(ways), BATCH):
        check()
        for place, row in enumerate(statistic(values, ways[start : start + BATCH])):
            _, masses = _areas(row, used, threshold)
            largest[start + place] = masses.max(initial=0)
    observed = np.r_[np.zeros(0 if paired else len(a)), np.ones(len(b))][None].astype(bool)
    number, mass = _areas(statistic(values, observed)[0], used, threshold)
    reached = (largest[None] >= mass[:, None] * (1 - _TIE)).sum(1)
    p = reached / len(ways) if exact else (1 + reached) / (1 + len(ways))
    difference = (second.mean(0) - first.mean(0)).reshape(size)
    return Areas(number, difference, mass, p, len(ways), exact)


def _arrangements(
    first: int, second: int, paired: bool, most: int, seed: int
) -> tuple[npt.NDArray[np.bool_], bool]:
    """Rows that say which subjects are in the second group, or keep their sign; and whether these are all."""
    generator = np.random.default_rng(seed)
    if paired:
        if 2**second <= most:
            return np.array(list(product((True, False), repeat=second))), True
        return generator.random((most, second)) < 0.5, False
    count = first + second
    if comb(count, second) <= most:
        rows = np.zeros((comb(count, second), count), bool)
        for row, chosen in zip(rows, combinations(range(count), second), strict=True):
            row[list(chosen)] = True
        return rows, True
    ranks = generator.random((most, count)).argsort(1)
    return ranks < second, False


def _welch(values: Floats, second: npt.NDArray[np.bool_]) -> Floats:
    """Statistic (w, cells) of arrangements (w, n) of values (n, cells)."""
    chosen, squares = second.astype(float), values**2
    parts = []
    for weights in (1 - chosen, chosen):
        count = weights.sum(1, keepdims=True)
        mean = weights @ values / count
        variance = np.maximum(weights @ squares / count - mean**2, 0) / np.maximum(count - 1, 1)
        parts.append((mean, variance, count))
    (mean_a, var_a, n_a), (mean_b, var_b, n_b) = parts
    least = 0.5 * np.median(values.std(0)) * np.sqrt(1 / n_a + 1 / n_b)  # the same in all arrangements
    found: Floats = (mean_b - mean_a) / (np.sqrt(var_a + var_b) + least + 1e-15)
    return found


def _flipped(values: Floats, kept: npt.NDArray[np.bool_]) -> Floats:
    """Statistic (w, cells) of differences (n, cells) whose signs are kept or flipped."""
    signs, count = np.where(kept, 1.0, -1.0), len(values)
    mean, square = signs @ values / count, (values**2).mean(0)
    error = np.sqrt(np.maximum(square - mean**2, 0) / max(count - 1, 1))
    found: Floats = mean / (error + 0.5 * np.median(np.sqrt(square)) / np.sqrt(count) + 1e-15)
    return found


def _areas(
    row: Floats, used: npt.NDArray[np.bool_], threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Find the areas of one sign above the threshold, and sum the statistic in each."""
    plane = np.zeros(used.shape)
    plane[used] = row
    above, many = ndimage.label(plane > threshold)
    below, more = ndimage.label(plane < -threshold)
    number = np.where(below > 0, below + many, above).astype(np.int64)
    mass = np.bincount(number.ravel(), np.abs(plane).ravel(), minlength=many + more + 1)[1:]
    return number, mass
