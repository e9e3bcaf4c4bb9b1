"""The Train panel: learning curves, cancelling, and a process that dies."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from qtpy.QtCore import Qt, QTimer

from napari_ubam.plugin.panels.train import TrainPanel
from napari_ubam.study import Study
from shared_widgets import Wait, delete


def test_training_shows_learning_curves_and_is_cancelled(
    viewer: Any, study_csv: Path, tmp_path: Path, wait: Wait
) -> None:
    panel = TrainPanel(viewer)
    assert not panel.start.isEnabled()
    panel.session.set_study(Study.from_csv(study_csv))
    panel.folder.setText(str(tmp_path / "run"))
    panel.preset.setCurrentIndex(panel.preset.findData("tiny"))
    wait(lambda: panel.device.findData("cpu") >= 0)
    panel.device.setCurrentIndex(panel.device.findData("cpu"))
    panel.start.click()
    assert not panel.start.isEnabled()
    worst = responsiveness(lambda: wait(lambda: panel.plot.axes.lines, 150))
    print(f"main thread while training: p99 {worst:.1f} ms between ticks of 5 ms")
    assert worst < 50
    panel.job_box.cancel.click()
    asked = time.monotonic()
    wait(lambda: not panel.session.is_working, 20)
    assert time.monotonic() - asked < 2.5
    assert "cancelled" in panel.job_box.title.text()
    assert panel.start.isEnabled()
    wait(lambda: panel.resume.isEnabled())
    assert panel.session.run is None
    delete(panel)


def responsiveness(work: Callable[[], None]) -> float:
    """99th percentile of the milliseconds by which a timer of 5 ms comes late."""
    ticks: list[float] = []
    timer = QTimer()
    timer.setInterval(5)
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    work()
    timer.stop()
    return float(np.percentile(np.diff(ticks) * 1000 - 5, 99))


def test_a_process_that_died_is_reported(viewer: Any, study_csv: Path, tmp_path: Path, wait: Wait) -> None:
    panel = TrainPanel(viewer)
    panel.session.set_study(Study.from_csv(study_csv))
    panel.folder.setText(str(tmp_path / "run"))
    panel.train()
    assert panel.session.job_progress is not None
    psutil.Process(panel.session.job_progress.job.pid).kill()
    wait(lambda: not panel.session.is_working)
    assert "ended without a word" in panel.job_box.title.text()
    delete(panel)
