"""Tells windows on a run that a command works on it."""

from __future__ import annotations

import threading
from pathlib import Path

from napari_ubam.jobs import EventLog, announce_job
from napari_ubam.progress import Progress
from napari_ubam.runfolder.paths import CHECKPOINTS, CONFIG, POSTURE


class Announcement:
    """Writes the progress of this command into the run, where windows look for jobs.

    It begins with the first progress after the folder has become a run, so that a command that is refused
    leaves nothing behind.

    Parameters
    ----------
    folder : Path or None
        Folder of the run. None: nothing is written.
    command : str
        Name of the command.
    cancel : threading.Event
        Set when a window asks the command to stop.
    """

    def __init__(self, folder: Path | None, command: str, cancel: threading.Event) -> None:
        self._folder, self._command, self._cancel = folder, command, cancel
        self._log: EventLog | None = None
        self._lock = threading.Lock()

    def tell(self, event: Progress) -> None:
        """Write a progress event.

        Parameters
        ----------
        event : Progress
        """
        with self._lock:
            if self._log is None and self._folder is not None and _is_run(self._folder):
                self._begin(self._folder)
        if self._log is not None:
            self._log.write_progress(event)

    def _begin(self, folder: Path) -> None:
        try:
            self._log = announce_job(folder.absolute(), [self._command], self._cancel)
        except OSError:  # a run that cannot be written: the command itself says so if it must
            self._folder = None

    def end(self, code: int, text: str = "") -> None:
        """Write the end of the command.

        Parameters
        ----------
        code : int
            Its exit code.
        text : str
            Message to the user.
        """
        if self._log is not None:
            self._log.end(code, text)


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in (POSTURE, CONFIG, CHECKPOINTS))
