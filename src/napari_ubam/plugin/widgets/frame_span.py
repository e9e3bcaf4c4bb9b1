"""A span of frames: first and last."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

LARGEST = 10**8


class FrameSpan(QWidget):
    """Two numbers of frames.

    Attributes
    ----------
    changed : Signal
        Emits when either changed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = QSpinBox(), QSpinBox()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        for spin, tip in ((self.first, "First frame."), (self.last, "Last frame.")):
            spin.setMaximum(LARGEST)
            spin.setToolTip(tip)
            spin.valueChanged.connect(lambda _: self.changed.emit())
        line.addWidget(self.first, 1)
        line.addWidget(QLabel("to"))
        line.addWidget(self.last, 1)

    @property
    def value(self) -> tuple[int, int]:
        """First frame, and the frame after the last."""
        return self.first.value(), self.last.value() + 1

    def set_span(self, start: int, stop: int) -> None:
        """Show a span, `stop` not included, and tell of it once."""
        for spin, value in ((self.first, start), (self.last, stop - 1)):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)
        self.changed.emit()
