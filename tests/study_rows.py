"""Rows of the Study panel, as a user clicks on them."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest


def choose_cell(panel: Any, row: int, column: str = "subject") -> QPoint:
    """Click a cell of the table; give its place in the table's viewport."""
    index = panel.table.rows.index(row, panel.table.rows.columns.index(column))
    panel.table.scrollTo(index)
    place = panel.table.visualRect(index).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    return place
