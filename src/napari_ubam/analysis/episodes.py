"""Spans of a recording that stand out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.floating[Any]]


def episodes(
    percentile: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    frames: npt.ArrayLike | None = None,
    deviation: npt.ArrayLike | None = None,
    threshold: float = 95,
    min_seconds: float = 0.2,
    join_seconds: float = 0.2,
) -> pd.DataFrame:
    """Find the spans over a threshold, the strongest first.

    Spans that are parted by ``join_seconds`` or less are one, then those that are over the threshold
    for less than ``min_seconds`` in all are dropped. Frames without a percentile are not over the threshold.

    Parameters
    ----------
    percentile : array_like of float, shape (t,)
        Percentile of each frame, NaN where there is none.
    times : array_like of float, shape (t,)
        Seconds, ascending.
    frames : array_like of int, shape (t,), optional
        Frame numbers; 0, 1, 2 ... where they are left out.
    deviation : array_like of float, shape (t,), optional
        Deviation of each frame. Percentiles end at 100; with this the peak is the frame that deviates most.
    threshold : float
        Percentile that an episode is over.
    min_seconds, join_seconds : float
        Least time over the threshold, and longest pause within an episode.

    Returns
    -------
    DataFrame
        One row an episode: ``start``, ``stop`` (frame after the last) and ``peak`` in frame numbers,
        ``start_time``, ``stop_time`` and ``peak_time`` in seconds, ``peak_percentile``, ``mean_percentile``
        and ``excess``: percentile over the threshold, summed over time in seconds, by which they are ranked.
    """
    values, seconds = np.asarray(percentile, float), np.asarray(times, float)
    numbers = np.arange(len(values)) if frames is None else np.asarray(frames)
    strength = values if deviation is None else np.asarray(deviation, float)
    lengths = _lengths(seconds)
    rows = []
    for start, stop in _spans(values > threshold, seconds, lengths, join_seconds):
        inside, last = slice(start, stop), stop - 1
        high = values[inside] > threshold
        if lengths[inside][high].sum() < min_seconds - _ROUNDING:
            continue
        peak = start + int(np.nanargmax(np.where(high, strength[inside], np.nan)))
        over = np.clip(values[inside] - threshold, 0, None)
        rows.append(
            (
                *(int(number) for number in (numbers[start], numbers[last] + 1, numbers[peak])),
                *(seconds[start], seconds[last] + lengths[last], seconds[peak]),
                values[peak],
                float(np.nanmean(values[inside])),
                float(np.nansum(over * lengths[inside])),
            )
        )
    table = pd.DataFrame(rows, columns=_COLUMNS).astype(_TYPES)
    return table.sort_values("excess", ascending=False, kind="stable", ignore_index=True)


_ROUNDING = 1e-9  # seconds
_TYPES = dict.fromkeys(("start", "stop", "peak"), "int64") | dict.fromkeys(
    ("start_time", "stop_time", "peak_time", "peak_percentile", "mean_percentile", "excess"), "float64"
)
_COLUMNS = list(_TYPES)


def _lengths(seconds: Floats) -> Floats:
    """Seconds that each frame lasts: until the next, or as long as usual before a gap and at the end."""
    steps = np.diff(seconds)
    usual = float(np.median(steps)) if len(steps) else 0.0
    return np.append(np.where(steps > 3 * usual, usual, steps), usual)


def _spans(
    over: npt.NDArray[np.bool_], seconds: Floats, lengths: Floats, join_seconds: float
) -> list[tuple[int, int]]:
    """First row, and row after the last, of each run of frames; near ones are joined."""
    rows = np.flatnonzero(over)
    if not len(rows):
        return []
    # Within a run the pause is zero, unless frames are missing from the table.
    pause = seconds[rows[1:]] - seconds[rows[:-1]] - lengths[rows[:-1]]
    cuts = np.flatnonzero(pause > join_seconds + _ROUNDING)
    starts, stops = np.append(rows[0], rows[cuts + 1]), np.append(rows[cuts], rows[-1]) + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
