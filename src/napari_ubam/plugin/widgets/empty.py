"""The next step, shown by a panel that has no data yet."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget


class Empty(QWidget):
    """A sentence that names the next step.

    Parameters
    ----------
    sentence : str
    """

    def __init__(self, sentence: str) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label = QLabel(sentence)
        self.label.setWordWrap(True)
        column.addWidget(self.label)
