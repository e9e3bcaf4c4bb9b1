"""Regions of the frame: a fixed region of interest and a crop track that follows the subject."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, field_serializer, field_validator, model_validator

from .faults import Checked, Fault, StudyError, refusal
from .table import Table, read_table, write_table
from .values import Positive, Whole

TRACK_COLUMNS = ("frame", "x", "y", "width", "height")
_SHOWN = 5  # faults of one table before the rest is only counted


class Roi(Checked):
    """A rectangle in pixels of the full frame.

    Parameters
    ----------
    x, y : int
        Upper left corner: columns from the left edge, rows from the upper edge.
    width, height : int
        Size, at least 1. The rectangle covers ``x`` up to, not including, ``x + width``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: Whole
    y: Whole
    width: Positive
    height: Positive

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the rectangle in a ``(y, x)`` frame; for a rectangle inside the frame."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def clipped(self, height: int, width: int) -> Roi | None:
        """Cut off what lies outside a frame of ``height`` by ``width`` pixels; None where nothing is left."""
        left, top = max(self.x, 0), max(self.y, 0)
        right, bottom = min(self.x + self.width, width), min(self.y + self.height, height)
        if right <= left or bottom <= top:
            return None
        return Roi(x=left, y=top, width=right - left, height=bottom - top)

    def fault(self, height: int, width: int) -> Fault | None:
        """Fault of a rectangle that reaches over a frame of ``height`` by ``width`` pixels, else None.

        Parameters
        ----------
        height, width : int
            Size of the video's frames.
        """
        if self.clipped(height, width) == self:
            return None
        column = "x" if self.x < 0 or self.x + self.width > width else "y"
        return Fault(
            f"the region x {self.x} to {self.x + self.width}, y {self.y} to {self.y + self.height} reaches "
            f"over the frame, which is {width} wide and {height} high",
            "give x, y, width and height in pixels of the full frame",
            column=column,
        )


class Track(Checked):
    """Crop boxes that follow a subject, one a frame, with gaps where it was not seen.

    Parameters
    ----------
    frames : (n,) int array
        Frame numbers from 0, ascending, none twice.
    boxes : (n, 4) float array
        ``x, y, width, height`` of each box in pixels of the full frame. A box may reach over the
        frame's edge.
    path : Path, optional
        The table that it was read from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    frames: NDArray[np.int64]
    boxes: NDArray[np.float64]
    path: Path | None = None

    @field_validator("frames", mode="before")
    @classmethod
    def _frames(cls, value: ArrayLike) -> NDArray[np.int64]:
        numbers = _numeric(value, (-1,))
        if not np.array_equal(numbers, np.trunc(numbers)) or (numbers < 0).any():
            raise refusal("a frame number is negative or not whole", "frames count 0, 1, 2")
        if (np.diff(numbers) <= 0).any():
            raise refusal("the frames do not ascend", "sort them and keep one box a frame")
        return _frozen(numbers.astype(np.int64))

    @field_validator("boxes", mode="before")
    @classmethod
    def _boxes(cls, value: ArrayLike) -> NDArray[np.float64]:
        boxes = _numeric(value, (-1, 4))
        if not np.isfinite(boxes).all():
            raise refusal("a box holds a missing or infinite number", "leave the frame out instead")
        if (boxes[:, 2:] <= 0).any():
            raise refusal("a box's width or height is not positive", "leave the frame out instead")
        return _frozen(boxes)

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.frames) != len(self.boxes) or not len(self.frames):
            raise refusal("there is not one box for each frame", "give a box for every tracked frame")
        return self

    @field_serializer("frames", "boxes")
    def _as_list(self, value: NDArray[Any]) -> list[Any]:
        result: list[Any] = value.tolist()
        return result

    def __eq__(self, other: object) -> bool:
        """Equal frames and boxes; where they were read from does not count."""
        if not isinstance(other, Track):
            return NotImplemented
        return np.array_equal(self.frames, other.frames) and np.array_equal(self.boxes, other.boxes)

    def __hash__(self) -> int:
        """Hash of frames and boxes."""
        return hash((self.frames.tobytes(), self.boxes.tobytes()))

    def __len__(self) -> int:
        """Count the frames that have a box."""
        return len(self.frames)

    def __repr__(self) -> str:
        """Name the span rather than the numbers."""
        return f"Track({len(self)} boxes, frames {self.frames[0]} to {self.frames[-1]})"

    @classmethod
    def from_csv(cls, path: str | Path) -> Track:
        """Read a crop track.

        Parameters
        ----------
        path : str or Path
            Table with the columns ``frame, x, y, width, height``; others are ignored.

        Returns
        -------
        Track
            With its ``path``.

        Raises
        ------
        StudyError
            With a fault for each bad row, up to five and the number of the rest.
        """
        path = Path(path)
        table = read_table(path, TRACK_COLUMNS)
        faults = list(table.faults)
        columns = {name: _numbers(table, name, faults) for name in TRACK_COLUMNS}
        if not table.rows:
            faults.append(Fault("the track has no rows", "write one row for each tracked frame"))
        _order_faults(columns["frame"], [row.number for row in table.rows], faults)
        if faults:
            raise StudyError(shortened(sorted(faults, key=lambda fault: fault.row or 0)), path)
        boxes = np.stack([columns[name] for name in TRACK_COLUMNS[1:]], axis=1)
        return cls(frames=columns["frame"].astype(np.int64), boxes=boxes, path=path)

    def to_csv(self, path: str | Path) -> Path:
        """Write the track as a table ``frame, x, y, width, height``; returns its path."""
        path = Path(path)
        rows = (
            [str(frame), *map(number_text, box)]
            for frame, box in zip(self.frames.tolist(), self.boxes.tolist(), strict=True)
        )
        write_table(path, TRACK_COLUMNS, rows)
        return path

    def segments(self, start: int = 0, stop: int | None = None) -> tuple[range, ...]:
        """Split the frames into runs without a gap; no window may reach over the end of one.

        Parameters
        ----------
        start, stop : int, optional
            Only frames from ``start`` up to, not including, ``stop``.

        Returns
        -------
        tuple of range
            In ascending order; empty where no frame has a box.
        """
        inside = self.frames[(self.frames >= start) & (self.frames < (np.inf if stop is None else stop))]
        if not len(inside):
            return ()
        cuts = np.flatnonzero(np.diff(inside) > 1) + 1
        return tuple(range(int(run[0]), int(run[-1]) + 1) for run in np.split(inside, cuts))

    def crops(self, frames: Iterable[int]) -> tuple[Roi | None, ...]:
        """Box of each frame, its edges rounded to whole pixels; None where the track has a gap.

        Parameters
        ----------
        frames : iterable of int
            Frame numbers, such as ``range(100, 164)``.

        Returns
        -------
        tuple of Roi or None
            One a frame; a box may reach over the frame's edge.
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
    # A box narrower than a pixel still shows one.
    return Roi(x=left, y=top, width=max(right - left, 1), height=max(bottom - top, 1))


