"""The questions before a training that was stopped, or a trained model, is replaced."""

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


REPLACED = {
    "encoders": (
        "This run has a trained model.",
        "A new training replaces it when it has ended; until then, and if you cancel, the model stays as it "
        "is. Only its checkpoints are removed at once.\n\n"
        "Kept: study, crops, and the scores until you score again.\n"
        "To be made again afterwards: embeddings, scores and magnifier.",
    ),
    "magnifier": (
        "This run has a trained magnifier.",
        "A new training replaces it when it has ended; until then, and if you cancel, the magnifier stays as "
        "it is. Only its checkpoints are removed at once.\n\n"
        "Kept: everything else in the run.",
    ),
}


def ask_about_trained(part: str, parent: QWidget) -> str:
    """Ask before a model that was trained is trained anew.

    Parameters
    ----------
    part : str
        ``"encoders"`` or ``"magnifier"``.
    parent : QWidget
        Parent of the dialog.

    Returns
    -------
    str
        ``"start"``, ``"folder"`` (train in another folder) or ``"cancel"``.
    """
    question, explained = REPLACED[part]
    box = QMessageBox(parent)
    box.setWindowTitle("uBAM")
    box.setText(question)
    box.setInformativeText(explained)
    anew = box.addButton("Train anew", QMessageBox.ButtonRole.DestructiveRole)
    other = None
    if part == "encoders":
        other = box.addButton("Choose another folder …", QMessageBox.ButtonRole.ActionRole)
    box.setDefaultButton(box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole))
    box.exec()
    clicked = box.clickedButton()
    return "start" if clicked is anew else "folder" if other is not None and clicked is other else "cancel"
