"""The study's rows as an editable table, with what is wrong beside each row."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_ubam.plugin.state.draft import split_clipboard
from napari_ubam.plugin.state.session import Session

PROBLEM = "problem"
WIDTHS = {"video": 120, "subject": 76, "group": 70, "session": 56, PROBLEM: 26, "name": 90}
TIPS = {
    "video": "File of the recording.",
    "subject": "Animal or patient: the unit of every test.",
    "group": "Such as healthy and impaired.",
    "session": "Day or condition, such as 0 for before and 3 for the third day.",
    "x": "Left edge of the region, pixels.",
    "y": "Upper edge of the region, pixels.",
    "width": "Width of the region, pixels.",
    "height": "Height of the region, pixels.",
    "start": "First frame, counted from 0.",
    "stop": "Frame after the last.",
    "name": "Name of the recording; the file's name unless given.",
}
SMALL = 48


class StudyModel(QAbstractTableModel):
    """Shows the session's draft to Qt.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns with the mark of problems first."""
        return (PROBLEM, *self._session.draft.columns)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the rows."""
        return len(self._session.draft)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count the columns."""
        return len(self.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Give text, tooltip or colour of a cell."""
        column, row = self.columns[index.column()], index.row()
        faults = self._session.faults.get(row, [])
        if column == PROBLEM:
            if role == Qt.ItemDataRole.DisplayRole:
                return "⚠" if faults else ""
            return "\n".join(faults) if role == Qt.ItemDataRole.ToolTipRole and faults else None
        text = self._session.draft.cell(row, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return text.replace("\\", "/").rsplit("/", 1)[-1] if column == "video" else text
        if role == Qt.ItemDataRole.EditRole:
            return text
        if role == Qt.ItemDataRole.ToolTipRole:
            return text if column == "video" else None
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Write a cell that was edited."""
        if role != Qt.ItemDataRole.EditRole:
            return False
        self._session.draft.set_cell(index.row(), self.columns[index.column()], str(value))
        self._session.draft_edited()
        return True

    def flags(self, index: QModelIndex) -> Any:
        """All cells but the marks can be edited."""
        flags = super().flags(index)
        problem = self.columns[index.column()] == PROBLEM
        return flags if problem else flags | Qt.ItemFlag.ItemIsEditable

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Name the columns, and number the rows as a spreadsheet with a header does."""
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        column = self.columns[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "What is wrong with the row." if column == PROBLEM else TIPS.get(column)
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if column == PROBLEM else column
        return None

    def refresh(self) -> None:
        """Show the draft anew."""
        self.beginResetModel()
        self.endResetModel()


class StudyTable(QTableView):
    """Table of the study: paste from a spreadsheet, delete rows by the Delete key.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.rows = StudyModel(session)
        self.setModel(self.rows)
        self.setObjectName("study-table")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setMinimumHeight(160)
        header = self.horizontalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            header.setMinimumSectionSize(20)
        self._widen()

    def refresh(self) -> None:
        """Show the draft anew, with the same cell selected."""
        index = self.currentIndex()
        row, column = index.row(), index.column()
        self.rows.refresh()
        self._widen()
        if 0 <= row < self.rows.rowCount() and 0 <= column < self.rows.columnCount():
            self.setCurrentIndex(self.rows.index(row, column))

    def chosen_rows(self) -> list[int]:
        """Rows with a selected cell."""
        model = self.selectionModel()
        return sorted({index.row() for index in model.selectedIndexes()}) if model is not None else []

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Paste and delete."""
        if event is not None and event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event is not None and event.matches(QKeySequence.StandardKey.Delete):
            self._session.draft.remove(self.chosen_rows())
            self._session.draft_edited()
        else:
            super().keyPressEvent(event)

    def paste(self) -> None:
        """Write the clipboard's cells from the current cell on."""
        clipboard, index = QGuiApplication.clipboard(), self.currentIndex()
        if clipboard is None or not index.isValid():
            return
        column = self.rows.columns[max(index.column(), 1)]
        lost = self._session.draft.paste(index.row(), column, split_clipboard(clipboard.text()))
        self._session.draft_edited()
        if lost:
            self._session.say(f"{lost} pasted cells did not fit into the table; add the videos first.")

    def _widen(self) -> None:
        for number, column in enumerate(self.rows.columns):
            self.setColumnWidth(number, WIDTHS.get(column, SMALL))
