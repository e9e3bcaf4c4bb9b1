"""Work in a thread with a progress bar and a Cancel button."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from qtpy.QtCore import QTimer

from napari_ubam.plugin.state.thread_progress import ThreadProgress
from napari_ubam.plugin.viewer.worker import Worker

from .progress_row import ProgressRow

T = TypeVar("T")
POLL_MS = 100


class TaskRow(ProgressRow):
    """Runs work in a thread and shows its progress; hidden without work.

    Parameters
    ----------
    worker : Worker
        Worker of the panel.
    tip : str
        What Cancel does, for its tooltip.
    """

    def __init__(self, worker: Worker, tip: str) -> None:
        self._worker, self._progress = worker, ThreadProgress()
        super().__init__(tip, self._progress.stop)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._update)
        self.setVisible(False)

    @property
    def is_running(self) -> bool:
        """Whether there is work."""
        return self._timer.isActive()

    def run(
        self,
        work: Callable[[ThreadProgress], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Run work in a thread. Ignored while other work runs.

        Parameters
        ----------
        work : callable
            Called in the thread with its progress callback, which is also its cancel flag.
        done : callable
            Called with the result in the main thread.
        failed : callable
            Called with the error instead; with `Cancelled` after Cancel.
        """
        if self.is_running:
            return
        progress = self._progress
        progress.reset()
        self.show_progress(None)
        self.setVisible(True)
        self._timer.start()
        self._worker.run(lambda: work(progress), self._then(done), self._then(failed), progress.stop)

    def _then(self, call: Callable[[T], None]) -> Callable[[T], None]:
        def end(value: T) -> None:
            self._timer.stop()
            self.setVisible(False)
            call(value)

        return end

    def _update(self) -> None:
        latest = self._progress.latest
        share = None if latest is None else latest.share
        self.show_progress(share, stopping=self._progress.is_set())
