"""Key points in text tables: DeepLabCut, Lightning Pose, Anipose, and tables of one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .poses import AXES, Poses, PosesError, poses_of

ONE = "individual_0"
"""Name of the individual in files that name none, as movement calls it."""

_HEAD = 4  # header lines of DeepLabCut at most
_FRAME = ("frame", "fnum", "frame_idx", "frame_number")
_INDIVIDUAL = ("individual", "track", "animal")
_KEYPOINT = ("keypoint", "bodypart", "node", "point")
_LIKELY = ("likelihood", "score", "confidence")
_MULTI = "individuals"


def read_text_table(path: Path) -> Poses:
    """Read a text table with key points.

    Parameters
    ----------
    path : Path
        A table of DeepLabCut or Lightning Pose (header lines ``scorer, bodyparts, coords``); a wide table
        with columns such as ``frame, nose_x, nose_y, nose_likelihood``, as Anipose writes it; or a long table
        with the columns ``frame, keypoint, x, y`` and, if wanted, ``z``, ``likelihood``, ``individual``.

    Returns
    -------
    Poses

    Raises
    ------
    PosesError
        If it is none of these, or a cell is not a number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise PosesError(f"{path.name} is not a text table; save it as CSV in UTF-8.") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    head = list(csv.reader(io.StringIO(text[: 2**20]), delimiter=separator))[:_HEAD]
    if not head or not any(head[0]):
        raise PosesError(f"{path.name} is empty; export the key points again.")
    names = [cell.strip().lower() for cell in head[0]]
    if names[0] == "scorer":
        return _of_deeplabcut(path, text, separator, head)
    body = _cells(path, text, separator, 1)
    table = pd.DataFrame({name: column for name, (_, column) in zip(names, body.items(), strict=False)})
    if any(name in names for name in _KEYPOINT) and {"x", "y"} <= set(names):
        return _of_long_table(path, table)
    return _of_wide_table(path, table, [cell.strip() for cell in head[0]])


def points_by_column(columns: Sequence[Sequence[str]], values: Sequence[Any]) -> Mapping[Any, Any]:
    """Name the columns of DeepLabCut.

    Parameters
    ----------
    columns : sequence of sequence of str
        Of each column the scorer, the individual if there are several, the body part and the coordinate.
    values : sequence of ndarray of float, shape (t,)
        Values of each column.

    Returns
    -------
    mapping of (str, str, str) to ndarray
        As `poses_of` takes it.
    """
    return {
        (column[1] if len(column) == 4 else ONE, column[-2], column[-1]): value
        for column, value in zip(columns, values, strict=True)
        if column[-1] in (*AXES, "likelihood")
    }


def _of_deeplabcut(path: Path, text: str, separator: str, head: list[list[str]]) -> Poses:
    lines = 4 if len(head) > 1 and head[1][0].strip() == _MULTI else 3
    header = [[cell.strip() for cell in row] for row in head[:lines]]
    if len(header) < lines or header[-1][0] != "coords" or header[-2][0] != "bodyparts":
        raise PosesError(
            f"{path.name} begins with scorer, but the lines bodyparts and coords are missing; export it "
            "again from DeepLabCut or Lightning Pose."
        )
    first = next((n for n, cell in enumerate(header[-1]) if cell in AXES), None)
    if first is None:
        raise PosesError(f"{path.name} has no column x; export it again from DeepLabCut or Lightning Pose.")
    body = _cells(path, text, separator, lines)
    labels = ["/".join(map(str, row)) for row in body.iloc[:, :first].itertuples(index=False)]
    columns = list(zip(*(row[first:] for row in header), strict=True))
    values = [_numbers(path, body.iloc[:, first + n], " ".join(columns[n])) for n in range(len(columns))]
    points = points_by_column(columns, values)
    if all(label.isdecimal() for label in labels):
        return poses_of(points, [int(label) for label in labels], path=path)
    return poses_of(points, np.arange(len(labels)), labels, path)


