"""Image regions: a fixed region of interest, and a crop track that follows the subject."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, field_serializer, field_validator, model_validator

from .faults import Checked, Fault, StudyError, refusal
from .numbers import clear_text, doubtful, two_readings
from .runs import runs_of
from .table import Table, read_table, write_table
from .values import Positive, Whole

TRACK_COLUMNS = ("frame", "x", "y", "width", "height")
HEADING = "heading"
_MAX_FAULTS = 5  # faults of one table that are listed; the rest is only counted


class Roi(Checked):
    """A rectangle in pixels of the full frame.

    Parameters
    ----------
    x, y : int
        Upper left corner in pixels from the left and upper edge of the frame.
    width, height : int
        Size in pixels, at least 1. The rectangle covers the columns ``x`` to ``x + width - 1``.

    Raises
    ------
    StudyError
        If a value is not a whole number, or the size is not positive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: Whole
    y: Whole
    width: Positive
    height: Positive

    @property
    def slices(self) -> tuple[slice, slice]:
        """Slices of a ``(y, x)`` frame. The rectangle must be inside the frame."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def clipped(self, height: int, width: int) -> Roi | None:
        """Clip the rectangle to the frame.

        Parameters
        ----------
        height, width : int
            Size of the frame in pixels.

        Returns
        -------
        Roi or None
            The part inside the frame, None if there is none.
        """
        left, top = max(self.x, 0), max(self.y, 0)
        right, bottom = min(self.x + self.width, width), min(self.y + self.height, height)
        if right <= left or bottom <= top:
            return None
        return Roi(x=left, y=top, width=right - left, height=bottom - top)

    def moved(self, x: int, y: int) -> Roi:
        """Shift the rectangle by whole pixels."""
        return self.model_copy(update={"x": self.x + x, "y": self.y + y})

    def share_inside(self, height: int, width: int) -> float:
        """Share of the area inside of a frame, from 0 to 1."""
        seen = self.clipped(height, width)
        return 0.0 if seen is None else seen.width * seen.height / (self.width * self.height)

    def fault(self, height: int, width: int) -> Fault | None:
        """Check that the rectangle is inside the frame.

        Parameters
        ----------
        height, width : int
            Size of the frame in pixels.

        Returns
        -------
        Fault or None
            None if the rectangle is inside.
        """
        if self.clipped(height, width) == self:
            return None
        column = "x" if self.x < 0 or self.x + self.width > width else "y"
        return Fault(
            f"the region x {self.x} to {self.x + self.width}, y {self.y} to {self.y + self.height} exceeds "
            f"the frame, which is {width} wide and {height} high",
            "give x, y, width and height in pixels of the full frame",
            column=column,
        )


class Track(Checked):
    """Crop boxes that follow a subject, one box for each frame. Frames without a box are gaps.

    Parameters
    ----------
    frames : array_like of int, shape (n,)
        Frame numbers from 0, ascending and unique.
    boxes : array_like of float, shape (n, 4)
        ``x, y, width, height`` of each box in pixels of the full frame. A box can exceed the frame.
    headings : array_like of float, shape (n,), optional
        Direction that the subject faces in each frame, in degrees: 0 to the right, 90 down.
    path : Path, optional
        Table from which the track was read.

    Raises
    ------
    StudyError
        If frames, boxes or headings are not valid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    frames: NDArray[np.int64]
    boxes: NDArray[np.float64]
    headings: NDArray[np.float64] | None = None
    path: Path | None = None

    @field_validator("frames", mode="before")
    @classmethod
    def _frames(cls, value: ArrayLike) -> NDArray[np.int64]:
        numbers = _numeric(value, (-1,))
        if not np.array_equal(numbers, np.trunc(numbers)) or (numbers < 0).any():
            raise refusal("a frame number is negative or not an integer", "count frames 0, 1, 2")
        if (np.diff(numbers) <= 0).any():
            raise refusal("the frames do not ascend", "sort them and keep one box for each frame")
        return _read_only(numbers.astype(np.int64))

    @field_validator("boxes", mode="before")
    @classmethod
    def _boxes(cls, value: ArrayLike) -> NDArray[np.float64]:
        boxes = _numeric(value, (-1, 4))
        if not np.isfinite(boxes).all():
            raise refusal("a box has a missing or infinite number", "remove this frame from the track")
        if (boxes[:, 2:] <= 0).any():
            raise refusal("the width or height of a box is not positive", "remove this frame from the track")
        return _read_only(boxes)

    @field_validator("headings", mode="before")
    @classmethod
    def _headings(cls, value: ArrayLike | None) -> NDArray[np.float64] | None:
        if value is None:
            return None
        headings = _numeric(value, (-1,))
        if not np.isfinite(headings).all():
            raise refusal("a heading is missing or infinite", "give one for each frame, or leave all out")
        return _read_only(headings)

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if self.headings is not None and len(self.headings) != len(self.frames):
            raise refusal("there is not one heading for each frame", "give one for every tracked frame")
        if len(self.frames) != len(self.boxes) or not len(self.frames):
            raise refusal("there is not one box for each frame", "give one box for every tracked frame")
        return self

    @field_serializer("frames", "boxes", "headings")
    def _as_list(self, value: NDArray[Any] | None) -> list[Any] | None:
        return None if value is None else value.tolist()

    def __eq__(self, other: object) -> bool:
        """Whether frames, boxes and headings are equal. The path does not count."""
        if not isinstance(other, Track):
            return NotImplemented
        pairs = ((self.frames, other.frames), (self.boxes, other.boxes), (self.headings, other.headings))
        return all(np.array_equal(one, another) for one, another in pairs)  # type: ignore[arg-type]

    def __hash__(self) -> int:
        """Hash frames and boxes."""
        return hash((self.frames.tobytes(), self.boxes.tobytes()))

    def __len__(self) -> int:
        """Return the number of frames with a box."""
        return len(self.frames)

    def __repr__(self) -> str:
        """Summarise the track."""
        return f"Track({len(self)} boxes, frames {self.frames[0]} to {self.frames[-1]})"

    @classmethod
    def from_csv(cls, path: str | Path) -> Track:
        """Read a crop track.

        Parameters
        ----------
        path : str or Path
            Table with the columns ``frame, x, y, width, height``, and optionally ``heading``. Other columns
            are ignored.

        Returns
        -------
        Track
            The track, with its ``path``.

        Raises
        ------
        StudyError
            If the table is not valid. The error lists the first five faults and the number of the rest.
        """
        path = Path(path)
        table = read_table(path, TRACK_COLUMNS)
        faults = list(table.faults)
        columns = {name: _numbers(table, name, faults) for name in TRACK_COLUMNS}
        if not table.rows:
            faults.append(Fault("the track has no rows", "add one row for each tracked frame"))
        _order_faults(columns["frame"], [row.number for row in table.rows], faults)
        if faults:
            raise StudyError(first_faults(sorted(faults, key=lambda fault: fault.row or 0)), path)
        boxes = np.stack([columns[name] for name in TRACK_COLUMNS[1:]], axis=1)
        if _are_fractions(boxes):
            problem = "no box is larger than about 1 pixel, so they are probably fractions of the frame"
            raise StudyError([Fault(problem, "multiply them by its width and height in pixels")], path)
        frames = columns["frame"].astype(np.int64)
        return cls(frames=frames, boxes=boxes, headings=_headings_in(table), path=path)

    def to_csv(self, path: str | Path) -> Path:
        """Write the track as a CSV file: ``frame, x, y, width, height``, and ``heading`` if it has headings.

        Parameters
        ----------
        path : str or Path
            File to write.

        Returns
        -------
        Path
            The same path.
        """
        path = Path(path)
        columns = [self.boxes] if self.headings is None else [self.boxes, self.headings]
        values = np.column_stack(columns)
        header = (*TRACK_COLUMNS, HEADING)[: 1 + values.shape[1]]
        rows = (
            [str(frame), *map(clear_text, cells)]
            for frame, cells in zip(self.frames.tolist(), values.tolist(), strict=True)
        )
        write_table(path, header, rows)
        return path

    @property
    def median_size(self) -> tuple[int, int]:
        """Median width and height of the boxes in whole pixels, at least 1."""
        width, height = np.rint(np.median(self.boxes[:, 2:], axis=0)).astype(int).tolist()
        return max(width, 1), max(height, 1)

    def segments(self, start: int = 0, stop: int | None = None) -> tuple[range, ...]:
        """Split the tracked frames into segments without gaps. A window must not cross two segments.

        Parameters
        ----------
        start : int
            First frame.
        stop : int, optional
            Frame after the last one. Default: the end of the track.

        Returns
        -------
        tuple of range
            Segments in ascending order, empty if no frame has a box.
        """
        return runs_of(
            self.frames[(self.frames >= start) & (self.frames < (np.inf if stop is None else stop))]
        )

    def crops(self, frames: Iterable[int]) -> tuple[Roi | None, ...]:
        """Return the box of each frame, rounded to whole pixels.

        Parameters
        ----------
        frames : iterable of int
            Frame numbers, such as ``range(100, 164)``.

        Returns
        -------
        tuple of (Roi or None)
            One for each frame, None in a gap of the track. A box can exceed the frame.
        """
        wanted = np.fromiter(frames, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.frames, wanted), len(self.frames) - 1)
        found = self.frames[place] == wanted
        edges = np.rint(np.hstack([self.boxes[:, :2], self.boxes[:, :2] + self.boxes[:, 2:]])[place])
        return tuple(
            _box(*edge) if hit else None
            for edge, hit in zip(edges.astype(int).tolist(), found.tolist(), strict=True)
        )


