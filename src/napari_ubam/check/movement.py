"""The dominant period of a movement, from a short clip."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

COMPONENTS = 8  # principal components that carry movement rather than noise
LEAST_CORRELATION = 0.3  # of a clip with itself one period later
LEAST_PROMINENCE = 0.2  # of that peak over the valleys beside it
FIRST_PEAK = 0.8  # of the highest peak: the first such one is the period, later ones its multiples
DRIFTS = (2, 4, 8, 16)  # parts of the clip over which slow drift is averaged; each shows shorter periods
SHORTEST_DRIFT = 12  # frames
BELL = 4  # times that an average is averaged again
STILL = 0.3  # grey levels, root mean square: less is the codec's noise
REPEATS = 3  # times that a period must fit into the clip
_SIDE = 36  # longest side of a shrunk frame


def shrunk_shape(height: int, width: int) -> tuple[int, int]:
    """Shape ``(y, x)`` to which frames of a region are shrunk, its proportions kept."""
    scale = min(_SIDE / max(height, width), 1.0)
    return max(round(height * scale), 1), max(round(width * scale), 1)


def shrink(image: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Average an image over blocks.

    Parameters
    ----------
    image : (y, x) array
        Any size of at least one pixel.
    shape : tuple of int
        Height and width of the result; pixels are repeated where it is larger.

    Returns
    -------
    (height, width) float32 array
        Means of the blocks.
    """
    result = image.astype(np.float32)
    for axis, length in enumerate(shape):
        edges = np.arange(length + 1) * image.shape[axis] // length
        sums = np.add.reduceat(result, edges[:-1], axis=axis)
        counts = np.maximum(np.diff(edges), 1).astype(np.float32)
        result = sums / (counts[:, None] if axis == 0 else counts)
    return result


def dominant_period(clip: NDArray[np.float32]) -> float | None:
    """Period after which the movement in a clip repeats.

    The clip is compared with itself at growing lags, after the steady picture, the overall brightness
    of each frame and slow drift are removed and noise is left out by principal components.

    Parameters
    ----------
    clip : (t, y, x) array
        Consecutive frames, small, of one fixed or following region.

    Returns
    -------
    float or None
        Frames, with a fraction; None where nothing repeats at least three times.
    """
    pixels = clip.reshape(len(clip), -1).astype(np.float64)
    # Lamps flicker, but a change of the whole picture is no movement.
    pixels -= pixels.mean(axis=1, keepdims=True)
    best, period = 0.0, None
    for part in DRIFTS:
        width = len(pixels) // part
        series = _movement(pixels, width) if width >= SHORTEST_DRIFT else None
        if series is None:
            continue
        correlation = _autocorrelation(series, min(len(pixels) // REPEATS, width))
        peaks = _peaks(correlation)
        highest = max((correlation[peak] for peak in peaks), default=0.0)
        first = next((peak for peak in peaks if correlation[peak] >= FIRST_PEAK * highest), 0)
        # What goes to and fro at random is like itself once or twice: a correlation over so few repeats
        # has a standard error of about one over the root of their number.
        if highest > best and correlation[first] >= sqrt(first / len(pixels)):
            best, period = highest, _vertex(correlation, first)
    return period


def _vertex(correlation: NDArray[np.float64], peak: int) -> float:
    """Top of the parabola through a peak and its neighbours."""
    before, at, after = correlation[peak - 1 : peak + 2].tolist()
    return float(peak + 0.5 * (before - after) / (before - 2 * at + after))


def _peaks(correlation: NDArray[np.float64]) -> list[int]:
    """Lags of the maxima that are high and that stand out from the valleys on both sides."""
    middle = correlation[1:-1]
    is_top = (middle > correlation[:-2]) & (middle >= correlation[2:]) & (middle >= LEAST_CORRELATION)
    tops: list[int] = (np.flatnonzero(is_top) + 1).tolist()
    return [top for top in tops if _stands_out(correlation, top)]


def _stands_out(correlation: NDArray[np.float64], top: int) -> bool:
    # A valley reaches up to where the curve is higher again, as for the prominence of a mountain.
    valleys = []
    for side in (correlation[top - 1 :: -1], correlation[top + 1 :]):
        higher = np.flatnonzero(side > correlation[top])
        valleys.append(side[: higher[0] if len(higher) else None].min())
    return bool(correlation[top] - max(valleys) >= LEAST_PROMINENCE)


def _movement(pixels: NDArray[np.float64], width: int) -> NDArray[np.float64] | None:
    """Principal components over time, shape (t, k), without drift over ``width`` frames; None where still."""
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
    """Average over a moving bell of about ``width`` frames, narrower at the ends.

    A plain moving average would let some frequencies through more than others, and so turn noise into
    a rhythm; averaged several times it does not.
    """
    reach = max(width // (2 * BELL), 1)
    place = np.arange(len(pixels))
    low, high = np.maximum(place - reach, 0), np.minimum(place + reach + 1, len(pixels))
    for _ in range(BELL):
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
