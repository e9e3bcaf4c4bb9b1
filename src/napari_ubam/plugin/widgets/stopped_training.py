"""The question before a training that was stopped is discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMessageBox, QWidget

if TYPE_CHECKING:
    from napari_ubam.training.pipeline.training_record import UnfinishedTraining


def ask_about_stopped(stopped: UnfinishedTraining, parent: QWidget) -> str:
    """Ask what to do with a training that was stopped.

    Parameters
    ----------
    stopped : UnfinishedTraining
        The training.
    parent : QWidget
        Parent of the dialog.

    Returns
    -------
    str
        ``"resume"``, ``"restart"`` or ``"cancel"``.
    """
    box = QMessageBox(parent)
    box.setWindowTitle("uBAM")
    box.setText(f"A training of the {stopped.part} was stopped ({stopped.settings}).")
    box.setInformativeText("Resume it, or discard it and start again with the settings of the panel.")
    resume = box.addButton("Resume", QMessageBox.ButtonRole.AcceptRole)
    restart = box.addButton("Start again", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    box.exec()
    clicked = box.clickedButton()
    return "resume" if clicked is resume else "restart" if clicked is restart else "cancel"
