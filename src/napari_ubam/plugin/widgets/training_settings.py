"""Settings of a training: model, compute device, time, window, region and backbone."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QVBoxLayout, QWidget

from napari_ubam.plugin.io.settings import remembered
from napari_ubam.plugin.state.training_choices import Choices

from .backbone_row import BackboneRow
from .sections import narrow, row

SCROLL_BAR = 24  # pixels
PRESET = "Size of the model and of the crops, which get the shape of the regions of the study."


class TrainingSettings(QWidget):
    """Boxes for preset, compute device, training time, window length, region and backbone.

    Until `offer` is called, only the remembered preset and the device ``auto`` can be chosen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.preset = QComboBox()
        self.preset.addItem(str(remembered("preset")), remembered("preset"))
        narrow(self.preset)
        self.preset.setToolTip(PRESET)
        self.preset.currentTextChanged.connect(self._describe)
        self.about_model = QLabel()
        self.about_model.setWordWrap(True)
        self.about_model.setVisible(False)
        self.device = QComboBox()
        self.device.addItem("auto", "auto")
        narrow(self.device)
        self.device.setToolTip("Compute device.")
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.1, 10000)
        self.minutes.setDecimals(1)
        self.minutes.setSuffix(" min")
        self.minutes.setValue(float(remembered("minutes")))
        self.minutes.setToolTip(
            "Training time, without the preparation. It is for both encoders together, of which the posture "
            "encoder gets four fifths, or for the magnifier. Longer is better."
        )
        self.window_ms = QDoubleSpinBox()
        self.window_ms.setRange(0, 20000)
        self.window_ms.setDecimals(0)
        self.window_ms.setSuffix(" ms")
        self.window_ms.setSpecialValueText("automatic")
        self.window_ms.setToolTip(
            "Length of one behaviour, such as one stride; 'automatic' uses the length of the preset."
        )
        self.whole_frame = QCheckBox("Whole picture where no region is drawn")
        self.whole_frame.setToolTip(
            "If not, the region of recordings without one is found from where the picture moves. Tick this "
            "if the subjects move through the whole picture."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row("Model", self.preset, stretch=1))
        column.addWidget(self.about_model)
        column.addLayout(row("Device", self.device, stretch=1))
        column.addLayout(row("Time", self.minutes, stretch=1))
        column.addLayout(row("Window", self.window_ms, stretch=1))
        column.addWidget(self.whole_frame)
        self.backbone = BackboneRow()
        column.addWidget(self.backbone)

    def offer(self, choices: Choices) -> None:
        """Offer presets and compute devices.

        Parameters
        ----------
        choices : Choices
        """
        _fill(self.preset, choices.presets, self.preset.currentData())
        self._describe(self.preset.currentText())
        _fill(self.device, choices.devices, remembered("device"))

    def _describe(self, text: str) -> None:
        """Say below the list what the model is, since the closed list cuts it off."""
        name, _, description = text.partition(": ")
        self.about_model.setText(f"{name}: {description}." if description else "")
        self.about_model.setVisible(bool(description))


def _fill(box: QComboBox, choices: Sequence[tuple[str, str]], chosen: str) -> None:
    """Offer choices by name and description, and choose one of them."""
    box.clear()
    for name, text in choices:
        box.addItem(f"{name}: {text}" if text else name, name)
        box.setItemData(box.count() - 1, text, Qt.ItemDataRole.ToolTipRole)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    view = box.view()
    if view is not None:  # the open list shows its entries in full
        view.setMinimumWidth(view.sizeHintForColumn(0) + SCROLL_BAR)
