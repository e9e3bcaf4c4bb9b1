"""About this installation: the text of ``napari-ubam doctor``, to copy into a bug report."""

from __future__ import annotations

from qtpy.QtGui import QFontDatabase, QGuiApplication
from qtpy.QtWidgets import QApplication, QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from napari_ubam.doctor import examine
from napari_ubam.plugin.viewer.worker import Worker
from napari_ubam.plugin.widgets import button, row

WAITING = "Looking at versions, device, decoder, disk and caches …"


class AboutDialog(QDialog):
    """A window with what the installation has, and what will not work.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About napari-ubam")
        self.resize(760, 420)
        self.text = QPlainTextEdit(WAITING)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy_button = button("Copy", "Copy the text for a bug report.", self.copy)
        self.copy_button.setEnabled(False)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addLayout(row("", self.copy_button, stretch=0))
        worker = Worker()
        self.finished.connect(lambda _: worker.forget())
        worker.run(examine, lambda found: self._show(str(found)))

    def _show(self, text: str) -> None:
        self.text.setPlainText(text)
        self.copy_button.setEnabled(True)

    def copy(self) -> None:
        """Copy the text to the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text.toPlainText())
            self.copy_button.setText("Copied")


def show_about() -> None:
    """Show what this installation has, and what will not work."""
    AboutDialog(QApplication.activeWindow()).open()
