"""Condition intervals: when a stimulus, a drug or a task was active, in seconds of the video."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, field_validator, model_validator

from .faults import Checked, Fault, StudyError, refusal
from .geometry import first_faults
from .numbers import NUMBER, doubtful, number_text, real_number, text_of, two_readings
from .table import read_table
from .values import bare_path

EXCLUDE = "exclude"
"""Label of intervals that are not behaviour, such as the hand of the experimenter: no result uses them."""

INTERVAL_COLUMNS = ("label", "start", "stop")
_INTERVAL = re.compile(rf"(?P<label>[^:;]+):\s*(?P<start>{NUMBER})\s*[-\N{{EN DASH}}]\s*(?P<stop>{NUMBER})")
_TABLE_ENDINGS = {".csv", ".tsv", ".txt"}


class Interval(Checked):
    """A time interval under one condition.

    Parameters
    ----------
    label : str
        Name of the condition, without colon, semicolon or line break.
    start, stop : float
        Seconds from the first frame of the video. ``start`` is included, ``stop`` is not.

    Raises
    ------
    StudyError
        If the label or the times are not valid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    start: float
    stop: float

    @property
    def leaves_out(self) -> bool:
        """Whether no result uses its frames: its label is ``exclude``, in any case."""
        return self.label.casefold() == EXCLUDE

    def covers(self, seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark the times from its start until before its stop, (t,)."""
        return (seconds >= self.start) & (seconds < self.stop)

    @field_validator("label", mode="before")
    @classmethod
    def _label(cls, value: Any) -> str:
        label = text_of(value)
        if not label:
            raise refusal("an interval has no label", "name its condition, such as light:2-5")
        if re.search(r"[:;\r\n\x00]", label):
            problem = f"the label {label!r} contains a colon, semicolon or line break"
            raise refusal(problem, "remove it from the label")
        return label

    @field_validator("start", "stop", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> float:
        seconds = real_number(value)
        if seconds is None:
            raise refusal(f"{text_of(value)!r} is not a number of seconds", "write a number such as 2.5")
        return seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.stop <= self.start:
            problem = f"the interval {self} stops before it starts or has no duration"
            raise refusal(problem, "write the earlier time first, in seconds", "stop")
        return self

    def __str__(self) -> str:
        """Format as in a study table: ``label:start-stop``."""
        return f"{self.label}:{number_text(self.start)}-{number_text(self.stop)}"


def is_table(cell: str) -> bool:
    """Whether a cell of the column ``intervals`` is the path of a table.

    Parameters
    ----------
    cell : str
        Text of the cell.

    Returns
    -------
    bool
        True for a path that ends in ``.csv``, ``.tsv`` or ``.txt``.
    """
    return Path(bare_path(cell)).suffix.lower() in _TABLE_ENDINGS


def parse_intervals(cell: str) -> tuple[Interval, ...]:
    """Parse the intervals of a cell ``label:start-stop;label:start-stop``.

    Parameters
    ----------
    cell : str
        Times are in seconds, with a decimal point or comma. They can be negative or have an exponent.

    Returns
    -------
    tuple of Interval
        In the order of the cell.

    Raises
    ------
    StudyError
        If a part is not an interval, or intervals of one label overlap.
    """
    parts = [part.strip() for part in cell.split(";") if part.strip()]
    matches = [_INTERVAL.fullmatch(part) for part in parts]
    remedy = "write label:start-stop in seconds, such as light:2-5.5 or light:2-5.5;dark:6-9"
    faults = [
        Fault(f"{part!r} is not an interval", remedy)
        for part, match in zip(parts, matches, strict=True)
        if match is None
    ]
    valid = [match.groupdict() for match in matches if match]
    times = [cells[name] for cells in valid for name in ("start", "stop")]
    asked = [Fault(*two_readings(times[i])) for i in _doubtful_times(times)]
    faults.extend(asked)
    found: list[Interval] = []
    if not asked:  # otherwise a wrong reading could give more faults
        for cells in valid:
            _collect(cells, None, found, faults)
    faults.extend(overlap_faults(found))
    if faults:
        raise StudyError([Fault(fault.problem, fault.remedy) for fault in faults])
    return tuple(found)


def read_intervals(path: Path) -> tuple[Interval, ...]:
    """Read an interval table.

    Parameters
    ----------
    path : Path
        CSV file with the columns ``label, start, stop``, in seconds. Other columns are ignored.

    Returns
    -------
    tuple of Interval
        In the order of the table.

    Raises
    ------
    StudyError
        If the table is not valid. The error lists the first five faults and the number of the rest.
    """
    table = read_table(path, INTERVAL_COLUMNS)
    faults = list(table.faults)
    found: list[Interval] = []
    rows: list[int] = []
    times = [row.cells[name] for row in table.rows for name in ("start", "stop")]
    asked = {i // 2: ("start", "stop")[i % 2] for i in _doubtful_times(times)}
    for i, row in enumerate(table.rows):
        cells = {name: row.cells[name] for name in INTERVAL_COLUMNS}
        if i in asked:
            faults.append(Fault(*two_readings(cells[asked[i]]), row.number, asked[i]))
        elif _collect(cells, row.number, found, faults):
            rows.append(row.number)
    faults.extend(overlap_faults(found, rows))
    if faults:
        raise StudyError(first_faults(faults), path)
    return tuple(found)


def _doubtful_times(texts: Sequence[str]) -> list[int]:
    """Positions of ``1,500``, if no other time shows that the comma is the decimal sign."""
    return [i for i in doubtful(texts) if "," in texts[i]]


def _collect(cells: dict[str, str], row: int | None, found: list[Interval], faults: list[Fault]) -> bool:
    try:
        found.append(Interval(**cells))
    except StudyError as error:
        faults.extend(replace(fault, row=row) for fault in error.faults)
        return False
    return True


def overlap_faults(intervals: Sequence[Interval], rows: Sequence[int] | None = None) -> list[Fault]:
    """Find intervals that overlap with another one of the same label.

    Parameters
    ----------
    intervals : sequence of Interval
        In any order.
    rows : sequence of int, optional
        Table row of each interval.

    Returns
    -------
    list of Fault
        One for each interval that starts before an earlier one of its label stops. Adjacent intervals do
        not overlap.
    """
    faults = []
    latest: dict[str, Interval] = {}
    for i in sorted(range(len(intervals)), key=lambda i: intervals[i].start):
        interval = intervals[i]
        before = latest.get(interval.label)
        if before is not None and interval.start < before.stop:
            problem = f"the intervals {before} and {interval} overlap"
            row = rows[i] if rows else None
            faults.append(Fault(problem, "join them or correct their times", row, "start" if rows else None))
        if before is None or interval.stop > before.stop:
            latest[interval.label] = interval
    return faults


def frame_labels(intervals: Iterable[Interval], times: ArrayLike) -> dict[str, NDArray[np.bool_]]:
    """Mark the frames of each condition.

    Parameters
    ----------
    intervals : iterable of Interval
        In any order. Intervals of different labels can overlap.
    times : array_like of float, shape (t,)
        Time of each frame in seconds, such as the ``times`` of a video.

    Returns
    -------
    dict of str to ndarray of bool, shape (t,)
        For each label, True from the start of an interval until before its stop.
    """
    seconds = np.asarray(times, dtype=np.float64)
    labels: dict[str, NDArray[np.bool_]] = {}
    for interval in intervals:
        mask = labels.setdefault(interval.label, np.zeros(seconds.shape, dtype=np.bool_))
        mask |= interval.covers(seconds)
    return labels


def left_out(intervals: Iterable[Interval], times: ArrayLike) -> NDArray[np.bool_]:
    """Mark the frames that no result uses, because an interval with the label ``exclude`` covers them.

    Parameters
    ----------
    intervals : iterable of Interval
        In any order, with any labels.
    times : array_like of float, shape (t,)
        Time of each frame in seconds.

    Returns
    -------
    ndarray of bool, shape (t,)
    """
    seconds = np.asarray(times, dtype=np.float64)
    found = np.zeros(seconds.shape, dtype=np.bool_)
    for interval in intervals:
        if interval.leaves_out:
            found |= interval.covers(seconds)
    return found


def condition_labels(intervals: Iterable[Interval]) -> list[str]:
    """List the labels that are conditions, and so not ``exclude``.

    Parameters
    ----------
    intervals : iterable of Interval

    Returns
    -------
    list of str
        Each once, sorted.
    """
    return sorted({one.label for one in intervals if not one.leaves_out})


def with_left_out(
    intervals: Iterable[Interval], spans: Iterable[tuple[float, float]]
) -> tuple[Interval, ...]:
    """Leave more times out. Times that overlap or touch become one interval.

    Parameters
    ----------
    intervals : iterable of Interval
        Intervals so far. Those with other labels stay as they are.
    spans : iterable of (float, float)
        First second, and the second after the last, of what is to be left out.

    Returns
    -------
    tuple of Interval
        Other labels first.
    """
    known = tuple(intervals)
    times = sorted([*((one.start, one.stop) for one in known if one.leaves_out), *spans])
    joined: list[tuple[float, float]] = []
    for start, stop in times:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        else:
            joined.append((start, stop))
    others = tuple(one for one in known if not one.leaves_out)
    return *others, *(Interval(label=EXCLUDE, start=start, stop=stop) for start, stop in joined)
