"""A range of frames: first and last."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

LARGEST = 10**8


class FrameSpan(QWidget):
    """Two boxes for the first and the last frame number.

    Attributes
    ----------
    changed : Signal
        Emits after a change of either number.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = QSpinBox(), QSpinBox()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        tips = ((self.first, "First frame to magnify."), (self.last, "Last frame to magnify."))
        for spin, tip in tips:
            spin.setMaximum(LARGEST)
            spin.setToolTip(tip)
            spin.valueChanged.connect(lambda _: self.changed.emit())
        line.addWidget(self.first, 1)
        line.addWidget(QLabel("to"))
        line.addWidget(self.last, 1)

    @property
    def value(self) -> tuple[int, int]:
        """First frame, and the frame after the last one."""
        return self.first.value(), self.last.value() + 1

    def set_span(self, start: int, stop: int) -> None:
        """Show a range of frames; `changed` emits once.

        Parameters
        ----------
        start, stop : int
            Frame numbers, from 0; `stop` is not included.
        """
        for spin, value in ((self.first, start), (self.last, stop - 1)):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)
        self.changed.emit()
