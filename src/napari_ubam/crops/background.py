"""An iterator that works ahead in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from napari_ubam.progress import Cancel, check_cancelled

T = TypeVar("T")

POLL = 0.2  # seconds between looks at whether the work should stop


def ahead(
    make: Callable[[], Generator[T, None, None]], count: int, cancel: Cancel | None = None
) -> Generator[T, None, None]:
    """Run a generator in a thread, up to some items before they are asked for.

    Closing the result, or leaving it to be collected, closes the generator and ends the thread. What the
    generator raises is raised here, after the items before it.

    Parameters
    ----------
    make : callable
        Gives the generator; called, run and closed in the thread.
    count : int
        Most items that wait; the memory they hold is the caller's to bound.
    cancel : Cancel, optional
        Looked at while an item is waited for.

    Yields
    ------
    object
        The generator's items, in order.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    shelf: _Shelf[T] = _Shelf(count)
    thread = threading.Thread(target=_work, args=(make, shelf), name="napari-ubam-ahead", daemon=True)
    thread.start()
    try:
        yield from shelf.items(cancel)
    finally:
        shelf.close()
        thread.join()


class _Shelf(Generic[T]):
    """Where the thread puts items; the generator refers to it and the thread does, neither to the other."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._items: deque[T] = deque()
        self._change = threading.Condition()
        self._closed = self._ended = False
        self._error: BaseException | None = None

    def put(self, item: T) -> bool:
        """Wait for room and put an item there; False where nobody wants it any more."""
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
                self._change.wait_for(lambda: self._items or self._ended, POLL)
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


def _work(make: Callable[[], Generator[T, None, None]], shelf: _Shelf[T]) -> None:
    error: BaseException | None = None
    try:
        source = make()
        try:
            for item in source:
                if not shelf.put(item):
                    break
        finally:
            source.close()
    except BaseException as caught:  # whatever it is, the one who waits must hear of it
        error = caught
    shelf.end(error)
