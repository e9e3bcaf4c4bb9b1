"""CSV tables as spreadsheets write them: separators, byte order marks, empty rows and padded headers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_ubam.files import write_atomic

from .faults import Fault, StudyError
from .numbers import text_of
from .quotes import check_quotes, split_rows
from .values import missing_file, nearest, spelling_key

_SEPARATORS = ",;\t|"
_WORKBOOKS = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")


@dataclass(frozen=True)
class Row:
    """One row of a table: its number as in a spreadsheet, and its cells by column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """Header, rows with stripped text cells, and the faults that were found."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()


def read_table(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read a CSV table.

    Parameters
    ----------
    path : Path
        CSV file with comma, semicolon, tab or vertical bar, in UTF-8 or UTF-16.
    required, optional : sequence of str
        Known columns. Their case does not matter. Other columns keep their spelling.

    Returns
    -------
    Table
        Rows that are not empty. Row numbers also count the empty rows.

    Raises
    ------
    StudyError
        If the file is missing or not a text table, or a required column is missing.
    """
    known = (*required, *optional)
    text, dialect = _dialect(_read_text(path), known)
    filled = [record for record in split_rows(text, dialect, path) if any(record.cells)]
    if not filled:
        raise StudyError([Fault("the file is empty", f"start with a header: {', '.join(required)}")], path)
    header, *body = filled
    check_quotes([header], (), (), dialect, path)
    columns = [known_column(text_of(name), known) for name in header.cells]
    check_quotes(body, columns, known, dialect, path)
    check_header(columns, required, header.number, path)
    faults: list[Fault] = []
    rows = [Row(one.number, _cells(columns, one.cells, one.number, faults)) for one in body]
    return Table(tuple(filter(None, columns)), tuple(rows), tuple(faults))


def has_columns(path: Path, required: Sequence[str]) -> bool:
    """Check whether a file looks like a table with some columns, also if it cannot be read without faults.

    Parameters
    ----------
    path : Path
        Any file. Only its beginning is read.
    required : sequence of str
        Names of the columns, in lower case.

    Returns
    -------
    bool
        True if the header has all of them.
    """
    try:
        with path.open("rb") as file:
            data = file.read(2**16)
    except OSError:
        return False
    text, dialect = _dialect(data.decode(_encoding(data), errors="replace"), required)
    lines = (line for line in io.StringIO(text, newline="") if line.strip())
    header = next(csv.reader(lines, dialect), [])
    return set(required) <= {known_column(text_of(name), required) for name in header}


def _encoding(data: bytes) -> str:
    if data.startswith(_UTF16):
        return "utf-16"
    # Without a byte order mark, the letters of the header show it.
    return {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(
        (data[:1] == b"\0", data[1:2] == b"\0"), "utf-8-sig"
    )


def _read_text(path: Path) -> str:
    absent = missing_file(path, None, "")
    if absent:
        raise StudyError([absent])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StudyError([Fault(f"{path} cannot be read ({error.strerror})", "choose a CSV file")]) from None
    for magic, kind in _WORKBOOKS.items():
        if data.startswith(magic):
            raise StudyError([Fault(f"this is {kind}", 'save it as "CSV UTF-8"')], path)
    encoding = _encoding(data)
    if data.startswith(_UTF32) or (b"\x00" in data[:4096] and not encoding.startswith("utf-16")):
        raise StudyError([Fault("this is not a text file", "choose a CSV file")], path)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault("a character is not valid UTF-8", 'save the table as "CSV UTF-8" in Excel', line)
        raise StudyError([fault], path) from None


def _dialect(text: str, known: Iterable[str]) -> tuple[str, str]:
    """Return the text without Excel's first line, and the CSV dialect with the most likely separator."""
    first, _, rest = text.partition("\n")
    if first.strip().strip('"').lower() in {f"sep={separator}" for separator in ",;|\t"} | {"sep="}:
        text = rest  # Excel writes this first line and hides it
    header = next((line for line in text.splitlines() if line.strip(_SEPARATORS + " ")), "")
    names = set(known)

    def hits(separator: str) -> int:
        cells = next(csv.reader([header], _DIALECTS[separator]), [])
        return sum(known_column(cell.strip(), names) in names for cell in cells)

    return text, _DIALECTS[max(_SEPARATORS, key=hits)]


def _register(separator: str) -> str:
    name = f"napari-ubam-{ord(separator)}"
    csv.register_dialect(name, delimiter=separator, skipinitialspace=True)
    return name


_DIALECTS = {separator: _register(separator) for separator in _SEPARATORS}


def known_column(name: str, known: Iterable[str]) -> str:
    """Match a column name with the known columns, and ignore case, width and invisible characters.

    Parameters
    ----------
    name : str
        Name in the header.
    known : iterable of str
        Known names, in lower case.

    Returns
    -------
    str
        The known name. An unknown name is returned unchanged.
    """
    folded = spelling_key(name)
    return folded if folded in known else name


def check_header(
    columns: Sequence[str], required: Sequence[str], row: int | None = None, path: Path | None = None
) -> None:
    """Check that a header has all required columns and no duplicates.

    Parameters
    ----------
    columns : sequence of str
        Names in the header.
    required : sequence of str
        Required names.
    row : int, optional
        Row number of the header, for the error.
    path : Path, optional
        File, for the error.

    Raises
    ------
    StudyError
        If a column is missing or duplicated. The error has one fault for each.
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
            faults.append(Fault(f"the column {column} appears twice", "remove or rename one", row))
    if faults:
        raise StudyError(faults, path)


def _cells(columns: Sequence[str], cells: Sequence[str], number: int, faults: list[Fault]) -> dict[str, str]:
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    for i, cell in enumerate(padded):
        if cell and (i >= len(columns) or not columns[i]):
            problem = f"the value {cell!r} is in column number {i + 1}, which has no name"
            remedy = "name the column in the header, or put quotes around a value that contains the separator"
            faults.append(Fault(problem, remedy, number))
    return {name: cell for name, cell in zip(columns, padded, strict=False) if name}


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a comma-separated UTF-8 table that Excel also reads correctly.

    Parameters
    ----------
    path : Path
        File to write.
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence of str
        Cells of each row, in the order of the header.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    text = stream.getvalue()
    # Without a byte order mark, Excel reads UTF-8 as the local code page.
    write_atomic(path, text.encode("utf-8" if text.isascii() else "utf-8-sig"))
