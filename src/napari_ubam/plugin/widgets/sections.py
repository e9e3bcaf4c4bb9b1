"""Sections, rows and buttons that look the same in all panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import (
    QCheckBox,
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
    """Make a box with a title.

    Parameters
    ----------
    title : str

    Returns
    -------
    box : QGroupBox
    column : QVBoxLayout
        The layout inside the box.
    """
    box = QGroupBox(title)
    column = QVBoxLayout(box)
    column.setContentsMargins(6, 10, 6, 6)
    return box, column


def row(*parts: QWidget | QLayout | str, stretch: int | None = None) -> QHBoxLayout:
    """Lay out parts side by side.

    Parameters
    ----------
    *parts : QWidget or QLayout or str
        A text becomes a label.
    stretch : int, optional
        Number of the part, from 0, that takes the free space.

    Returns
    -------
    QHBoxLayout
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
    """Let a combo box be narrower than its longest entry.

    Parameters
    ----------
    box : QComboBox
    letters : int
        Smallest width, in letters.
    """
    box.setMinimumContentsLength(letters)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)


def button(text: str, tip: str, action: Callable[[], Any]) -> QPushButton:
    """Make a button.

    Parameters
    ----------
    text : str
    tip : str
        Tooltip: what the button does, in one sentence.
    action : callable
        Called at each click.

    Returns
    -------
    QPushButton
    """
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    made.clicked.connect(lambda: action())
    return made


def explain(made: QPushButton, why_not: str, enabled: bool) -> None:
    """Enable or disable a button, and say in its tooltip why it is grey.

    Parameters
    ----------
    made : QPushButton
        From `button`.
    why_not : str
        Why it is grey; empty for its own tooltip.
    enabled : bool
    """
    if made.property("tip") is None:
        made.setProperty("tip", made.toolTip())
    made.setEnabled(enabled)
    made.setToolTip(why_not or str(made.property("tip")))


def ticked(text: str, tip: str, action: Callable[[bool], Any]) -> QCheckBox:
    """Make a check box that is ticked at first.

    Parameters
    ----------
    text : str
    tip : str
        Tooltip, in one sentence.
    action : callable
        Called with the new state at each change.

    Returns
    -------
    QCheckBox
    """
    made = QCheckBox(text)
    made.setToolTip(tip)
    made.setChecked(True)
    made.toggled.connect(lambda on: action(on))
    return made
