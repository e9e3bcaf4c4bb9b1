"""A window that is closed over a job asks what becomes of it, and does what is clicked."""

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
    """Takes note that the window would close, and keeps it, since napari's own end of a test closes it."""

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
    window.installEventFilter(door)  # before the panel's own filter, so that it is asked after that
    made = Panel(viewer)
    viewer.window.add_dock_widget(made)
    QTest.qWait(100)
    yield made
    window.removeEventFilter(door)


@pytest.fixture
def job(panel: Panel, tmp_path: Path) -> Iterator[Job]:
    """Let a long job work on the panel's session."""
    view = panel.session.start(tmp_path, ["sample", str(tmp_path / "sample"), "--seconds", "300"])
    yield view.job
    view.job.kill()
    panel.session.poll()  # or the viewer's end, too, would ask


def close(panel: Panel, answer: str) -> list[str]:
    """Close the panel's window and click an answer; the texts of the question."""
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


def test_stay_keeps_the_window(panel: Panel, door: Door, job: Job) -> None:
    assert close(panel, "Keep napari open") == ["The job 'sample' is still running."]
    assert door.passed == 0
    assert job.is_alive()


def test_stop_ends_the_job(panel: Panel, door: Door, job: Job) -> None:
    session = panel.session
    assert close(panel, "Stop job")
    assert door.passed == 1
    begin = time.monotonic()
    while session.is_working and time.monotonic() - begin < 10:
        session.poll()
        QTest.qWait(50)
    assert job.state().status == "cancelled"


def test_a_job_may_go_on_without_napari(panel: Panel, door: Door, job: Job) -> None:
    assert close(panel, "Continue in background")
    assert door.passed == 1
    QTest.qWait(300)
    assert job.is_alive()


def test_without_a_job_nothing_is_asked(panel: Panel, door: Door) -> None:
    assert close(panel, "") == []
    assert door.passed == 1
