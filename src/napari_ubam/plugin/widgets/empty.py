"""What a panel shows as long as it has nothing to work on: the next step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from .sections import button


class Empty(QWidget):
    """A sentence that names the next step, with a button for it.

    Parameters
    ----------
    sentence : str
    action : str, optional
        Text of the button.
    do : callable, optional
        What it does.
    """

    def __init__(self, sentence: str, action: str = "", do: Callable[[], Any] | None = None) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label = QLabel(sentence)
        self.label.setWordWrap(True)
        column.addWidget(self.label)
        if do is not None:
            column.addWidget(button(action, sentence, do))
