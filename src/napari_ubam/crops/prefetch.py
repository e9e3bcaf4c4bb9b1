"""Prefetch the items of a generator in a background thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from napari_ubam.progress import Cancel, check_cancelled

T = TypeVar("T")

POLL_INTERVAL = 0.2  # seconds between checks for cancellation


def prefetch(
    make: Callable[[], Generator[T, None, None]], count: int, cancel: Cancel | None = None
) -> Generator[T, None, None]:
    """Run a generator in a background thread and prefetch its items.

    If the result is closed or garbage-collected, the generator is closed and the thread ends. An error in the
    generator is raised here, after the items before it.

    Parameters
    ----------
    make : callable
        Function without arguments that returns the generator. The thread calls, runs and closes it.
    count : int
        Maximum number of prefetched items. The caller must limit their memory.
    cancel : Cancel, optional
        Checked while this waits for an item.

    Yields
    ------
    object
        Items of the generator, in order.

    Raises
    ------
    Cancelled
        If ``cancel`` is set.
    """
    buffer: _Buffer[T] = _Buffer(count)
    thread = threading.Thread(target=_work, args=(make, buffer), name="napari-ubam-prefetch", daemon=True)
    thread.start()
    try:
        yield from buffer.items(cancel)
    finally:
        buffer.close()
        thread.join()


class _Buffer(Generic[T]):
    """Buffer between thread and consumer. Both refer to it, but not to each other."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._items: deque[T] = deque()
        self._change = threading.Condition()
        self._closed = self._ended = False
        self._error: BaseException | None = None

    def put(self, item: T) -> bool:
        """Wait for space and add an item. Return False if the consumer has closed the buffer."""
        with self._change:
            self._change.wait_for(lambda: self._closed or len(self._items) < self._count)
            if not self._closed:
                self._items.append(item)
                self._change.notify_all()
            return not self._closed

    def end(self, error: BaseException | None) -> None:
        with self._change:
            self._ended, self._error = True, error
            self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._items.clear()
            self._change.notify_all()

    def items(self, cancel: Cancel | None) -> Iterator[T]:
        while True:
            check_cancelled(cancel)
            with self._change:
                self._change.wait_for(lambda: self._items or self._ended, POLL_INTERVAL)
                if self._items:
                    item = self._items.popleft()
                    self._change.notify_all()
                elif self._ended:
                    break
                else:
                    continue
            yield item
        if self._error is not None:
            raise self._error


def _work(make: Callable[[], Generator[T, None, None]], buffer: _Buffer[T]) -> None:
    error: BaseException | None = None
    try:
        source = make()
        try:
            for item in source:
                if not buffer.put(item):
                    break
        finally:
            source.close()
    except BaseException as caught:  # any error must reach the waiting consumer
        error = caught
    buffer.end(error)
