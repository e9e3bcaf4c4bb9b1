"""Settings of the magnification: factor, smoothing in time, and preview."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QGroupBox, QVBoxLayout
from superqt import QLabeledDoubleSlider

from napari_ubam.plugin.io.settings import remembered

from .sections import row

LARGEST, STEP = 5.0, 0.5
PREVIEW = "Show the current frame magnified."


class FactorBox(QGroupBox):
    """Factor, smoothing and preview.

    Attributes
    ----------
    changed : Signal
        Emits after a change of the factor or the smoothing.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__("Factor")
        self.factor = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.factor.setRange(0, LARGEST)
        self.factor.setDecimals(1)
        self.factor.setValue(float(remembered("factor")))
        self.factor.setToolTip(
            "Magnification factor: 0 shows the reference posture, 1 the original, above 1 magnifies. "
            "Shift+PageUp and Shift+PageDown change it while the picture has the focus."
        )
        self.factor.valueChanged.connect(lambda _: self.changed.emit())
        self.smoothing = QDoubleSpinBox()
        self.smoothing.setRange(0, 5000)
        self.smoothing.setDecimals(0)
        self.smoothing.setSuffix(" ms")
        self.smoothing.setValue(float(remembered("smoothing_ms")))
        self.smoothing.setToolTip("Smooth the difference from the reference over this time.")
        self.smoothing.valueChanged.connect(lambda _: self.changed.emit())
        self.previewing = QCheckBox("Preview the current frame")
        self.previewing.setToolTip(PREVIEW)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 10, 6, 6)
        column.addWidget(self.factor)
        column.addLayout(row("Smoothing", self.smoothing, stretch=1))
        column.addWidget(self.previewing)

    def step(self, steps: int) -> None:
        """Change the factor by half a unit for each step.

        Parameters
        ----------
        steps : int
            Negative for a smaller factor. It stays inside the slider.
        """
        self.factor.setValue(self.factor.value() + STEP * steps)
