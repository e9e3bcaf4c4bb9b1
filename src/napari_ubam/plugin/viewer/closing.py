"""A window that closes while a job works: it asks whether the job shall go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMessageBox, QWidget

if TYPE_CHECKING:
    from .link import ViewerLink

NAME = "ubam-closing"


def watch_window(window: QWidget, link: ViewerLink) -> None:
    """Ask before a window closes over a job that works; once for each window.

    Parameters
    ----------
    window : QWidget
        Top of the panel that was shown.
    link : ViewerLink
        Of the window's viewer.
    """
    if window.findChild(_Closing, NAME) is None:
        window.installEventFilter(_Closing(window, link))


class _Closing(QObject):
    def __init__(self, window: QWidget, link: ViewerLink) -> None:
        super().__init__(window)
        self.setObjectName(NAME)
        self._link = link

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Look for the window's end."""
        if event is None or event.type() != QEvent.Type.Close or watched is not self.parent():
            return False
        session = self._link.session
        if not session.is_working or session.job is None:
            return False
        answer = ask_about(session.job.job.kind, self.parent())
        if answer == "stay":
            event.ignore()
            return True
        if answer == "stop":
            session.stop_job()
        return False


def ask_about(kind: str, window: QObject | None) -> str:
    """Ask what becomes of a job.

    Returns
    -------
    str
        ``"go on"``, ``"stop"`` or ``"stay"``.
    """
    box = QMessageBox(window if isinstance(window, QWidget) else None)
    box.setWindowTitle("uBAM")
    box.setText(f"'{kind}' still works on this run.")
    box.setInformativeText("It can go on without napari; open the run again later to see how far it is.")
    go_on = box.addButton("Let it go on", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop it", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
    box.exec()
    clicked = box.clickedButton()
    return "go on" if clicked is go_on else "stop" if clicked is stop else "stay"
