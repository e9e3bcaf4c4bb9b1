"""Sections, rows and buttons, alike in all panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import (
    QComboBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)


def section(title: str) -> tuple[QGroupBox, QVBoxLayout]:
    """Make a titled box and its column."""
    box = QGroupBox(title)
    column = QVBoxLayout(box)
    column.setContentsMargins(6, 10, 6, 6)
    return box, column


def row(*parts: QWidget | QLayout | str, stretch: int | None = None) -> QHBoxLayout:
    """Lay parts out beside each other; a text becomes a label.

    Parameters
    ----------
    *parts : QWidget or QLayout or str
    stretch : int, optional
        Part that takes the room which is left.
    """
    line = QHBoxLayout()
    line.setContentsMargins(0, 0, 0, 0)
    for number, part in enumerate(parts):
        share = 1 if number == stretch else 0
        if isinstance(part, QLayout):
            line.addLayout(part, share)
        else:
            line.addWidget(QLabel(part) if isinstance(part, str) else part, share)
    return line


def narrow(box: QComboBox, letters: int = 8) -> None:
    """Let a list be narrower than its longest entry."""
    box.setMinimumContentsLength(letters)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)


def button(text: str, tip: str, do: Callable[[], Any]) -> QPushButton:
    """Make a button that says in a tooltip what it does."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    made.clicked.connect(lambda: do())
    return made