def _numeric(value: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Copy of an array as numbers, in the shape of frames or boxes."""
    try:
        return np.array(value, dtype=np.float64).reshape(shape)
    except (TypeError, ValueError):
        raise refusal(
            "these are not arrays of numbers", "give frames of shape (n,) and boxes of shape (n, 4)"
        ) from None


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def number_text(value: float) -> str:
    """Shortest text that reads back as the same number."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def shortened(faults: list[Fault]) -> list[Fault]:
    """First few faults of a long table, and one that counts the rest."""
    rest = len(faults) - _SHOWN
    if rest <= 0:
        return faults
    return [*faults[:_SHOWN], Fault(f"{rest} more rows have faults", "mend these first")]


def _numbers(table: Table, column: str, faults: list[Fault]) -> NDArray[np.float64]:
    import pandas as pd  # late, since it takes long to load

    texts = pd.Series([row.cells[column] for row in table.rows], dtype=str)
    values = pd.to_numeric(texts.str.replace(",", ".", regex=False), errors="coerce")
    numbers = values.to_numpy(dtype=np.float64)
    checks = [(~np.isfinite(numbers), "is not a number", "leave out the frames without a box")]
    if column == "frame":
        bad = (numbers < 0) | (np.isfinite(numbers) & (numbers != np.trunc(numbers)))
        checks.append((bad, "is negative or not whole", "frames count 0, 1, 2"))
    if column in {"width", "height"}:
        checks.append((numbers <= 0, "is not positive", "leave out the frames without a box"))
    for bad, problem, remedy in checks:
        for i in np.flatnonzero(bad).tolist():
            faults.append(Fault(f"{texts.iloc[i]!r} {problem}", remedy, table.rows[i].number, column))
    return numbers


def _order_faults(frames: NDArray[np.float64], rows: list[int], faults: list[Fault]) -> None:
    seen: dict[float, int] = {}
    for i, frame in enumerate(frames.tolist()):
        if frame in seen:
            problem = f"frame {frame:.0f} is already in row {seen[frame]}"
            faults.append(Fault(problem, "keep one box a frame", rows[i], "frame"))
        elif i and frame < frames[i - 1]:
            problem = f"frame {frame:.0f} comes after frame {frames[i - 1]:.0f}"
            faults.append(Fault(problem, "sort the table by frame", rows[i], "frame"))
        seen.setdefault(frame, rows[i])


__all__ = ["TRACK_COLUMNS", "Roi", "Track", "number_text", "shortened"]
