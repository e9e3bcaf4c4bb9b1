"""The study as an editable table, with a mark beside each row that has a problem."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_ubam.plugin.state.draft import split_clipboard
from napari_ubam.plugin.state.session import Session
from napari_ubam.study.recording import REQUIRED
from napari_ubam.study.values import counted

from .names import NameColumn
from .score_table import NARROW

PROBLEM = "problem"
WIDTHS = {"video": 90, "subject": 74, "group": 68, "session": 60, PROBLEM: 24, "name": 90}
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
    "intervals": "Conditions in seconds, such as light:2-5.5; exclude:0-3 leaves frames out of all results.",
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
        self._shown: tuple[tuple[int, ...], tuple[str, ...]] = ((), ())

    @property
    def shown_keys(self) -> tuple[int, ...]:
        """Keys of the rows that the view knows; those of the draft may be others until `refresh`."""
        return self._shown[0]

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

    def refresh(self) -> bool:
        """Show the draft as it is now.

        Returns
        -------
        bool
            Whether rows or columns are others than before.
        """
        shown = (self._session.draft.keys, self.columns)
        if shown == self._shown:
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            return False
        self.beginResetModel()
        self._shown = shown
        self.endResetModel()
        return True


class StudyTable(QTableView):
    """Table of the study. Ctrl+V pastes cells of a spreadsheet; the Delete key removes rows.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._widths: dict[str, int] = {}  # that the user has chosen, by column
        self._is_fitting = False
        self._chosen: tuple[set[tuple[int, str]], tuple[int, str] | None] = (set(), None)
        self.rows = StudyModel(session)
        self.setModel(self.rows)
        self.setObjectName("study-table")
        self.setStyleSheet(NARROW)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # the ends of names differ
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setMinimumHeight(160)
        self._names = {name: NameColumn(self, self.rows.columns.index(name)) for name in ("video", "subject")}
        header, selection = self.horizontalHeader(), self.selectionModel()
        if header is not None and selection is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            header.setMinimumSectionSize(20)
            header.sectionResized.connect(self._note_width)
            selection.selectionChanged.connect(self._note_selection)
            selection.currentChanged.connect(self._note_selection)
        self.show_all_columns(False)

    def show_all_columns(self, on: bool) -> None:
        """Show all columns, or only those that every study needs.

        Parameters
        ----------
        on : bool
            Whether region, first and last frame, name and the study's own columns are shown too.
        """
        self._shows_all, self._is_fitting = on, True
        for number, column in enumerate(self.rows.columns):
            self.setColumnHidden(number, not on and column not in (PROBLEM, *REQUIRED))
        self._fit()

    def refresh(self) -> None:
        """Show the draft as it is now; the same cells stay selected."""
        cells, current = self._chosen
        bar = self.verticalScrollBar()
        place = bar.value() if bar is not None else 0
        for column, names in self._names.items():
            names.set_names([str(self._text(row, column)) for row in range(self.rows.rowCount())])
        self._is_fitting = True  # a reset gives all columns the same width
        is_reset = self.rows.refresh()
        self._is_fitting = False
        if not is_reset:
            return
        self.show_all_columns(self._shows_all)
        self._choose(cells, current)
        if bar is not None:
            bar.setValue(place)

    def _text(self, row: int, column: str) -> Any:
        return self.rows.data(self.rows.index(row, self.rows.columns.index(column)))

    def choose_rows(self, rows: Sequence[int]) -> None:
        """Select the subjects of rows, and show the first of them.

        Parameters
        ----------
        rows : sequence of int
            Numbers of the rows, from 0.
        """
        keys = [self._session.draft.key(row) for row in rows]
        if keys:
            self._choose({(key, "subject") for key in keys}, (keys[0], "subject"))
            self.scrollTo(self.currentIndex())

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
        elif event is not None and event.matches(QKeySequence.StandardKey.Undo):
            event.ignore()  # the panel undoes
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
                f"{counted(lost, 'pasted cell')} outside the table: add the missing videos and paste again."
            )

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Let the names of the videos take the free width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give the columns their widths; that of the videos is what is left, unless the user chose it."""
        viewport = self.viewport()
        if viewport is None:
            return
        self._is_fitting = True
        free = viewport.width()
        for number, column in enumerate(self.rows.columns):
            if column != "video":
                self.setColumnWidth(number, self._widths.get(column, WIDTHS.get(column, OTHER_WIDTH)))
                free -= self.columnWidth(number) * (column in (PROBLEM, *REQUIRED))
        width = self._widths.get("video", max(free, WIDTHS["video"]))
        self.setColumnWidth(self.rows.columns.index("video"), width)
        self._is_fitting = False

    def _note_width(self, number: int, _: int, width: int) -> None:
        if not self._is_fitting and width > 0 and number < self.rows.columnCount():
            self._widths[self.rows.columns[number]] = width

    def _note_selection(self, *_: object) -> None:
        """Note what is selected, by key and column: rows may come and go before the table is refreshed."""
        model = self.selectionModel()
        if model is None or self._session.draft.keys != self.rows.shown_keys:
            return
        cells = {self._cell(index) for index in model.selectedIndexes()}
        current = self.currentIndex()
        self._chosen = (cells, self._cell(current) if current.isValid() else None)

    def _cell(self, index: QModelIndex) -> tuple[int, str]:
        return self._session.draft.key(index.row()), self.rows.columns[index.column()]

    def _choose(self, cells: Collection[tuple[int, str]], current: tuple[int, str] | None) -> None:
        """Select cells that are still there."""
        model = self.selectionModel()
        if model is None:
            return
        found = {cell: self._index(*cell) for cell in (*cells, *([current] if current else []))}
        model.clear()
        for cell, index in found.items():
            if index is not None and cell in cells:
                model.select(index, QItemSelectionModel.SelectionFlag.Select)
        place = found.get(current) if current is not None else None
        if place is not None:
            model.setCurrentIndex(place, QItemSelectionModel.SelectionFlag.NoUpdate)

    def _index(self, key: int, column: str) -> QModelIndex | None:
        row = self._session.draft.row_of(key)
        if row is None or column not in self.rows.columns:
            return None
        return self.rows.index(row, self.rows.columns.index(column))
