"""Large tables: written recording by recording, and read so, since all rows may not fit into memory.

The file is one CSV as any other. The facts of the result tell where the rows of each recording lie in it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ubam.files import replace_atomic

from .csv_tables import RECORDING, header_of, read_csv, to_csv
from .errors import RunError

LARGE = 2**23  # bytes; a larger table is read when it is asked for


@dataclass(frozen=True)
class TableInParts:
    """A table that is made one recording after the other.

    Parameters
    ----------
    parts : callable
        Gives the rows of each recording, a DataFrame with the column ``recording``; all have the same
        columns. At least one.
    """

    parts: Callable[[], Iterable[pd.DataFrame]]


class Tables(Mapping[str, pd.DataFrame]):
    """Tables of a result by name. A large one is read from its file on access, and then kept.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    text : mapping of str to set of str
        Columns of each table that are text.
    spans : mapping of str to object
        Where the rows of each recording lie, by table; see `write_parts`.
    stamp : callable
        Gives a text that changes when the result is computed again.
    """

    def __init__(
        self,
        folder: Path,
        text: Mapping[str, set[str]],
        spans: Mapping[str, Any],
        stamp: Callable[[], str],
    ) -> None:
        self._folder, self._text, self._stamp = folder, text, stamp
        self._spans = {
            name: found for name, found in spans.items() if name in text and _fits(self._path(name), found)
        }
        self._written = stamp()
        self._read: dict[str, pd.DataFrame] = {}
        for name in text:
            if self._path(name).exists() and self._path(name).stat().st_size > LARGE:
                self.columns(name)  # a file that cannot be read is found now
            else:
                self._read[name] = read_csv(self._path(name), text[name])

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Give all rows of a table."""
        if name not in self._read:
            text = self._text[name]
            self._require_unchanged(name)
            self._read[name] = read_csv(self._path(name), text)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._text)

    def __len__(self) -> int:
        return len(self._text)

    def columns(self, name: str) -> list[str]:
        """Names of the columns of a table."""
        if name in self._read:
            return [str(one) for one in self._read[name].columns]
        try:
            return header_of(self._path(name))
        except (OSError, ValueError) as error:
            raise RunError(
                f"{self._path(name)} cannot be read ({error}); compute the result again."
            ) from error

    def recordings(self, name: str) -> list[str] | None:
        """List the recordings whose rows can be read alone, in their order; None if that is not known."""
        return list(self._spans[name]["recordings"]) if name in self._spans else None

    def part(self, name: str, recording: str) -> pd.DataFrame:
        """Read the rows of one recording of a table whose `recordings` are known."""
        if name in self._read:
            table = self._read[name]
            return table[table[RECORDING] == recording].reset_index(drop=True)
        self._require_unchanged(name)
        start, length = self._spans[name]["recordings"][recording]
        try:
            with self._path(name).open("rb") as file:
                header = file.readline()
                file.seek(start)
                rows = file.read(length)
        except OSError as error:
            raise RunError(
                f"{self._path(name)} cannot be read ({error}); compute the result again."
            ) from error
        return read_csv(io.BytesIO(header + rows), self._text[name], self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.csv"

    def _require_unchanged(self, name: str) -> None:
        if self._stamp() != self._written:
            raise RunError(
                f"{self._path(name)} was written again while it was in use; read the result once more."
            )


def recordings_of(tables: Mapping[str, pd.DataFrame], name: str) -> list[str]:
    """List the recordings of a table, without reading all rows where that is possible.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables of a result.
    name : str
        A table with the column ``recording``.

    Returns
    -------
    list of str
        In the order of the table.
    """
    known = tables.recordings(name) if isinstance(tables, Tables) else None
    return [str(one) for one in tables[name][RECORDING].unique()] if known is None else known


def parts_of(
    tables: Mapping[str, pd.DataFrame], name: str, recordings: Iterable[str] | None = None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the rows of one recording after the other; of one at a time in memory where that is possible.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables of a result.
    name : str
        A table with the column ``recording``.
    recordings : iterable of str, optional
        Their names; all, in the order of the table, if left out. Those without rows are skipped.

    Yields
    ------
    (str, DataFrame)
        Name of a recording, and its rows.
    """
    known = tables.recordings(name) if isinstance(tables, Tables) else None
    if isinstance(tables, Tables) and known is not None:
        among = set(known)
        for one in known if recordings is None else recordings:
            if one in among:
                yield one, tables.part(name, one)
        return
    found = {str(one): rows for one, rows in tables[name].groupby(RECORDING, sort=False)}
    for one in found if recordings is None else recordings:
        if one in found:
            yield one, found[one].reset_index(drop=True)


def write_parts(path: Path, table: TableInParts) -> dict[str, Any]:
    """Write a table one recording after the other. An earlier file is replaced when the new one is complete.

    Parameters
    ----------
    path : Path
        The CSV file.
    table : TableInParts

    Returns
    -------
    dict
        ``bytes``, the size of the file, and ``recordings``: where the rows of each begin, and how many bytes
        they take.
    """
    spans: dict[str, list[int]] = {}
    with replace_atomic(path) as file:
        for number, part in enumerate(table.parts()):
            text = to_csv(part)
            header = text.index(b"\n") + 1
            if not number:
                file.write(text[:header])
            if len(part):
                spans[str(part[RECORDING].iloc[0])] = [file.tell(), len(text) - header]
            file.write(memoryview(text)[header:])
        return {"bytes": file.tell(), "recordings": spans}


def _fits(path: Path, spans: Any) -> bool:
    """Whether the file still is the one whose places were noted, and was not edited since."""
    try:
        return bool(path.stat().st_size == spans["bytes"] and isinstance(spans["recordings"], dict))
    except (OSError, KeyError, TypeError):
        return False
