"""Short work in threads, and its errors: one sentence for the user, the traceback in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from napari.qt.threading import create_worker
from napari.utils.notifications import show_error

from napari_ubam.errors import UbamError, os_error_sentence

T = TypeVar("T")
Call = tuple[Callable[[], Any], Callable[[Any], None], Callable[[BaseException], None]]
"""The work, what takes its result, and what takes its error."""
log = logging.getLogger("napari_ubam")


def sentence_of(error: BaseException) -> str:
    """Write an error as one sentence for the user.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str
        The message of a refusal; for any other error, its message and a hint to the log.
    """
    if isinstance(error, UbamError):
        return str(error)
    if isinstance(error, OSError):
        return os_error_sentence(error)
    what = str(error) or type(error).__name__
    return f"An unexpected error occurred ({what}); see the log of napari_ubam for details."


def tell_error(error: BaseException) -> None:
    """Show an error to the user, and log its traceback.

    Parameters
    ----------
    error : BaseException
    """
    log.error("%s", error, exc_info=error)
    show_error(sentence_of(error))


class Worker:
    """Works in a thread, one call at a time; only the result of the latest call is used.

    A panel has one worker for each kind of work. If the user moves a slider quickly, results of earlier
    positions are ignored.

    Parameters
    ----------
    failed : callable, optional
        Called with an error if `run` gets no `failed` of its own; by default `tell_error`.
    """

    def __init__(self, failed: Callable[[BaseException], None] | None = None) -> None:
        self._failed = failed or tell_error
        self._turn = self._started = 0
        self._done: Callable[[Any], None] | None = None
        self._busy = False
        self._broken: Callable[[BaseException], None] | None = None
        self._next: Call | None = None
        self._worker: Any = None

    @property
    def is_busy(self) -> bool:
        """Whether a thread is working."""
        return self._busy

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Work in a thread. While it works, only the latest call waits; earlier ones are dropped.

        Parameters
        ----------
        work : callable
            Called in the thread.
        done : callable
            Called with the result in the main thread.
        failed : callable, optional
            Called with the error in the main thread; by default that of the worker.
        """
        self._turn += 1
        call = (work, done, failed or self._failed)
        if self._busy:
            self._next = call
            return
        self._start(*call)

    def forget(self) -> None:
        """Ignore the current and the waiting call, for a panel that closes."""
        self._turn += 1
        self._next = self._done = self._broken = None

    def _start(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        # Callbacks are kept here: a connection to them could outlive the panel.
        self._started, self._done, self._broken, self._busy = self._turn, done, failed, True
        self._worker = create_worker(work, _start_thread=False, _ignore_errors=True)
        self._worker.returned.connect(self._took)
        self._worker.errored.connect(self._broke)
        self._worker.finished.connect(self._finished)
        self._worker.start()

    def _took(self, value: Any) -> None:
        if self._started != self._turn or self._done is None:
            return
        try:
            self._done(value)
        except Exception as error:  # an error that leaves a slot ends the process under PyQt6
            tell_error(error)

    def _broke(self, error: BaseException) -> None:
        if self._started == self._turn and self._broken is not None:
            self._broken(error)

    def _finished(self) -> None:
        self._busy, self._worker, self._done, self._broken = False, None, None, None
        waiting, self._next = self._next, None
        if waiting is not None:
            self._start(*waiting)
