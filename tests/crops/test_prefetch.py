"""Prefetching iterators."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Generator

import pytest

from napari_ubam.crops.prefetch import prefetch
from napari_ubam.progress import Cancelled


def threads() -> int:
    return sum(thread.name == "napari-ubam-prefetch" for thread in threading.enumerate())


class Source:
    """Factory of counting generators. It records the thread, the last number and whether it was closed."""

    def __init__(self, stop: int = 10**9) -> None:
        self.made, self.closed, self.stop = 0, False, stop
        self.thread: int | None = None

    def __call__(self) -> Generator[int, None, None]:
        """Count."""
        self.thread = threading.get_ident()
        try:
            for number in range(self.stop):
                self.made = number + 1
                yield number
        finally:
            self.closed = True


def test_items_come_in_order_from_another_thread() -> None:
    source = Source(100)
    assert list(prefetch(source, 3)) == list(range(100))
    assert source.thread != threading.get_ident()
    assert source.closed
    assert threads() == 0


def test_the_number_of_prefetched_items_is_limited() -> None:
    source = Source()
    items = prefetch(source, 3)
    assert next(items) == 0
    deadline = time.monotonic() + 5
    while source.made < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert source.made == 5  # one taken, three wait, one is held ready
    items.close()


def test_closing_early_ends_the_thread_and_the_generator() -> None:
    source = Source()
    items = prefetch(lambda: prefetch(source, 2), 2)  # one behind the other
    next(items)
    items.close()
    assert source.closed
    assert threads() == 0


def test_garbage_collection_ends_the_thread() -> None:
    source = Source()
    items = prefetch(source, 2)
    next(items)
    del items
    gc.collect()
    assert source.closed
    assert threads() == 0


def test_an_exception_comes_after_the_items_before_it() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise KeyError("lost")

    items = prefetch(failing, 2)
    assert next(items) == 1
    with pytest.raises(KeyError, match="lost"):
        next(items)
    assert threads() == 0


def test_waiting_is_cancelled() -> None:
    cancel, release = threading.Event(), threading.Event()

    def slow() -> Generator[int, None, None]:
        release.wait(10)
        yield 1

    items = prefetch(slow, 2, cancel)
    threading.Timer(0.1, cancel.set).start()
    threading.Timer(0.6, release.set).start()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        next(items)
    assert time.monotonic() - begin < 2
    assert threads() == 0
