"""The order in which the Tab key visits the widgets of a panel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLayout, QWidget


def follow_layout(layout: QLayout) -> list[QWidget]:
    """Let the Tab key visit widgets in the order of the layout, from top to bottom.

    Parameters
    ----------
    layout : QLayout
        With all layouts inside it.

    Returns
    -------
    list of QWidget
        Widgets that the Tab key visits, in order.
    """
    found = [one for one in _widgets(layout) if one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    for before, after in pairwise(found):
        QWidget.setTabOrder(before, after)
    return found


def _widgets(layout: QLayout) -> Iterator[QWidget]:
    for number in range(layout.count()):
        item = layout.itemAt(number)
        if item is None:
            continue
        inner, widget = item.layout(), item.widget()
        if inner is not None:
            yield from _widgets(inner)
        elif widget is not None:
            yield widget
            below = widget.layout()
            if below is not None:
                yield from _widgets(below)
