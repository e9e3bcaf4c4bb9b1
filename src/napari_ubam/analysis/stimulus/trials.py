"""Trials: each time that a stimulus begins inside a recording, with the time off before it and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .signal import Floats, Signal

SHORTEST, LONGEST = 1.0, 5.0  # seconds before and after a stimulus, unless chosen otherwise
_LEAST = 0.5  # share of a period that must be known
STATES = ("off", "on", "after")

NO_ONSET = "began before the recording"
NO_OFF = "too little time off before it"
NO_ON = "too little of it is known"
CUT = "the recording ends before it stops"
NEAR = "another one is nearer than the time off or the time after"


@dataclass(frozen=True)
class Stimulated:
    """A recording with the times of a stimulus.

    Parameters
    ----------
    name, subject, session : str
        Labels of the recording.
    intervals : sequence of (float, float)
        Start and stop of the stimulus in seconds, as `times`.
    times : ndarray of float, shape (t,)
        Time of each frame in seconds, ascending.
    deviation : ndarray of float, shape (t,)
        Such as the episodic deviation. NaN where there is none.
    code_times : ndarray of float, shape (u,), optional
        Time of each code in seconds.
    codes : ndarray of float, shape (u, d), optional
        Codes of frames, for the decoding. NaN where there is none.
    """

    name: str
    subject: str
    session: str
    intervals: Sequence[tuple[float, float]]
    times: npt.NDArray[np.floating[Any]]
    deviation: npt.NDArray[np.floating[Any]]
    code_times: npt.NDArray[np.floating[Any]] | None = None
    codes: npt.NDArray[np.floating[Any]] | None = None

    @cached_property
    def signal(self) -> Signal:
        """The deviation over time."""
        return Signal(self.times, self.deviation)

    @cached_property
    def spans(self) -> Floats:
        """Intervals in order, shape (n, 2). Those that touch are one."""
        joined: list[list[float]] = []
        for start, stop in sorted(self.intervals):
            if joined and start - joined[-1][1] <= self.signal.interval:
                joined[-1][1] = max(stop, joined[-1][1])
            elif stop > self.signal.first and start < self.signal.last:
                joined.append([start, stop])
        return np.array(joined, np.float64).reshape(-1, 2)


@dataclass(frozen=True)
class Periods:
    """How long before and after a stimulus is looked at.

    Parameters
    ----------
    before, after : float
        Seconds before the onset that count as off, and seconds after the stop.
    on : float
        Median duration of the stimulus in seconds.
    varies : bool
        Whether durations differ by more than a tenth.
    """

    before: float
    after: float
    on: float
    varies: bool


def periods_of(recordings: Sequence[Stimulated], before: float = 0.0, after: float = 0.0) -> Periods:
    """Choose how long before and after the stimulus is looked at.

    Parameters
    ----------
    recordings : sequence of Stimulated
        With at least one interval.
    before, after : float
        Seconds. 0: as long as the median stimulus, at least 1 and at most 5, but not more than half of the
        median pause, so that the time after a stimulus and the time before the next one do not overlap.

    Returns
    -------
    Periods
    """
    spans = [one.spans for one in recordings if len(one.spans)]
    length = np.concatenate([one[:, 1] - one[:, 0] for one in spans])
    pauses = np.concatenate([one[1:, 0] - one[:-1, 1] for one in spans])
    on = float(np.median(length))
    usual = min(max(on, SHORTEST), LONGEST, *([float(np.median(pauses)) / 2] if len(pauses) else []))
    varies = bool(length.max() > 1.1 * on or length.min() < 0.9 * on)
    return Periods(before or usual, after or usual, on, varies)


def trials_of(recording: Stimulated, periods: Periods) -> pd.DataFrame:
    """List the trials of a recording.

    The time off ends at the onset, and begins not before the stimulus before it stops. The time after it ends
    where the next one begins. Nothing reaches beyond the recording.

    Parameters
    ----------
    recording : Stimulated
    periods : Periods

    Returns
    -------
    DataFrame
        One row for each stimulus: ``recording, subject, start, stop`` (of the stimulus, in seconds),
        ``off_start``, ``on_stop`` and ``after_stop`` (of what is used), ``off, on, after`` (mean deviation,
        NaN where less than half is known), ``used`` (bool) and ``note``.
    """
    signal, spans = recording.signal, recording.spans
    starts, stops = spans[:, 0], spans[:, 1]
    earlier = np.concatenate([[-np.inf], stops[:-1]])
    later = np.concatenate([starts[1:], [np.inf]])
    off_start = np.maximum.reduce([starts - periods.before, earlier, np.full(len(spans), signal.first)])
    off_start = np.minimum(off_start, starts)
    on_stop = np.minimum(stops, signal.last)
    after_stop = np.minimum.reduce([stops + periods.after, later, np.full(len(spans), signal.last)])
    after_stop = np.maximum(after_stop, on_stop)
    values, known = {}, {}
    edges = (off_start, starts, on_stop, after_stop)
    for state, low, high in zip(STATES, edges, edges[1:], strict=False):
        means, known[state] = signal.means(np.maximum(low, signal.first), np.maximum(high, signal.first))
        values[state] = means[..., 0]
    seen = starts >= signal.first
    enough_off = known["off"] >= _LEAST * periods.before
    enough_on = known["on"] >= _LEAST * np.minimum(stops - starts, 2 * periods.before)
    near = (starts - earlier < periods.before) | (later - stops < periods.after)
    notes = np.select(
        [~seen, ~enough_off, ~enough_on, stops > signal.last, near], [NO_ONSET, NO_OFF, NO_ON, CUT, NEAR], ""
    )
    enough_after = known["after"] >= _LEAST * periods.after
    return pd.DataFrame(
        {
            "recording": recording.name,
            "subject": recording.subject,
            "start": starts,
            "stop": stops,
            "off_start": off_start,
            "on_stop": on_stop,
            "after_stop": after_stop,
            "off": np.where(enough_off, values["off"], np.nan),
            "on": np.where(enough_on, values["on"], np.nan),
            "after": np.where(enough_after, values["after"], np.nan),
            "used": seen & enough_off & enough_on,
            "note": notes,
        }
    )
