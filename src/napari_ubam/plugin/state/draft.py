"""A study while it is being typed: rows of text, and what is wrong with each. Neither Qt nor napari."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from napari_ubam.study import Recording, Roi, Study, StudyError
from napari_ubam.study.recording import REQUIRED, ROI_COLUMNS

COLUMNS = (*REQUIRED, *ROI_COLUMNS, "start", "stop", "name")


class StudyDraft:
    """Rows of a study as text, in any state of completion.

    Parameters
    ----------
    rows : iterable of mapping, optional
        Cells by column; missing cells are empty. Columns of a study that are unknown here are kept.
    folder : Path, optional
        Where relative paths start.
    """

    def __init__(self, rows: Iterable[Mapping[str, str]] = (), folder: Path | None = None) -> None:
        self.rows: list[dict[str, str]] = [dict(row) for row in rows]
        self.folder = folder or Path()

    @classmethod
    def from_study(cls, study: Study) -> StudyDraft:
        """Make a draft of a study, with its paths in full."""
        texts = [
            {str(key): text for key, text in row.items()} for row in study.to_dataframe().to_dict("records")
        ]
        return cls(texts, study.path.parent if study.path else None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns to show: those of a study, then those that the rows bring."""
        extra = dict.fromkeys(key for row in self.rows for key in row if key not in COLUMNS)
        return (*COLUMNS, *extra)

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.rows)

    def cell(self, row: int, column: str) -> str:
        """Text of a cell."""
        return self.rows[row].get(column, "")

    def add_videos(self, paths: Iterable[Path]) -> list[int]:
        """Add a row for each video that has none yet.

        Returns
        -------
        list of int
            The new rows. The subject is the file's stem until the user says better.
        """
        have, added = {Path(row.get("video", "")) for row in self.rows}, []
        for path in paths:
            if path in have:
                continue
            added.append(len(self.rows))
            self.rows.append({"video": str(path), "subject": path.stem, "group": "", "session": "0"})
        return added

    def set_cell(self, row: int, column: str, text: str) -> None:
        """Write a cell."""
        self.rows[row][column] = text.strip()

    def paste(self, row: int, column: str, block: Sequence[Sequence[str]]) -> int:
        """Write a block of cells, as it was copied from a spreadsheet, from a cell to the right and down.

        Returns
        -------
        int
            Cells that did not fit, since the table ends before them.
        """
        columns = self.columns
        left, lost = columns.index(column), 0
        for down, line in enumerate(block):
            for right, text in enumerate(line):
                if row + down < len(self.rows) and left + right < len(columns):
                    self.set_cell(row + down, columns[left + right], text)
                else:
                    lost += 1
        return lost

    def set_roi(self, rows: Iterable[int], roi: Roi | None) -> None:
        """Give rows a region; None takes it away."""
        values = ("", "", "", "") if roi is None else (roi.x, roi.y, roi.width, roi.height)
        for row in rows:
            self.rows[row].update(zip(ROI_COLUMNS, map(str, values), strict=True))

    def remove(self, rows: Iterable[int]) -> None:
        """Take rows away; the videos stay where they are."""
        gone = set(rows)
        self.rows = [row for number, row in enumerate(self.rows) if number not in gone]

    def table(self) -> pd.DataFrame:
        """Cells as a table of text, with the columns that are used."""
        used = [name for name in self.columns if name in REQUIRED or any(r.get(name) for r in self.rows)]
        return pd.DataFrame([{name: row.get(name, "") for name in used} for row in self.rows], columns=used)

    def recording(self, row: int) -> Recording | None:
        """Give the recording of a row, also before subject and group are known; None with other faults."""
        cells = {**dict.fromkeys(("subject", "group", "session"), "?"), **_filled(self.rows[row])}
        try:
            return Study.from_dataframe(pd.DataFrame([cells]), self.folder)[0]
        except StudyError:
            return None

    def check(self) -> tuple[Study | None, dict[int, list[str]]]:
        """Make a study of the rows.

        Returns
        -------
        study : Study or None
            None where there are no rows or faults.
        faults : dict of int to list of str
            Sentences by row; -1 for what concerns the whole table.
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
    """Cells of a block that was copied from a spreadsheet: tabs between cells, line ends between rows."""
    return [line.split("\t") for line in text.replace("\r\n", "\n").rstrip("\n").split("\n")]


def _filled(row: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in row.items() if text}
