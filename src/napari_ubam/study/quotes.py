"""Split the text of a table into rows, and refuse quotes that swallow rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .faults import Fault, StudyError

_LONGEST_CELL = 2**24
csv.field_size_limit(_LONGEST_CELL)
_REMEDY = "remove the quote, or put one at both ends of the value"


@dataclass(frozen=True)
class Record:
    """One row as a spreadsheet counts it: stripped cells, and the text from which they come."""

    number: int
    cells: list[str]
    raw: str


def split_rows(text: str, dialect: str, path: Path) -> list[Record]:
    """Split the text of a table into rows.

    Parameters
    ----------
    text : str
        Content of the file.
    dialect : str
        Name of a dialect of `csv`.
    path : Path
        File, for the error.

    Returns
    -------
    list of Record
        All rows, also empty ones. A cell in quotes can have several lines.

    Raises
    ------
    StudyError
        If a cell is too long.
    """
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, dialect)
    records: list[Record] = []
    start = 0
    try:
        for cells in reader:
            raw = "".join(lines[start : reader.line_num])
            records.append(Record(len(records) + 1, [cell.strip() for cell in cells], raw))
            start = reader.line_num
    except csv.Error:
        problem = f"a cell has more than {_LONGEST_CELL} characters, so a quote is probably not closed"
        raise StudyError([Fault(problem, _REMEDY, len(records) + 1)], path) from None
    return records


def check_quotes(
    records: Sequence[Record], columns: Sequence[str], known: Sequence[str], dialect: str, path: Path
) -> None:
    """Refuse a quote that never closes, or that closes so late that it swallows other rows.

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.
    columns : sequence of str
        Names in the header, empty if the header itself is checked.
    known : sequence of str
        Columns whose cells have only one line.
    dialect : str
        Name of the dialect of `csv`.
    path : Path
        File, for the error.

    Raises
    ------
    StudyError
        With one fault for each such quote, in the row and the column where it opens.
    """
    faults = [
        Fault(problem, _REMEDY, record.number, columns[place] if place < len(columns) else None)
        for record in records
        if '"' in record.raw
        for place, problem in _bad_quotes(record, columns, known, dialect)
    ]
    if faults:
        # The faults of the rows are consequences, so they are not listed.
        raise StudyError(faults, path)


def _bad_quotes(
    record: Record, columns: Sequence[str], known: Sequence[str], dialect: str
) -> Iterator[tuple[int, str]]:
    if _is_open(record.raw, dialect):
        yield len(record.cells) - 1, "a quote opens here that is never closed"
        return
    long = [i for i, cell in enumerate(record.cells) if "\n" in cell or "\r" in cell]
    malformed = bool(long) and _is_malformed(record.raw, dialect)
    for i in long:
        single_line = i < len(columns) and columns[i] in known
        if malformed or single_line or _holds_rows(record.cells[i], len(columns), dialect):
            yield i, "a quote opens here and closes in a later line, so the value contains the rows between"


def _is_open(raw: str, dialect: str) -> bool:
    """Whether a row ends inside a quote: then another line still belongs to it."""
    return len(list(csv.reader(io.StringIO(f"{raw.rstrip()}\n#", newline=""), dialect))) == 1


def _is_malformed(raw: str, dialect: str) -> bool:
    """Whether text follows a closing quote in the same cell."""
    try:
        list(csv.reader(io.StringIO(raw, newline=""), dialect, strict=True))
    except csv.Error:
        return True
    return False


def _holds_rows(cell: str, columns: int, dialect: str) -> bool:
    """Whether whole rows of the table are lines of one cell."""
    inner = csv.reader(cell.splitlines()[1:-1], dialect)
    return columns > 1 and any(len(cells) == columns for cells in inner)
