"""The study as an editable table, with a mark beside each row that has a problem."""

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
    PROBLEM: "Point at ⚠ to read the problem of the row.",
    "video": "Video file of the recording.",
    "subject": "Animal or patient. Subjects are the unit of every statistical test.",
    "group": "Group of the subject, such as healthy or impaired.",
    "session": "Day or condition, such as 0 for the baseline and 3 for the third day.",
    "x": "Left edge of the region in pixels.",
    "y": "Upper edge of the region in pixels.",
    "width": "Width of the region in pixels.",
    "height": "Height of the region in pixels.",
    "start": "First frame of the recording; frames count from 0.",
    "stop": "Frame after the last frame of the recording.",
    "name": "Name of the recording. If empty, the name of the file is used.",
}
OTHER_WIDTH = 48


class StudyModel(QAbstractTableModel):
    """Qt model of the session's study draft.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns: the problem mark, then the columns of the study."""
        return (PROBLEM, *self._session.draft.columns)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Give the number of rows."""
        return len(self._session.draft)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Give the number of columns."""
        return len(self.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Give the text or the tooltip of a cell."""
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
        """Write an edited cell to the draft."""
        if role != Qt.ItemDataRole.EditRole:
            return False
        self._session.draft.set_cell(index.row(), self.columns[index.column()], str(value))
        self._session.draft_edited()
        return True

    def flags(self, index: QModelIndex) -> Any:
        """Let all cells be edited, except the problem marks."""
        flags = super().flags(index)
        problem = self.columns[index.column()] == PROBLEM
        return flags if problem else flags | Qt.ItemFlag.ItemIsEditable

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Give names and tooltips of columns, and row numbers from 1."""
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        column = self.columns[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS.get(column)
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if column == PROBLEM else column
        return None

    def refresh(self) -> None:
        """Show the draft as it is now."""
        self.beginResetModel()
        self.endResetModel()


class StudyTable(QTableView):
    """Table of the study. Ctrl+V pastes cells of a spreadsheet; the Delete key removes rows.

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
        self._set_widths()

    def refresh(self) -> None:
        """Show the draft as it is now; the same cell stays selected."""
        index = self.currentIndex()
        row, column = index.row(), index.column()
        self.rows.refresh()
        self._set_widths()
        if 0 <= row < self.rows.rowCount() and 0 <= column < self.rows.columnCount():
            self.setCurrentIndex(self.rows.index(row, column))

    def chosen_rows(self) -> list[int]:
        """Give the numbers of the rows with a selected cell, from 0."""
        model = self.selectionModel()
        return sorted({index.row() for index in model.selectedIndexes()}) if model is not None else []

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Paste with Ctrl+V, remove rows with Delete."""
        if event is not None and event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event is not None and event.matches(QKeySequence.StandardKey.Delete):
            self._session.draft.remove(self.chosen_rows())
            self._session.draft_edited()
        else:
            super().keyPressEvent(event)

    def paste(self) -> None:
        """Write the cells of the clipboard, starting at the current cell."""
        clipboard, index = QGuiApplication.clipboard(), self.currentIndex()
        if clipboard is None or not index.isValid():
            return
        column = self.rows.columns[max(index.column(), 1)]
        lost = self._session.draft.paste(index.row(), column, split_clipboard(clipboard.text()))
        self._session.draft_edited()
        if lost:
            self._session.say(
                f"{lost} pasted cells are outside of the table; add the missing videos and paste again."
            )

    def _set_widths(self) -> None:
        for number, column in enumerate(self.rows.columns):
            self.setColumnWidth(number, WIDTHS.get(column, OTHER_WIDTH))
