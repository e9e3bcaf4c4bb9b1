"""Short work in threads, and how its errors reach the user: one sentence, with the traceback in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from napari.qt.threading import create_worker
from napari.utils.notifications import show_error

from napari_ubam.errors import UbamError, os_error_sentence

T = TypeVar("T")
Task = tuple[Callable[[], Any], Callable[[Any], None], Callable[[BaseException], None]]
log = logging.getLogger("napari_ubam")


def sentence_of(error: BaseException) -> str:
    """Sentence for the user: our own errors are sentences, others are named with where to look."""
    if isinstance(error, UbamError):
        return str(error)
    if isinstance(error, OSError):
        return os_error_sentence(error)
    what = str(error) or type(error).__name__
    return f"Something went wrong that should not ({what}); the log of napari_ubam has the details."


def tell_error(error: BaseException) -> None:
    """Notify the user of an error, and log its traceback."""
    log.error("%s", error, exc_info=error)
    show_error(sentence_of(error))


class Worker:
    """One piece of work in a thread whose result is taken only while it is wanted.

    A panel keeps one for each kind of work: a later call supersedes an earlier one, whose result is then
    dropped, so that quick turns of a slider never show the picture of an earlier place.

    Parameters
    ----------
    failed : callable, optional
        Told of an error instead of the user, unless the call says who is.
    """

    def __init__(self, failed: Callable[[BaseException], None] | None = None) -> None:
        self._failed = failed or tell_error
        self._turn = self._started = 0
        self._done: Callable[[Any], None] | None = None
        self._busy = False
        self._broken: Callable[[BaseException], None] | None = None
        self._next: Task | None = None
        self._worker: Any = None

    @property
    def is_busy(self) -> bool:
        """Whether a thread works."""
        return self._busy

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Work in a thread, then call `done` with the result, or `failed` with its error, in the main thread.

        While a thread works, only the latest call waits; those between are dropped.
        """
        self._turn += 1
        task = (work, done, failed or self._failed)
        if self._busy:
            self._next = task
            return
        self._start(*task)

    def forget(self) -> None:
        """Drop what is under way and what waits; for a panel that closes."""
        self._turn += 1
        self._next = self._done = self._broken = None

    def _start(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        # What is to be done is kept here, not in the connections, which the thread's end may outlive.
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
