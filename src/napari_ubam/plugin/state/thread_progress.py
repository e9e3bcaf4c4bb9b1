"""Progress and cancellation of work in a thread of this process. Needs neither Qt nor napari."""

from __future__ import annotations

import threading

from napari_ubam.progress import Progress


class ThreadProgress:
    """Latest progress of work in a thread, and the flag that stops it.

    It is passed to the work both as ``progress`` and as ``cancel``. A panel reads `latest` with a timer.

    Attributes
    ----------
    latest : Progress or None
        None before the first report.
    """

    def __init__(self) -> None:
        self.latest: Progress | None = None
        self._stop = threading.Event()

    def __call__(self, progress: Progress) -> None:
        """Take a progress report.

        Parameters
        ----------
        progress : Progress
        """
        self.latest = progress

    def is_set(self) -> bool:
        """Whether the work should stop."""
        return self._stop.is_set()

    def stop(self, _: object = None) -> None:
        """Ask the work to stop."""
        self._stop.set()

    def reset(self) -> None:
        """Prepare for the next work; not while a thread works."""
        self.latest = None
        self._stop.clear()
