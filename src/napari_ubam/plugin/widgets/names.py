"""A column of names, which stay different where they are too long for it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QModelIndex
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from napari_ubam.plugin.state.short_names import short_names

PADDING = 16  # pixels: with less, Qt cuts the text itself, and names look alike


class NameColumn(QStyledItemDelegate):
    """Paints the names of a column in full where they fit, else without what all of them share.

    Parameters
    ----------
    table : QTableView
    column : int
    """

    def __init__(self, table: QTableView, column: int = 0) -> None:
        super().__init__(table)
        self._table, self._column = table, column
        self._names: list[str] = []
        self._short: dict[int, dict[str, str]] = {}
        table.setItemDelegateForColumn(column, self)

    def set_names(self, names: list[str]) -> None:
        """Note all names of the column.

        Parameters
        ----------
        names : list of str
        """
        self._names, self._short = names, {}

    def shown(self, name: str, width: int, metrics: Any) -> str:
        """Give the text for a name.

        Parameters
        ----------
        name : str
        width : int
            Width of the column in pixels.
        metrics : QFontMetrics

        Returns
        -------
        str
        """
        room = width - PADDING
        if all(metrics.horizontalAdvance(one) <= room for one in self._names):
            return name
        letters = max(room // max(metrics.averageCharWidth(), 1), 3)
        if letters not in self._short:
            self._short[letters] = short_names(self._names, letters)
        return self._short[letters].get(name, name)

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        """Replace the text that is painted."""
        super().initStyleOption(option, index)
        if option is not None:
            width = self._table.columnWidth(self._column)
            option.text = self.shown(str(index.data()), width, option.fontMetrics)
