"""Training in a real window: its stages from the first second, cancelling early, resuming, training anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox, QPushButton

from napari_ubam.models.weights import read_header
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.runfolder.paths import BEHAVIOUR, MAGNIFIER, POSTURE
from napari_ubam.study import Study
from ready_process import start_jobs_at_once
from real_window import Window

pytestmark = pytest.mark.slow


def prepare(window: Window) -> Any:
    """Open the Train panel, and choose a training of seconds."""
    train = window.open("2 Train")
    window.wait(lambda: train.device.findData("cpu") >= 0)
    train.device.setCurrentIndex(train.device.findData("cpu"))
    train.preset.setCurrentIndex(train.preset.findData("tiny"))
    train.minutes.setValue(0.1)
    return train


def answer(window: Window, train: Any, button: str, choice: str, picture: str) -> str:
    """Click a button of the panel, answer the question that comes up, and give the question."""
    asked: list[str] = []

    def reply() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(50, reply)
            return
        box.grab().save(str(window.pictures / f"{picture}.png"))
        asked.append(f"{box.text()} {box.informativeText()}")
        (found,) = [one for one in box.buttons() if one.text().replace("&", "") == choice]
        QTest.mouseClick(found, Qt.MouseButton.LeftButton)

    QTimer.singleShot(50, reply)
    window.click(train, button)
    return asked[0]


def cancel_when(window: Window, train: Any, stage: str) -> None:
    """Cancel the job as soon as its title tells of a stage."""
    title = train.job_box.title
    window.wait(lambda: stage in title.text(), 150)
    window.click(train, "Cancel")
    window.wait(lambda: not train.session.is_working, 60)


def resume(window: Window, train: Any, part: str, ended: Callable[[], object]) -> None:
    """Resume a part by its button, and wait for its good end."""
    window.wait(lambda: train.resume.isEnabled() and train.resume.text() == f"Resume {part}", 30)
    window.click(train, f"Resume {part}")
    window.wait(lambda: not train.session.is_working, 200)
    assert train.session.job_progress.state.status == "done", train.job_box.title.text()
    window.wait(ended, 30)


@pytest.mark.usefixtures("loading")
def test_new_encoders_are_cancelled_before_the_first_step_and_after_it(
    window: Window, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = link_of(window.viewer).session
    session.set_study(study)
    train = prepare(window)
    train.folder.selectAll()
    QTest.keyClicks(train.folder, str(tmp_path / "run"))
    window.click(train, "Train")
    window.wait(lambda: "loading libraries" in train.job_box.title.text(), 20)
    window.shoot("training-1-libraries")
    cancel_when(window, train, "reading crops")
    assert "before its first step; resuming starts it" in train.job_box.title.text()
    start_jobs_at_once(monkeypatch)  # the libraries have been seen
    window.wait(lambda: train.resume.isEnabled() and train.resume.text() == "Resume encoders", 30)
    window.click(train, "Resume encoders")
    cancel_when(window, train, "learning posture")
    assert "cancelled" in train.job_box.title.text()
    window.shoot("training-2-cancelled")
    assert session.run is None
    resume(window, train, "encoders", lambda: session.run is not None)
    window.shoot("training-3-done")
    assert train.resume.text() != "Resume encoders"  # but perhaps to train longer
    assert window.errors == []


@pytest.mark.parametrize(
    ("part", "button", "stage", "files"),
    [
        ("encoders", "Train", "learning posture", (POSTURE, BEHAVIOUR)),
        ("magnifier", "Train magnifier", "learning to magnify", (MAGNIFIER,)),
    ],
)
def test_a_finished_model_stays_until_the_new_one_has_ended(
    run_window: Window, run_folder: Path, part: str, button: str, stage: str, files: tuple[str, ...]
) -> None:
    window, session = run_window, link_of(run_window.viewer).session
    train = prepare(window)
    before = {name: (run_folder / name).read_bytes() for name in files}
    said = answer(window, train, button, "Cancel", f"training-4-{part}")
    assert "has a trained" in said
    assert "Kept: " in said
    assert not session.is_working
    answer(window, train, button, "Train anew", f"training-4-{part}")
    cancel_when(window, train, stage)
    assert {name: (run_folder / name).read_bytes() for name in files} == before
    assert session.run is not None
    assert session.contents is not None
    assert session.contents.has_magnifier
    resume(window, train, part, lambda: train.resume.text() != f"Resume {part}")
    assert all((run_folder / name).read_bytes() != before[name] for name in files)
    assert read_header(run_folder / files[0]).steps > 0
    assert window.errors == []


def test_a_job_that_does_not_stop_is_ended_by_a_second_click(
    window: Window, study: Study, tmp_path: Path
) -> None:
    session = link_of(window.viewer).session
    session.set_study(study)
    train = prepare(window)
    train.folder.setText(str(tmp_path / "run"))
    window.click(train, "Train")
    window.wait(lambda: "starting Python" not in train.job_box.title.text(), 30)
    psutil.Process(session.job_progress.job.pid).suspend()
    window.click(train, "Cancel")
    (found,) = [one for one in train.job_box.findChildren(QPushButton) if one.text() == "Stopping …"]
    assert not found.isEnabled()
    window.wait(lambda: found.text() == "Stop now" and found.isEnabled(), 10)
    assert session.is_working
    window.shoot("training-5-stop-now")
    window.click(train, "Stop now")
    window.wait(lambda: not session.is_working, 10)
    assert "cancelled and ended at once" in train.job_box.title.text()
    assert train.start.isEnabled()
