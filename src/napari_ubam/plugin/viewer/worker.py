"""Short work in threads, and its errors: one sentence for the user, the traceback in the log."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Qt, QThreadPool, Signal  # type: ignore[attr-defined]

from napari_ubam.errors import UbamError, os_error_sentence

T = TypeVar("T")
THREADS = 4  # at least, so that a long check of videos does not hold up the rest
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


@dataclass(frozen=True)
class _Call:
    """Work, what takes its result or its error in the main thread, and what asks it to end soon."""

    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    stop: Callable[[], None] | None


class _Pool(QObject):
    """The threads, and what brings their results to the main thread. It lives as long as the process."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.threads = QThreadPool()
        self.threads.setMaxThreadCount(max(THREADS, self.threads.maxThreadCount()))
        self.arrived.connect(self._open, Qt.ConnectionType.QueuedConnection)

    def _open(self, call: Callable[[], None]) -> None:
        call()


class Worker:
    """Works in a thread, one call at a time; only the result of the latest call is used.

    A panel has one worker for each kind of work. If the user moves a slider quickly, results of earlier
    positions are ignored. Workers are made in the main thread.

    Parameters
    ----------
    failed : callable, optional
        Called with an error if `run` gets no `failed` of its own; by default `tell_error`.
    """

    # Not napari's `create_worker`: each of its threads puts a hook of its own into `warnings.showwarning`.
    # Two that overlap leave the hook of a finished one, and the next warning then ends the process, as does
    # a thread that ends after Qt.

    def __init__(self, failed: Callable[[BaseException], None] | None = None) -> None:
        self._failed = failed or tell_error
        self._current: _Call | None = None  # None also if the result of the thread is not wanted any more
        self._next: _Call | None = None
        self._busy = False
        _WORKERS.add(self)

    @property
    def is_busy(self) -> bool:
        """Whether a thread is working."""
        return self._busy

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
        stop: Callable[[], None] | None = None,
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
        stop : callable, optional
            Asks the work to end soon; called once nobody waits for its result any more.
        """
        call = _Call(work, done, failed or self._failed, stop)
        if not self.is_busy:
            self._start(call)
            return
        self._drop()
        self._next = call

    def forget(self) -> None:
        """Ignore the current and the waiting call, for a panel that closes."""
        self._drop()
        self._next = None

    def _drop(self) -> None:
        """Ask the current call to end, and forget what takes its result: it could outlive the panel."""
        dropped, self._current = self._current, None
        if dropped is not None and dropped.stop is not None:
            dropped.stop()

    def _start(self, call: _Call) -> None:
        self._current, self._busy = call, True
        _pool().threads.start(partial(self._work, call.work))

    def _work(self, work: Callable[[], Any]) -> None:
        """Do the work in the thread, and send what came of it to the main thread."""
        try:
            value = work()
        except BaseException as error:
            _pool().arrived.emit(partial(self._end, None, error))
        else:
            _pool().arrived.emit(partial(self._end, value, None))

    def _end(self, value: Any, error: BaseException | None) -> None:
        call, self._current, self._busy = self._current, None, False
        waiting, self._next = self._next, None
        try:
            if call is not None and error is not None:
                call.failed(error)
            elif call is not None:
                call.done(value)
        except Exception as wrong:  # an error that leaves a slot ends the process under PyQt6
            tell_error(wrong)
        if waiting is not None:
            self._start(waiting)


_POOLS: list[_Pool] = []
_WORKERS: WeakSet[Worker] = WeakSet()


def _pool() -> _Pool:
    """Give the threads of the process; the first call of a worker makes them."""
    if not _POOLS:
        _POOLS.append(_Pool())
        atexit.register(_end_all)  # runs before Qt deletes its objects, because Qt came first
    return _POOLS[0]


def _end_all() -> None:
    """Ask all work to stop, and wait for its end: a thread that ends after Qt ends the process."""
    for worker in list(_WORKERS):
        worker.forget()
    _pool().threads.waitForDone()
