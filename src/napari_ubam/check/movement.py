"""Estimate the dominant period of a movement from a short clip."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

COMPONENTS = 8  # number of principal components that are used
MIN_CORRELATION = 0.3  # of a clip with itself one period later
MIN_PROMINENCE = 0.2  # of this peak above the minima on both sides
FIRST_PEAK = 0.8  # of the highest peak; the first peak above this is the period, later ones are multiples
DRIFTS = (2, 4, 8, 16)  # fractions of the clip for the high-pass filters; each one shows shorter periods
MIN_DRIFT = 12  # shortest filter, in frames
PASSES = 4  # of the moving average, which together are close to a Gaussian filter
STILL = 0.3  # grey levels, root mean square; less is codec noise
REPEATS = 3  # minimum number of periods in the clip
_SIDE = 36  # longer side of a reduced frame, in pixels


def shrunk_shape(height: int, width: int) -> tuple[int, int]:
    """Compute the size of the reduced frames. The proportions are kept.

    Parameters
    ----------
    height, width : int
        Size of the region in pixels.

    Returns
    -------
    tuple of int
        Height and width of a reduced frame.
    """
    scale = min(_SIDE / max(height, width), 1.0)
    return max(round(height * scale), 1), max(round(width * scale), 1)


def shrink(image: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Reduce an image by averaging blocks.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Image with at least one pixel.
    shape : tuple of int
        Height and width of the result. Pixels are repeated if the result is larger.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Block means.
    """
    result = image.astype(np.float32)
    for axis, length in enumerate(shape):
        edges = np.arange(length + 1) * image.shape[axis] // length
        sums = np.add.reduceat(result, edges[:-1], axis=axis)
        counts = np.maximum(np.diff(edges), 1).astype(np.float32)
        result = sums / (counts[:, None] if axis == 0 else counts)
    return result


def dominant_period(clip: NDArray[np.float32]) -> float | None:
    """Estimate the period of the movement in a clip by autocorrelation.

    First the mean image, the mean brightness of each frame and slow drift are removed, and principal
    components reduce the noise.

    Parameters
    ----------
    clip : ndarray of float32, shape (t, y, x)
        Consecutive reduced frames of a fixed or tracked region, in grey levels.

    Returns
    -------
    float or None
        Period in frames, not rounded. None if no movement repeats at least three times.
    """
    pixels = clip.reshape(len(clip), -1).astype(np.float64)
    # A change of the whole image is flicker, not movement.
    pixels -= pixels.mean(axis=1, keepdims=True)
    best, period = 0.0, None
    for part in DRIFTS:
        width = len(pixels) // part
        series = _movement(pixels, width) if width >= MIN_DRIFT else None
        if series is None:
            continue
        correlation = _autocorrelation(series, min(len(pixels) // REPEATS, width))
        peaks = _peaks(correlation)
        highest = max((correlation[peak] for peak in peaks), default=0.0)
        first = next((peak for peak in peaks if correlation[peak] >= FIRST_PEAK * highest), 0)
        # Random movement repeats once or twice by chance. The standard error of a correlation over n periods
        # is about 1 / sqrt(n).
        if highest > best and correlation[first] >= sqrt(first / len(pixels)):
            best, period = highest, _vertex(correlation, first)
    return period


def _vertex(correlation: NDArray[np.float64], peak: int) -> float:
    """Vertex of the parabola through a peak and its neighbours."""
    before, at, after = correlation[peak - 1 : peak + 2].tolist()
    return float(peak + 0.5 * (before - after) / (before - 2 * at + after))


def _peaks(correlation: NDArray[np.float64]) -> list[int]:
    """Lags of the maxima that are high enough and prominent."""
    middle = correlation[1:-1]
    is_top = (middle > correlation[:-2]) & (middle >= correlation[2:]) & (middle >= MIN_CORRELATION)
    tops: list[int] = (np.flatnonzero(is_top) + 1).tolist()
    return [top for top in tops if _is_prominent(correlation, top)]


def _is_prominent(correlation: NDArray[np.float64], top: int) -> bool:
    # Prominence is measured from the minimum before the curve is higher again, on each side.
    minima = []
    for side in (correlation[top - 1 :: -1], correlation[top + 1 :]):
        higher = np.flatnonzero(side > correlation[top])
        minima.append(side[: higher[0] if len(higher) else None].min())
    return bool(correlation[top] - max(minima) >= MIN_PROMINENCE)


def _movement(pixels: NDArray[np.float64], width: int) -> NDArray[np.float64] | None:
    """Principal components over time, shape (t, k), without drift over ``width`` frames; None if still."""
    pixels = pixels - _drift(pixels, width)
    pixels -= pixels.mean(axis=0)
    values, vectors = np.linalg.eigh(pixels @ pixels.T)
    strongest = np.argsort(values)[::-1][:COMPONENTS]
    strength = np.sqrt(np.maximum(values[strongest], 0))
    if strength[0] < STILL * np.sqrt(pixels.size):
        return None
    series: NDArray[np.float64] = vectors[:, strongest] * strength
    return series


def _drift(pixels: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Low-pass filter with about ``width`` frames, narrower at the ends.

    One moving average passes some high frequencies, so noise could look periodic. Several passes avoid this.
    """
    reach = max(width // (2 * PASSES), 1)
    place = np.arange(len(pixels))
    low, high = np.maximum(place - reach, 0), np.minimum(place + reach + 1, len(pixels))
    for _ in range(PASSES):
        total = np.vstack([np.zeros_like(pixels[:1]), np.cumsum(pixels, axis=0)])
        pixels = (total[high] - total[low]) / (high - low)[:, None]
    return pixels


def _autocorrelation(series: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    result = np.ones(lags + 1)
    for lag in range(1, lags + 1):
        early, late = series[:-lag], series[lag:]
        energy = np.sqrt((early**2).sum() * (late**2).sum())
        result[lag] = (early * late).sum() / energy if energy else 0.0
    return result
