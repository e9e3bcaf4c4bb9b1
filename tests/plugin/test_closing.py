"""The question before a window closes while a job runs, and its three answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox, QWidget

from napari_ubam.jobs import Job
from napari_ubam.plugin.panels.panel import Panel


class Door(QObject):
    """Counts attempts to close the window, and keeps it open, because napari closes it after the test."""

    passed = 0

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is None or event.type() != QEvent.Type.Close:
            return False
        self.passed += 1
        event.ignore()
        return True


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def panel(make_napari_viewer: Any, door: Door) -> Iterator[Panel]:
    viewer = make_napari_viewer(show=True)
    first = QWidget()
    viewer.window.add_dock_widget(first)
    window = first.window()
    assert window is not None
    window.installEventFilter(door)  # before the panel's filter, which Qt then asks first
    made = Panel(viewer)
    viewer.window.add_dock_widget(made)
    QTest.qWait(100)
    yield made
    window.removeEventFilter(door)


@pytest.fixture
def job(panel: Panel, tmp_path: Path) -> Iterator[Job]:
    """Start a long job in the panel's session."""
    started = panel.session.start(tmp_path, ["sample", str(tmp_path / "sample"), "--seconds", "300"])
    yield started.job
    started.job.kill()
    panel.session.poll()  # else closing the viewer after the test would ask, too


def close(panel: Panel, answer: str) -> list[str]:
    """Close the panel's window, click an answer, and give the texts of the questions."""
    asked: list[str] = []

    def click() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(50, click)
            return
        asked.append(box.text())
        (button,) = [one for one in box.buttons() if one.text().replace("&", "") == answer]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    window = panel.window()
    assert window is not None
    if answer:
        QTimer.singleShot(50, click)
    window.close()
    return asked


def test_the_window_stays_open(panel: Panel, door: Door, job: Job) -> None:
    assert close(panel, "Keep napari open") == ["The job 'sample' is still running."]
    assert door.passed == 0
    assert job.is_alive()


def test_the_job_is_stopped(panel: Panel, door: Door, job: Job) -> None:
    session = panel.session
    assert close(panel, "Stop job")
    assert door.passed == 1
    begin = time.monotonic()
    while session.is_working and time.monotonic() - begin < 10:
        session.poll()
        QTest.qWait(50)
    assert job.state().status == "cancelled"


def test_the_job_continues_without_napari(panel: Panel, door: Door, job: Job) -> None:
    assert close(panel, "Continue in background")
    assert door.passed == 1
    QTest.qWait(300)
    assert job.is_alive()


def test_without_a_job_nothing_is_asked(panel: Panel, door: Door) -> None:
    assert close(panel, "") == []
    assert door.passed == 1
