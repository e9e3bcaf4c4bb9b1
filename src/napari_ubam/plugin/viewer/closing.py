"""The question before a window closes while a job runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMessageBox, QWidget

if TYPE_CHECKING:
    from napari_ubam.plugin.state.session import Session

NAME = "ubam-closing"


def watch_window(window: QWidget, session: Session) -> None:
    """Ask the user before a window closes while a job runs. Further calls for the same window do nothing.

    Parameters
    ----------
    window : QWidget
        Main window of the viewer.
    session : Session
        Session of the viewer.
    """
    if window.findChild(_Closing, NAME) is None:
        window.installEventFilter(_Closing(window, session))


class _Closing(QObject):
    def __init__(self, window: QWidget, session: Session) -> None:
        super().__init__(window)
        self.setObjectName(NAME)
        self._session = session

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Ask when the window is about to close."""
        if event is None or event.type() != QEvent.Type.Close or watched is not self.parent():
            return False
        progress = self._session.job_progress
        if progress is None or not progress.is_running or not progress.is_own:
            return False  # a job of another window or command does not depend on this one
        answer = ask_about(progress.job.kind, self.parent())
        if answer == "cancel":
            event.ignore()
            return True
        if answer == "stop":
            self._session.stop_job()
        return False


def ask_about(kind: str, window: QObject | None) -> str:
    """Ask whether a job continues, stops, or keeps the window open.

    Parameters
    ----------
    kind : str
        Kind of the job, such as ``"train"``.
    window : QObject or None
        Window that closes.

    Returns
    -------
    str
        ``"continue"``, ``"stop"`` or ``"cancel"``; the last one keeps the window open.
    """
    box = QMessageBox(window if isinstance(window, QWidget) else None)
    box.setWindowTitle("uBAM")
    box.setText(f"The job '{kind}' is still running.")
    box.setInformativeText("It can continue without napari. Open the run again later to see its progress.")
    proceed = box.addButton("Continue in background", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop job", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Keep napari open", QMessageBox.ButtonRole.RejectRole)
    box.exec()
    clicked = box.clickedButton()
    return "continue" if clicked is proceed else "stop" if clicked is stop else "cancel"
