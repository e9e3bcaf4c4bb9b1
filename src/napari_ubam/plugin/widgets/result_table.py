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
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setMinimumHeight(100)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header, side = self.horizontalHeader(), self.verticalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setMinimumSectionSize(20)
        if side is not None:
            side.setVisible(False)

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


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return str(value)
