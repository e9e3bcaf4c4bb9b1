"""Work in threads: which results and errors arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from qtpy.QtWidgets import QApplication

from napari_ubam.plugin.viewer.worker import Worker

Wait = Callable[..., None]


def fail() -> None:
    raise ValueError("no")


def test_an_error_goes_to_the_call_that_made_it(qapp: QApplication, wait: Wait) -> None:
    usual: list[BaseException] = []
    own: list[BaseException] = []
    worker = Worker(usual.append)
    worker.run(fail, lambda _: pytest.fail("there is no result"), own.append)
    wait(lambda: not worker.is_busy)
    worker.run(fail, lambda _: pytest.fail("there is no result"))
    wait(lambda: not worker.is_busy)
    assert [str(error) for error in own] == ["no"]
    assert [str(error) for error in usual] == ["no"]


def test_only_the_latest_call_waits(qapp: QApplication, wait: Wait) -> None:
    go, taken = threading.Event(), []
    worker = Worker()
    worker.run(lambda: go.wait(20), lambda _: taken.append("first"))
    for name in ("second", "third"):
        worker.run(lambda name=name: name, taken.append)
    go.set()
    wait(lambda: not worker.is_busy)
    assert taken == ["third"]


def test_forgotten_work_reports_nothing(qapp: QApplication, wait: Wait) -> None:
    taken: list[object] = []
    worker = Worker(taken.append)
    worker.run(fail, taken.append, taken.append)
    worker.forget()
    wait(lambda: not worker.is_busy)
    assert taken == []
