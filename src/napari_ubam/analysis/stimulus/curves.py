"""Curves around the onset of a stimulus, their mean over subjects, and the latency of what happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .signal import Floats
from .trials import Periods, Stimulated

COVERAGE = (2.5, 97.5)  # percent
_LONGEST = 30.0  # seconds after the onset that curves show, unless chosen otherwise
_MOST = 600  # bins of a curve
_SLACK = 1e-6
_LEAST = 0.1  # seconds that a response lasts at least


@dataclass(frozen=True)
class Latency:
    """When a response begins and stops, in seconds after the onset, with 95% intervals; NaN if not known."""

    start: float
    start_low: float
    start_high: float
    stop: float
    stop_low: float
    stop_high: float


def edges_of(periods: Periods, step: float, window: float = 0.0) -> Floats:
    """Choose the bins of curves.

    Parameters
    ----------
    periods : Periods
    step : float
        Seconds of a bin.
    window : float
        Seconds after the onset that are shown. 0: the median stimulus and the time after it, at most 30; if
        durations differ, the stimulus alone.

    Returns
    -------
    ndarray of float, shape (b + 1,)
        Edges in seconds after the onset; one of them is 0.
    """
    shown = window or min(periods.on + (0.0 if periods.varies else periods.after), _LONGEST)
    step *= max(1, int(np.ceil((periods.before + shown) / step / _MOST)))
    before, after = (max(1, int(np.floor(part / step + _SLACK))) for part in (periods.before, shown))
    edges: Floats = step * np.arange(-before, after + 1, dtype=np.float64)
    return edges


def inside(trials: pd.DataFrame, edges: Floats, varies: bool) -> np.ndarray:
    """Tell which bins of trials lie between the time off and the end of the time after.

    Parameters
    ----------
    trials : DataFrame
        Result of `trials_of`.
    edges : ndarray of float, shape (b + 1,)
    varies : bool
        Whether durations differ. Bins after the stop of a trial are then left out.

    Returns
    -------
    ndarray of bool, shape (k, b)
    """
    starts = trials["start"].to_numpy(float)[:, None]
    until = trials["on_stop" if varies else "after_stop"].to_numpy(float)[:, None]
    found: np.ndarray = (starts + edges[:-1] >= trials["off_start"].to_numpy(float)[:, None] - _SLACK) & (
        starts + edges[1:] <= until + _SLACK
    )
    return found


def subject_curves(
    recordings: Sequence[Stimulated], trials: pd.DataFrame, edges: Floats, varies: bool
) -> tuple[list[str], Floats]:
    """Average the change of the deviation around the onset over the trials of each subject.

    Parameters
    ----------
    recordings : sequence of Stimulated
    trials : DataFrame
        Trials that are used; see `trials_of`.
    edges : ndarray of float, shape (b + 1,)
    varies : bool
        Whether durations differ.

    Returns
    -------
    subjects : list of str
    curves : ndarray of float, shape (n, b)
        Deviation minus that of the time off of the same trial. NaN where no trial is known.
    """
    parts: dict[str, list[Floats]] = {}
    for one in recordings:
        own = trials[trials["recording"] == one.name]
        starts = own["start"].to_numpy(float)[:, None]
        means, known = one.signal.means(starts + edges[:-1], starts + edges[1:])
        wanted = inside(own, edges, varies) & (known >= 0.5 * np.diff(edges))
        change = means[..., 0] - own["off"].to_numpy(float)[:, None]
        parts.setdefault(one.subject, []).append(np.where(wanted, change, np.nan))
    return list(parts), np.array([nan_mean(np.concatenate(each)) for each in parts.values()])


def nan_mean(values: Floats) -> Floats:
    """Average over the first axis, without NaN and without a warning where all are NaN.

    Parameters
    ----------
    values : ndarray of float, shape (n, ...)

    Returns
    -------
    ndarray of float, shape (...)
    """
    known = np.isfinite(values)
    count = known.sum(0)
    total = np.where(known, values, 0.0).sum(0)
    mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def resampled(curves: Floats, resamples: int, seed: int) -> Floats:
    """Draw subjects with replacement, and average each sample.

    Parameters
    ----------
    curves : ndarray of float, shape (n, b)
    resamples, seed : int

    Returns
    -------
    ndarray of float, shape (resamples, b)
        Empty with fewer than three subjects, where a bootstrap tells nothing.
    """
    count = len(curves)
    if count < 3:
        return np.empty((0, curves.shape[1]))
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples)
    known = np.isfinite(curves).astype(np.float64)
    total, number = weights @ np.where(known > 0, curves, 0.0), weights @ known
    means: Floats = np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
    return means


def band(means: Floats, bins: int) -> tuple[Floats, Floats]:
    """Give the 95% interval of each bin of a mean curve.

    Parameters
    ----------
    means : ndarray of float, shape (r, b)
        Result of `resampled`.
    bins : int

    Returns
    -------
    low, high : ndarray of float, shape (b,)
        NaN if there are no samples.
    """
    if not len(means):
        return np.full(bins, np.nan), np.full(bins, np.nan)
    low, high = np.nanpercentile(np.where(np.isfinite(means).any(0), means, 0.0), COVERAGE, axis=0)
    return low, high


def latency(mean: Floats, samples: Floats, edges: Floats) -> Latency:
    """Estimate when the mean curve of the subjects leaves the time off, and when it returns.

    A box is fitted by least squares: one level from the latency to the end of the response, another before
    and after it. A smooth rise is thus placed where half of it is reached. This suits the deviation, whose
    windows are centred on a frame: a sudden change of behaviour shows as a rise around its time, with half
    of it at the right time, while a threshold would be crossed too early.

    Parameters
    ----------
    mean : ndarray of float, shape (b,)
        Mean over subjects.
    samples : ndarray of float, shape (r, b)
        The same of samples of the subjects; see `resampled`.
    edges : ndarray of float, shape (b + 1,)
        In seconds after the onset.

    Returns
    -------
    Latency
        The stop is NaN if the response lasts until the end of the curve.
    """
    start, stop = fit_box(mean, edges)
    if not len(samples) or not np.isfinite(start):
        nothing = float("nan")
        return Latency(start, nothing, nothing, stop, nothing, nothing)
    fits = np.array([fit_box(one, edges) for one in samples])
    low, high = np.nanpercentile(fits[:, 0], COVERAGE)
    if not np.isfinite(stop):
        return Latency(start, float(low), float(high), stop, stop, stop)
    stop_low, stop_high = np.percentile(np.where(np.isfinite(fits[:, 1]), fits[:, 1], edges[-1]), COVERAGE)
    return Latency(start, float(low), float(high), stop, float(stop_low), float(stop_high))


def fit_box(curve: Floats, edges: Floats) -> tuple[float, float]:
    """Fit a box that begins after the onset by least squares.

    Parameters
    ----------
    curve : ndarray of float, shape (b,)
        NaN is left out.
    edges : ndarray of float, shape (b + 1,)
        In seconds after the onset.

    Returns
    -------
    start, stop : float
        In seconds. The stop is NaN if the box lasts until the end; both are if nothing can be fitted.
    """
    known = np.isfinite(curve)
    count = int(known.sum())
    if count < 3:
        return float("nan"), float("nan")
    values, lows, highs = curve[known], edges[:-1][known], edges[1:][known]
    values = values - values.mean()
    sums = np.concatenate([[0.0], np.cumsum(values)])
    first = np.flatnonzero(lows >= -_SLACK)
    if not len(first):
        return float("nan"), float("nan")
    stops = np.arange(1, count + 1)
    size = stops[None, :] - first[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        # How much of the variance a box of this size explains.
        gain = (sums[stops][None, :] - sums[first][:, None]) ** 2 / (size * (1 - size / count))
    long = highs[stops - 1][None, :] - lows[first][:, None] >= min(_LEAST, highs[-1]) - _SLACK
    gain = np.where(long & (size > 0) & (size < count), gain, -1.0)
    row, column = np.unravel_index(int(np.argmax(gain)), gain.shape)
    last = column == count - 1
    return float(lows[first[row]]), float("nan") if last else float(highs[column])
