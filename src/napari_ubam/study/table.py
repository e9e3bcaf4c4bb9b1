"""Tables of text as spreadsheets write them: separators, byte order marks, empty rows and padded headers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_ubam.files import write_atomic

from .faults import Fault, StudyError
from .values import missing, nearest

_SEPARATORS = ",;\t"
_WORKBOOKS = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
csv.field_size_limit(2**24)


@dataclass(frozen=True)
class Row:
    """One row of a table: its number as a spreadsheet shows it, and its cells by column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A header and its rows, every cell stripped text, with the faults found on the way."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()


def read_table(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read a table whose header names at least the required columns.

    Parameters
    ----------
    path : Path
        CSV with comma, semicolon or tab; UTF-8 with or without byte order mark, or UTF-16 with one.
    required, optional : sequence of str
        Columns that are known by name, whatever their case; others keep their spelling.

    Returns
    -------
    Table
        Empty rows are left out, yet counted in the numbers of the rows.

    Raises
    ------
    StudyError
        Where there is no table to read: file missing, not text, a required column missing.
    """
    known = (*required, *optional)
    records = list(csv.reader(*_dialect(_read_text(path), known)))
    stripped = [(n, [cell.strip() for cell in cells]) for n, cells in enumerate(records, start=1)]
    filled = [(number, cells) for number, cells in stripped if any(cells)]
    if not filled:
        raise StudyError([Fault("the file is empty", f"begin with a header: {', '.join(required)}")], path)
    (header_row, header), *body = filled
    columns = [known_column(name, known) for name in header]
    check_header(columns, required, header_row, path)
    faults: list[Fault] = []
    rows = [Row(number, _cells(columns, cells, number, faults)) for number, cells in body]
    return Table(tuple(filter(None, columns)), tuple(rows), tuple(faults))


def _read_text(path: Path) -> str:
    absent = missing(path, None, "")
    if absent:
        raise StudyError([absent])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StudyError([Fault(f"{path} cannot be read ({error.strerror})", "choose a CSV file")]) from None
    for magic, kind in _WORKBOOKS.items():
        if data.startswith(magic):
            raise StudyError([Fault(f"this is {kind}", 'save it as "CSV UTF-8"')], path)
    if b"\x00" in data[:4096] and not data.startswith(_UTF16):
        raise StudyError([Fault("this is not a table of text", "choose a CSV file")], path)
    try:
        return data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault("a letter is not UTF-8 text", 'save the table as "CSV UTF-8" in Excel', line)
        raise StudyError([fault], path) from None


def _dialect(text: str, known: Iterable[str]) -> tuple[io.StringIO, str]:
    """Rows as a stream, and the separator as a dialect's name."""
    first, _, rest = text.partition("\n")
    if first.strip().lower() in {f"sep={separator}" for separator in ",;"} | {"sep="}:
        text = rest  # Excel's own first line, which it does not show
    header = next((line for line in text.splitlines() if line.strip(_SEPARATORS + " ")), "")
    names = set(known)

    def hits(separator: str) -> int:
        cells = next(csv.reader([header], delimiter=separator), [])
        return sum(known_column(cell.strip(), names) in names for cell in cells)

    return io.StringIO(text, newline=""), _DIALECTS[max(_SEPARATORS, key=hits)]


def _register(separator: str) -> str:
    name = f"napari-ubam-{ord(separator)}"
    csv.register_dialect(name, delimiter=separator)
    return name


_DIALECTS = {separator: _register(separator) for separator in _SEPARATORS}


def known_column(name: str, known: Iterable[str]) -> str:
    """Known column of that name, whatever its case; another name as it is."""
    folded = name.casefold()
    return folded if folded in known else name


def check_header(
    columns: Sequence[str], required: Sequence[str], row: int | None = None, path: Path | None = None
) -> None:
    """Refuse a header that lacks a required column or names one twice.

    Raises
    ------
    StudyError
        With a fault for each such column.
    """
    faults = []
    for name in required:
        if name in columns:
            continue
        near = nearest(name, (c for c in columns if c and c not in required))
        remedy = f"rename the column {near[0]}" if near else "add the column to the header"
        faults.append(Fault(f"there is no column {name}", remedy, row))
    folded = [column.casefold() for column in columns]
    for i, column in enumerate(columns):
        if column and folded[i] in folded[:i]:
            faults.append(Fault(f"the column {column} is there twice", "remove or rename one", row))
    if faults:
        raise StudyError(faults, path)


def _cells(columns: Sequence[str], cells: Sequence[str], number: int, faults: list[Fault]) -> dict[str, str]:
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    for i, cell in enumerate(padded):
        if cell and (i >= len(columns) or not columns[i]):
            problem = f"the value {cell!r} stands in column number {i + 1}, which has no name"
            remedy = "name it in the header, or put quotes around a value that holds the separator"
            faults.append(Fault(problem, remedy, number))
    return {name: cell for name, cell in zip(columns, padded, strict=False) if name}


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a comma-separated table that Excel, too, reads as UTF-8."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    text = stream.getvalue()
    # Excel takes UTF-8 for the local code page unless a byte order mark says otherwise.
    write_atomic(path, text.encode("utf-8" if text.isascii() else "utf-8-sig"))
