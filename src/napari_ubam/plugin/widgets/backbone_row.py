"""Choice of a pretrained network for a training."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QMenu, QVBoxLayout, QWidget

from .sections import button, row

FILES = "Networks (*.safetensors *.pth *.pt *.bin)"


class BackboneRow(QWidget):
    """A field for the file or folder of a backbone, and below it how the backbone is used."""

    def __init__(self) -> None:
        super().__init__()
        self.path = QLineEdit()
        self.path.setPlaceholderText("none")
        self.path.setClearButtonEnabled(True)
        self.path.setToolTip(
            "A pretrained network on this computer whose features the posture encoder reads, such as DINOv2: "
            "a Hugging Face folder, or a file of timm or torch.hub. Nothing is downloaded. Without one, the "
            "encoder reads gradient maps, which is faster."
        )
        self.name = QLineEdit()
        self.name.setPlaceholderText("architecture")
        self.name.setToolTip(
            "Name of the architecture in timm or torch.hub, such as dinov2_vits14, if the file does not say "
            "it."
        )
        self.tuned = QCheckBox("Tune")
        self.tuned.setToolTip(
            "Train the backbone with the rest. This needs a GPU. If not, it stays as it is, and its features "
            "are computed once."
        )
        menu = QMenu(self)
        menu.addAction("File …", self.choose_file)
        menu.addAction("Folder …", self.choose_folder)
        browse = button(
            "…", "Choose the backbone.", lambda: menu.popup(browse.mapToGlobal(browse.rect().bottomLeft()))
        )
        browse.setMaximumWidth(30)
        self.use = QWidget()
        below = row("", self.name, self.tuned, stretch=1)
        self.use.setLayout(below)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row("Backbone", self.path, browse, stretch=1))
        column.addWidget(self.use)
        self.path.textChanged.connect(self._update)
        self._update()

    @property
    def chosen(self) -> dict[str, Any]:
        """Options of `train_step`; empty without a backbone."""
        path = self.path.text().strip()
        if not path:
            return {}
        name = self.name.text().strip() or None
        return {"backbone": path, "backbone_name": name, "tune_backbone": self.tuned.isChecked()}

    def choose_file(self) -> None:
        """Ask for a file."""
        name, _ = QFileDialog.getOpenFileName(self, "Backbone", self.path.text(), FILES)
        if name:
            self.path.setText(name)

    def choose_folder(self) -> None:
        """Ask for a folder."""
        name = QFileDialog.getExistingDirectory(self, "Folder of the backbone", self.path.text())
        if name:
            self.path.setText(name)

    def _update(self) -> None:
        self.use.setVisible(bool(self.path.text().strip()))