def _box(left: int, top: int, right: int, bottom: int) -> Roi:
    # A box narrower than one pixel still covers one.
    return Roi(x=left, y=top, width=max(right - left, 1), height=max(bottom - top, 1))


def _are_fractions(boxes: NDArray[np.float64]) -> bool:
    """Whether boxes are given as parts of the frame, as some detectors do."""
    return bool((boxes[:, 2:] < 1.5).all() and (np.abs(boxes[:, :2]) < 1.5).all())


def _numeric(value: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Copy an array-like as float64 with the given shape."""
    try:
        return np.array(value, dtype=np.float64).reshape(shape)
    except (TypeError, ValueError):
        raise refusal(
            "these are not numeric arrays", "give frames of shape (n,) and boxes of shape (n, 4)"
        ) from None


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def first_faults(faults: list[Fault]) -> list[Fault]:
    """Limit the faults of a long table to the first five.

    Parameters
    ----------
    faults : list of Fault
        All faults of the table.

    Returns
    -------
    list of Fault
        The first five, and one more with the number of the rest.
    """
    rest = len(faults) - _MAX_FAULTS
    if rest <= 0:
        return faults
    return [*faults[:_MAX_FAULTS], Fault(f"{rest} more rows have faults", "correct these first")]


def _numbers(table: Table, column: str, faults: list[Fault]) -> NDArray[np.float64]:
    import pandas as pd  # imported here because it is slow to load

    cells = [row.cells[column] for row in table.rows]
    asked = doubtful(cells, [row.cells[name] for row in table.rows for name in TRACK_COLUMNS[1:]])
    faults.extend(Fault(*two_readings(cells[i]), table.rows[i].number, column) for i in asked)
    texts = pd.Series(cells, dtype=str)
    values = pd.to_numeric(texts.str.replace(",", ".", regex=False), errors="coerce")
    numbers = values.to_numpy(dtype=np.float64)
    checks = [(~np.isfinite(numbers), "is not a number", "remove the frames without a box")]
    if column == "frame":
        bad = (numbers < 0) | (np.isfinite(numbers) & (numbers != np.trunc(numbers)))
        checks.append((bad, "is negative or not an integer", "count frames 0, 1, 2"))
    if column in {"width", "height"}:
        checks.append((numbers <= 0, "is not positive", "remove the frames without a box"))
    for bad, problem, remedy in checks:
        for i in sorted({*np.flatnonzero(bad).tolist()} - {*asked}):
            faults.append(Fault(f"{texts.iloc[i]!r} {problem}", remedy, table.rows[i].number, column))
    return numbers


def _headings_in(table: Table) -> NDArray[np.float64] | None:
    """Column ``heading`` of a table; None if it is missing, or not a number in each row."""
    import pandas as pd  # imported here because it is slow to load

    if not all(HEADING in row.cells for row in table.rows):
        return None
    texts = pd.Series([row.cells[HEADING] for row in table.rows], dtype=str)
    values = pd.to_numeric(texts.str.replace(",", ".", regex=False), errors="coerce")
    numbers = values.to_numpy(dtype=np.float64)
    return numbers if np.isfinite(numbers).all() else None


def _order_faults(frames: NDArray[np.float64], rows: list[int], faults: list[Fault]) -> None:
    seen: dict[float, int] = {}
    for i, frame in enumerate(frames.tolist()):
        if frame in seen:
            problem = f"frame {frame:.0f} is already in row {seen[frame]}"
            faults.append(Fault(problem, "keep one box for each frame", rows[i], "frame"))
        elif i and frame < frames[i - 1]:
            problem = f"frame {frame:.0f} comes after frame {frames[i - 1]:.0f}"
            faults.append(Fault(problem, "sort the table by frame", rows[i], "frame"))
        seen.setdefault(frame, rows[i])


__all__ = ["TRACK_COLUMNS", "Roi", "Track", "first_faults"]
