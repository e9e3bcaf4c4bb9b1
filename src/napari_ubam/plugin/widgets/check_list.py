"""What the check of a study has found, in a list that fades when the study changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QListWidget, QVBoxLayout, QWidget

from napari_ubam.study import Study
from napari_ubam.study.values import counted

from .outdated import OutdatedNote, fade

if TYPE_CHECKING:
    from napari_ubam.check import CheckReport

OUTDATED = "The study has changed since this check; press Check videos again."


class CheckList(QWidget):
    """Errors, warnings and notes of a study; hidden until a study was checked."""

    def __init__(self) -> None:
        super().__init__()
        self.note = OutdatedNote()
        self.found = QListWidget()
        self.found.setWordWrap(True)
        self.found.setToolTip("Problems that the check has found.")
        self.found.setMinimumHeight(200)  # several sentences are read without scrolling
        self._checked: Study | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.note)
        column.addWidget(self.found)
        self.setVisible(False)

    def show_report(self, report: CheckReport, study: Study) -> str:
        """List what was found.

        Parameters
        ----------
        report : CheckReport
        study : Study
            The study that was checked.

        Returns
        -------
        str
            How much was found, as a sentence.
        """
        self._checked = study
        self.found.clear()
        self.found.addItems([f"Error: {one}" for one in report.errors])
        self.found.addItems([f"Warning: {one}" for one in report.warnings])
        notes = [one for one in report.problems if one not in (*report.errors, *report.warnings)]
        self.found.addItems([f"Note: {one}" for one in notes])
        self.found.setVisible(self.found.count() > 0)
        self.setVisible(True)
        kinds = ((report.errors, "error"), (report.warnings, "warning"), (notes, "note"))
        many = ", ".join(counted(len(some), kind) for some, kind in kinds if some)
        return f"{counted(len(study), 'video')} checked: {many or 'no problems found'}."

    def compare(self, study: Study | None) -> bool:
        """Fade the list if it does not belong to the study.

        Parameters
        ----------
        study : Study or None
            The study as it is now; None while it has faults.

        Returns
        -------
        bool
            Whether the list belongs to another state of the study.
        """
        is_old = self._checked is not None and study != self._checked
        self.note.show_note(OUTDATED if is_old else "")
        fade(is_old, self.found)
        return is_old
