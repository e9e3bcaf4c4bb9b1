"""Work in threads: which results and errors arrive, and how it ends with the window and the process."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
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


def test_an_error_in_taking_a_result_does_not_keep_the_worker_busy(qapp: QApplication, wait: Wait) -> None:
    taken: list[object] = []
    worker = Worker()
    worker.run(lambda: 1, lambda _: fail())
    wait(lambda: not worker.is_busy)
    worker.run(lambda: 2, taken.append)
    wait(lambda: taken == [2])


def test_threads_that_overlap_leave_the_hook_of_warnings(qapp: QApplication, wait: Wait) -> None:
    before = warnings.showwarning
    first, second = Worker(), Worker()
    begun, go = [threading.Event(), threading.Event()], [threading.Event(), threading.Event()]

    def work(number: int) -> None:
        begun[number].set()
        go[number].wait(20)

    for number, worker in enumerate((first, second)):
        worker.run(lambda number=number: work(number), lambda _: None)
        wait(begun[number].is_set)
    go[0].set()
    wait(lambda: not first.is_busy)
    go[1].set()
    wait(lambda: not second.is_busy)
    assert warnings.showwarning is before


@pytest.mark.parametrize("how", ["forgotten", "replaced"])
def test_work_that_nobody_waits_for_is_asked_to_stop(qapp: QApplication, wait: Wait, how: str) -> None:
    stop, taken = threading.Event(), []
    worker = Worker()
    worker.run(lambda: stop.wait(20), taken.append, stop=stop.set)
    if how == "forgotten":
        worker.forget()
    else:
        worker.run(lambda: "next", taken.append)
    wait(lambda: not worker.is_busy)
    assert stop.is_set()
    assert taken == ([] if how == "forgotten" else ["next"])


CLOSING = """
import sys, threading, time
import napari
from qtpy.QtTest import QTest
from napari_ubam.plugin.panels.panel import Panel

stop = threading.Event()
for number in range(3):
    viewer = napari.Viewer(show=False)
    panel = Panel(viewer)
    viewer.window.add_dock_widget(panel)
    panel.worker().run(lambda: time.sleep(0.5), lambda _: sys.exit("a result came after the panel closed"))
    panel.worker().run(lambda: stop.wait(60), lambda _: None, stop=stop.set)
    viewer.close()
    if number:
        QTest.qWait(20)
print("closed", flush=True)
"""


def test_a_process_ends_well_while_threads_of_closed_viewers_work() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLOSING],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.stdout.split()[-1:], done.returncode) == (["closed"], 0), done.stderr[-2000:]
