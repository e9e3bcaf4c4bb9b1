"""Export of the results of a run: format, folder, and the job that writes the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLineEdit, QVBoxLayout, QWidget

from napari_ubam.jobs import JobError
from napari_ubam.plugin.state.exports import (
    ExportChoice,
    default_folder,
    export_problem,
    export_step,
    offered_formats,
)
from napari_ubam.plugin.state.session import Session
from napari_ubam.plugin.state.steps import Step
from napari_ubam.plugin.viewer.worker import tell_error

from .copy_box import CopyBox
from .job_box import JobBox
from .sections import button, narrow, row

SCROLL_BAR = 24  # pixels
NO_SCORES = "Score the study in the Deviation panel first."
EXPORT = "Write scores, episodes, subjects and analyses for another program."
FOLDER = "Folder for the files. Several formats can share one; videos and runs are never written over."
WHERE = "Filter of the recordings, such as group=stroke. Empty: all that were scored."
OVERWRITE = "Replace files of an earlier export. If not, an export into them is refused."


class ExportBox(QWidget):
    """Choice of format, folder and recordings, and the job that exports.

    Parameters
    ----------
    session : Session
    say : callable
        Shows a sentence to the user.
    """

    def __init__(self, session: Session, say: Callable[[str], None]) -> None:
        super().__init__()
        self._session, self._say = session, say
        self._run: Path | None = None
        self.format = QComboBox()
        for name, title in offered_formats():
            self.format.addItem(f"{name}: {title}", name)
            self.format.setItemData(self.format.count() - 1, title, Qt.ItemDataRole.ToolTipRole)
        self.format.setToolTip("Format of the files.")
        narrow(self.format)
        opened = self.format.view()
        if opened is not None:  # the open list shows its entries in full
            opened.setMinimumWidth(opened.sizeHintForColumn(0) + SCROLL_BAR)
        self.folder, self.where = QLineEdit(), QLineEdit()
        self.folder.setToolTip(FOLDER)
        self.where.setToolTip(WHERE)
        self.where.setPlaceholderText("all, or such as group=stroke")
        self.overwrite = QCheckBox("Replace files")
        self.overwrite.setToolTip(OVERWRITE)
        self.start = button("Export", EXPORT, self.export)
        self.job_box = JobBox(session, ("export",), others=False)
        browse = button("…", "Choose the folder.", self.choose_folder)
        browse.setMaximumWidth(30)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row("Format", self.format, stretch=1))
        column.addLayout(row("Folder", self.folder, browse, stretch=1))
        column.addLayout(row("Recordings", self.where, stretch=1))
        column.addWidget(self.overwrite)
        column.addLayout(row(self.start, CopyBox(self._copied, say), stretch=0))
        column.addWidget(self.job_box)
        self.refresh()

    def refresh(self) -> None:
        """Show the run of the session and the progress of its job."""
        folder = self._session.run_folder
        if folder != self._run:
            self._run = folder
            self.folder.setText(str(default_folder(folder)) if folder is not None else "")
        reason = self._missing()
        self.start.setEnabled(not reason)
        self.start.setToolTip(reason or EXPORT)
        self.job_box.update_job()

    @property
    def choice(self) -> ExportChoice:
        """What is chosen now."""
        return ExportChoice(
            str(self.format.currentData()),
            self.folder.text().strip(),
            self.where.text().strip(),
            self.overwrite.isChecked(),
        )

    def choose_folder(self) -> None:
        """Ask for the folder."""
        name = QFileDialog.getExistingDirectory(self, "Folder of the export", self.folder.text())
        if name:
            self.folder.setText(name)

    def export(self) -> None:
        """Start the export as a job."""
        steps, folder = self._copied(), self._session.run_folder
        if isinstance(steps, str) or folder is None:
            self._say(str(steps))
            return
        self._say("")
        try:
            self._session.start(folder, *(list(step.arguments) for step in steps))
        except JobError as error:
            tell_error(error)

    def _missing(self) -> str:
        """Say why nothing can be exported now."""
        if self._session.run is None or self._session.results is None:
            return NO_SCORES
        return self._session.busy

    def _copied(self) -> list[Step] | str:
        folder = self._session.run_folder
        if folder is None or self._session.results is None:
            return NO_SCORES
        problem = export_problem(self.choice, self._session.run_study)
        return problem or [export_step(folder, self.choice)]
