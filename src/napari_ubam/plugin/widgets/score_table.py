"""Tables of scores: names on the left, numbers on the right, read-only."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

from .result_table import set_read_only

NARROW = "QTableView::item { padding: 0 2px; } QHeaderView::section { padding: 2px 4px; }"


def read_only_table(columns: tuple[str, ...], tip: str) -> QTableWidget:
    """Make a table that is narrow enough for the dock; the first column has the names.

    Parameters
    ----------
    columns : tuple of str
        Headings.
    tip : str
        Tooltip.

    Returns
    -------
    QTableWidget
        Without rows.
    """
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    table.setToolTip(tip)
    table.setMinimumHeight(120)
    table.setStyleSheet(NARROW)
    set_read_only(table)
    header = table.horizontalHeader()
    if header is not None:
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)  # shortens long names, but no numbers
    return table


def fill_row(table: QTableWidget, number: int, texts: list[str], tip: str = "") -> None:
    """Write the texts of a row.

    Parameters
    ----------
    table : QTableWidget
    number : int
        Row, from 0.
    texts : list of str
        One for each column.
    tip : str
        Tooltip of the row; by default each cell has its own text.
    """
    for place, text in enumerate(texts):
        item = QTableWidgetItem(text)
        item.setToolTip(tip or text)
        if place > 0:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        table.setItem(number, place, item)
