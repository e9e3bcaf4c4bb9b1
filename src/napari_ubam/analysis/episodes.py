"""Episodes: spans of a recording with high deviation."""

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
    """Find the spans above a threshold and rank them by strength.

    Spans are joined if the pause between them is ``join_seconds`` or less. Spans that are above the threshold
    for less than ``min_seconds`` in total are dropped. Frames without a percentile are not above the
    threshold.

    Parameters
    ----------
    percentile : array_like of float, shape (t,)
        Percentile of each frame, 0 to 100. NaN where there is none.
    times : array_like of float, shape (t,)
        Time of each frame in seconds, ascending.
    frames : array_like of int, shape (t,), optional
        Frame numbers. 0, 1, 2 ... if left out.
    deviation : array_like of float, shape (t,), optional
        Deviation of each frame. If given, the peak is the frame with the largest deviation, since several
        frames can have percentile 100.
    threshold : float
        Percentile, 0 to 100.
    min_seconds : float
        Shortest time above the threshold in seconds.
    join_seconds : float
        Longest pause within an episode in seconds.

    Returns
    -------
    DataFrame
        One row for each episode, the strongest first. Columns: ``start``, ``stop`` (the frame after the last)
        and ``peak`` in frame numbers, ``start_time``, ``stop_time`` and ``peak_time`` in seconds,
        ``peak_percentile``, ``mean_percentile``, and ``excess``, the strength: the percentile above the
        threshold, integrated over time in seconds.
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
    """Duration of each frame in seconds: until the next one; before a gap and at the end, the median."""
    steps = np.diff(seconds)
    interval = float(np.median(steps)) if len(steps) else 0.0
    return np.append(np.where(steps > 3 * interval, interval, steps), interval)


def _spans(
    over: npt.NDArray[np.bool_], seconds: Floats, lengths: Floats, join_seconds: float
) -> list[tuple[int, int]]:
    """First row of each span and the row after its last; spans with short pauses are joined."""
    rows = np.flatnonzero(over)
    if not len(rows):
        return []
    # Between consecutive frames the pause is zero, unless frames are missing from the table.
    pause = seconds[rows[1:]] - seconds[rows[:-1]] - lengths[rows[:-1]]
    cuts = np.flatnonzero(pause > join_seconds + _ROUNDING)
    starts, stops = np.append(rows[0], rows[cuts + 1]), np.append(rows[cuts], rows[-1]) + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
