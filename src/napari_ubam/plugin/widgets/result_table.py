"""A table of a result, read-only."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

ROWS = 200  # the rest is left to the file


class ResultTable(QTableWidget):
    """Shows the first rows of a DataFrame. A long text is shown in full by its tooltip."""

    def __init__(self) -> None:
        super().__init__(0, 0)
        self.setObjectName("result-table")
        self.setToolTip(f"The first {ROWS} rows of the table; its file in the run has all rows.")
        self.setMinimumHeight(100)
        set_read_only(self)

    def show_table(self, table: pd.DataFrame) -> None:
        """Show a table instead of the earlier one.

        Parameters
        ----------
        table : DataFrame
        """
        shown = table.head(ROWS)
        self.clear()
        self.setColumnCount(len(shown.columns))
        self.setRowCount(len(shown))
        self.setHorizontalHeaderLabels([str(name) for name in shown.columns])
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for column, name in enumerate(shown.columns):
            number = is_numeric_dtype(shown[name]) and not is_bool_dtype(shown[name])
            for row, value in enumerate(shown[name].tolist()):
                item = QTableWidgetItem(_text(value))
                item.setToolTip(_text(value))
                if number:
                    item.setTextAlignment(right)
                self.setItem(row, column, item)


def set_read_only(table: QTableWidget) -> None:
    """Let a table be read and its rows be selected, each column as wide as its texts.

    Parameters
    ----------
    table : QTableWidget
    """
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # the ends of names differ
    header, side = table.horizontalHeader(), table.verticalHeader()
    if header is not None:
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(20)
    if side is not None:
        side.setVisible(False)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return str(value)