def _of_long_table(path: Path, table: pd.DataFrame) -> Poses:
    frame, point = _first(table, _FRAME), _first(table, _KEYPOINT)
    if not frame:
        raise PosesError(f"{path.name} has no column frame; add one with frame numbers from 0.")
    one, likely = _first(table, _INDIVIDUAL), _first(table, _LIKELY)
    wanted = [name for name in AXES if name in table] + ([likely] if likely else [])
    values = table.assign(**{name: _numbers(path, table[name], name) for name in wanted})
    values[frame] = _frames(path, table[frame])
    if not one:
        values = values.assign(individual=ONE)
    key = [frame, one or "individual", point]
    if values.duplicated(key).any():
        row = values[values.duplicated(key)].iloc[0]
        raise PosesError(
            f"{path.name} has {row[point]} twice in frame {row[frame]}; name the individuals in a column "
            "individual, or remove one row."
        )
    frames = np.unique(values[frame])
    points = {}
    for (name, of), rows in values.groupby(key[1:], sort=False):
        placed = rows.set_index(frame).reindex(frames)
        for axis in wanted:
            named = "likelihood" if axis == likely else axis
            points[str(name), str(of), named] = placed[axis].to_numpy(np.float64)
    return poses_of(points, frames, path=path)


def _of_wide_table(path: Path, table: pd.DataFrame, names: Sequence[str]) -> Poses:
    points: dict[tuple[str, str, str], Any] = {}
    for column, name in zip(table.columns, names, strict=True):
        point, _, last = name.rpartition("_")
        axis = "likelihood" if last.lower() in _LIKELY else last.lower()
        if point and axis in (*AXES, "likelihood"):
            points[ONE, point, axis] = column
    whole = {point for _, point, axis in points if axis == "x"} & {
        point for _, point, axis in points if axis == "y"
    }
    kept = {key: _numbers(path, table[column], column) for key, column in points.items() if key[1] in whole}
    if not kept:
        raise PosesError(
            f"{path.name} has no key points that can be recognised; give the columns frame, keypoint, x, y, "
            "or frame, nose_x, nose_y for each point."
        )
    frame = _first(table, _FRAME)
    frames = _frames(path, table[frame]) if frame else np.arange(len(table))
    if len(np.unique(frames)) < len(frames):
        raise PosesError(f"{path.name} has a frame twice; keep one row for each frame.")
    return poses_of(kept, frames, path=path)


def _cells(path: Path, text: str, separator: str, header: int) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.StringIO(text), sep=separator, header=None, skiprows=header, dtype=str, keep_default_na=False
        )
    except pd.errors.EmptyDataError:
        raise PosesError(f"{path.name} has a header and no rows; export the key points again.") from None
    except pd.errors.ParserError as error:
        reason = str(error).rpartition(":")[2].strip()
        raise PosesError(f"{path.name} is no table of key points ({reason}); export it again.") from None


def _first(table: pd.DataFrame, names: Sequence[str]) -> str:
    return next((name for name in names if name in table), "")


def _numbers(path: Path, cells: pd.Series, name: str) -> Any:
    """Read a column of numbers. Empty cells and ``nan`` are gaps."""
    texts = cells.str.strip()
    values = pd.to_numeric(texts.str.replace(",", ".", regex=False), errors="coerce")
    bad = values.isna() & ~texts.str.lower().isin(["", "nan", "na", "none"])
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        raise PosesError(
            f"{path.name}: {texts.iloc[row]!r} in data row {row + 1} of {name} is no number; correct it or "
            "leave the cell empty."
        )
    return values.to_numpy(np.float64)


def _frames(path: Path, cells: pd.Series) -> Any:
    numbers = _numbers(path, cells, str(cells.name))
    if not np.array_equal(numbers, np.trunc(numbers)) or (numbers < 0).any():
        raise PosesError(f"{path.name}: a frame is no whole number from 0; count the frames 0, 1, 2.")
    return numbers.astype(np.int64)
