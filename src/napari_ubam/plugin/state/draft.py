"""A study while the user types it: rows of text with their faults. Needs neither Qt nor napari.

Each row has a key, which stays with it while other rows come and go. What belongs to a row for longer than
one call, such as a region that is being drawn, must note the key and not the row's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pandas as pd

from napari_ubam.study import Recording, Roi, Study, StudyError
from napari_ubam.study.intervals import with_left_out
from napari_ubam.study.recording import REQUIRED, ROI_COLUMNS

COLUMNS = (*REQUIRED, *ROI_COLUMNS, "start", "stop", "name")
STEPS = 100  # changes that can be undone


class StudyDraft:
    """Rows of a study as text; they need not be complete or valid. Changes can be undone.

    Parameters
    ----------
    rows : iterable of mapping, optional
        Text of the cells by column. A missing cell is empty. Further columns are kept.
    folder : Path, optional
        Folder that relative paths start from.
    """

    def __init__(self, rows: Iterable[Mapping[str, str]] = (), folder: Path | None = None) -> None:
        self.rows: list[dict[str, str]] = [dict(row) for row in rows]
        self.folder = folder or Path()
        self._keys = [_new_key() for _ in self.rows]
        self._before: list[tuple[list[dict[str, str]], list[int]]] = []

    @classmethod
    def from_study(cls, study: Study) -> StudyDraft:
        """Make a draft of a study, with absolute paths.

        Parameters
        ----------
        study : Study

        Returns
        -------
        StudyDraft
        """
        texts = [
            {str(key): text for key, text in row.items()} for row in study.to_dataframe().to_dict("records")
        ]
        return cls(texts, study.path.parent if study.path else None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns to show: the standard ones, then further columns of the rows."""
        extra = dict.fromkeys(key for row in self.rows for key in row if key not in COLUMNS)
        return (*COLUMNS, *extra)

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.rows)

    @property
    def keys(self) -> tuple[int, ...]:
        """Keys of the rows, in order."""
        return tuple(self._keys)

    def key(self, row: int) -> int:
        """Give the key of a row.

        Parameters
        ----------
        row : int
            Number of the row, from 0.

        Returns
        -------
        int
            Stays with the row while other rows are added or removed. No other row has it, in any draft.
        """
        return self._keys[row]

    def row_of(self, key: int) -> int | None:
        """Find the row with a key.

        Parameters
        ----------
        key : int

        Returns
        -------
        int or None
            Number of the row, from 0; None if the row was removed, or belongs to another draft.
        """
        return self._keys.index(key) if key in self._keys else None

    def cell(self, row: int, column: str) -> str:
        """Give the text of a cell.

        Parameters
        ----------
        row : int
            Number of the row, from 0.
        column : str

        Returns
        -------
        str
            Empty if the cell has no text.
        """
        return self.rows[row].get(column, "")

    def add_videos(self, paths: Iterable[Path]) -> list[int]:
        """Add a row for each video that is not in the study yet.

        Parameters
        ----------
        paths : iterable of Path

        Returns
        -------
        list of int
            Numbers of the new rows. The name of the file is taken as the subject; the user can change it.
        """
        have, added = {Path(row.get("video", "")) for row in self.rows}, []
        with self._one_step():
            for path in paths:
                if path in have:
                    continue
                added.append(len(self.rows))
                self.rows.append({"video": str(path), "subject": path.stem, "group": "", "session": "0"})
                self._keys.append(_new_key())
        return added

    def set_cell(self, row: int, column: str, text: str) -> None:
        """Change the text of a cell.

        Parameters
        ----------
        row : int
            Number of the row, from 0.
        column, text : str
        """
        with self._one_step():
            self._write(row, {column: text.strip()})

    def paste(self, row: int, column: str, block: Sequence[Sequence[str]]) -> int:
        """Write a block of cells that was copied from a spreadsheet.

        Parameters
        ----------
        row : int
            Row of the upper left cell, from 0.
        column : str
            Column of the upper left cell.
        block : sequence of sequence of str
            Text of the cells, row by row.

        Returns
        -------
        int
            Number of cells outside of the table, which are not written.
        """
        columns = self.columns
        left, lost = columns.index(column), 0
        with self._one_step():
            for down, line in enumerate(block):
                for right, text in enumerate(line):
                    if row + down < len(self.rows) and left + right < len(columns):
                        self._write(row + down, {columns[left + right]: text.strip()})
                    else:
                        lost += 1
        return lost

    def roi(self, row: int) -> Roi | None:
        """Give the region of a row.

        Parameters
        ----------
        row : int
            Number of the row, from 0.

        Returns
        -------
        Roi or None
            None without a region, and while the four numbers are not complete and valid.
        """
        try:
            return Roi(**{name: self.cell(row, name) for name in ROI_COLUMNS})
        except StudyError:
            return None

    def set_roi(self, rows: Iterable[int], roi: Roi | None) -> None:
        """Set or remove the region of rows.

        Parameters
        ----------
        rows : iterable of int
            Numbers of the rows, from 0.
        roi : Roi or None
            None for no region.
        """
        self.set_rois({roi: rows})

    def set_rois(self, rows_of: Mapping[Roi | None, Iterable[int]]) -> None:
        """Set or remove several regions in one step, which `undo` takes back at once.

        Parameters
        ----------
        rows_of : mapping of (Roi or None) to iterable of int
            Numbers of the rows of each region, from 0.
        """
        with self._one_step():
            for roi, rows in rows_of.items():
                values = ("", "", "", "") if roi is None else (roi.x, roi.y, roi.width, roi.height)
                for row in rows:
                    self._write(row, dict(zip(ROI_COLUMNS, map(str, values), strict=True)))

    def set_tracks(self, tracks: Mapping[int, tuple[Path, str]]) -> None:
        """Let the crops of rows follow tracks, in place of regions. `undo` takes all of them back at once.

        Parameters
        ----------
        tracks : mapping of int to (Path, str)
            File of the track and alignment, by number of the row.
        """
        with self._one_step():
            for row, (path, align) in tracks.items():
                self._write(row, {**dict.fromkeys(ROI_COLUMNS, ""), "track": str(path), "align": align})

    def leave_out(self, spans: Mapping[int, Iterable[tuple[float, float]]]) -> None:
        """Leave times of rows out of the study, in the column ``intervals``. `undo` takes back all at once.

        A cell that names a table of intervals gets the intervals themselves; the table stays as it is.

        Parameters
        ----------
        spans : mapping of int to iterable of (float, float)
            Seconds of the video from and until which nothing is used, by number of the row.
        """
        with self._one_step():
            for row, times in spans.items():
                recording = self.recording(row)
                known = with_left_out(recording.intervals if recording is not None else (), times)
                self._write(row, {"intervals": ";".join(map(str, known))})

    def remove(self, rows: Iterable[int]) -> None:
        """Remove rows. The video files stay.

        Parameters
        ----------
        rows : iterable of int
            Numbers of the rows, from 0.
        """
        with self._one_step():
            for row in sorted(set(rows), reverse=True):
                del self.rows[row], self._keys[row]

    @property
    def can_undo(self) -> bool:
        """Whether a change of the rows can be undone."""
        return bool(self._before)

    def undo(self) -> list[int]:
        """Undo the last change. Rows come back with their keys.

        Returns
        -------
        list of int
            Numbers of the rows that came back or have other cells now, from 0.
        """
        if not self._before:
            return []
        after = dict(zip(self._keys, self.rows, strict=True))
        self.rows, self._keys = self._before.pop()
        return [number for number, key in enumerate(self._keys) if after.get(key) != self.rows[number]]

    @contextmanager
    def _one_step(self) -> Iterator[None]:
        """Let all that changes inside be undone at once."""
        before = (list(self.rows), list(self._keys))
        yield
        if (self.rows, self._keys) != before:
            self._before = [*self._before, before][-STEPS:]

    def _write(self, row: int, cells: Mapping[str, str]) -> None:
        """Write cells to a copy of the row, since earlier steps share the row."""
        if any(self.cell(row, column) != text for column, text in cells.items()):
            self.rows[row] = {**self.rows[row], **cells}

    def table(self) -> pd.DataFrame:
        """Give the cells as a table of text, without empty optional columns."""
        used = [name for name in self.columns if name in REQUIRED or any(r.get(name) for r in self.rows)]
        return pd.DataFrame([{name: row.get(name, "") for name in used} for row in self.rows], columns=used)

    def recording(self, row: int) -> Recording | None:
        """Give the recording of a row, also if subject, group and session are still missing.

        Parameters
        ----------
        row : int
            Number of the row, from 0.

        Returns
        -------
        Recording or None
            None if the row has another fault.
        """
        cells = {**dict.fromkeys(("subject", "group", "session"), "?"), **_filled(self.rows[row])}
        try:
            return Study.from_dataframe(pd.DataFrame([cells]), self.folder)[0]
        except StudyError:
            return None

    def check(self) -> tuple[Study | None, dict[int, list[str]]]:
        """Check the rows and make a study of them.

        Returns
        -------
        study : Study or None
            None if a row has a fault, or there is no row.
        faults : dict of int to list of str
            Sentences by row; -1 stands for the whole table.
        """
        if not self.rows:
            return None, {}
        try:
            return Study.from_dataframe(self.table(), self.folder), {}
        except StudyError as error:
            found: dict[int, list[str]] = {}
            for fault in error.faults:
                place = f"{fault.column}: " if fault.column else ""
                end = f"; {fault.remedy}" if fault.remedy else ""
                row = -1 if fault.row is None else fault.row
                found.setdefault(row, []).append(f"{place}{fault.problem}{end}.")
            return None, found


def split_clipboard(text: str) -> list[list[str]]:
    """Split text that was copied from a spreadsheet into cells.

    Parameters
    ----------
    text : str
        Tabs between cells, line ends between rows.

    Returns
    -------
    list of list of str
        Cells, row by row.
    """
    return [line.split("\t") for line in text.replace("\r\n", "\n").rstrip("\n").split("\n")]


def _new_key() -> int:
    """Make a key that no row has, in this draft and in others; a draft can replace another one."""
    return uuid4().int


def _filled(row: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in row.items() if text}
