"""The Train panel: learning curves, cancelling, resuming, and a process that dies."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtGui import QResizeEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox

from napari_ubam.families import describe_presets
from napari_ubam.plugin.panels.train import TrainPanel
from napari_ubam.plugin.viewer.theme import colours_of
from napari_ubam.plugin.widgets.loss_plot import LossPlot
from napari_ubam.run import Run
from napari_ubam.runfolder.paths import CHECKPOINTS, MAGNIFIER, MAGNIFIER_CHECKPOINTS
from napari_ubam.study import Study
from napari_ubam.training.pipeline.training_record import TrainingRecord
from shared_runs import advise, mini
from shared_widgets import Wait, copy_of, delete


def test_training_shows_learning_curves_and_is_cancelled(
    viewer: Any, study_csv: Path, tmp_path: Path, wait: Wait
) -> None:
    panel = TrainPanel(viewer)
    assert not panel.start.isEnabled()
    panel.session.set_study(Study.from_csv(study_csv))
    panel.folder.setText(str(tmp_path / "run"))
    wait(lambda: panel.device.findData("cpu") >= 0)
    panel.preset.setCurrentIndex(panel.preset.findData("tiny"))
    panel.device.setCurrentIndex(panel.device.findData("cpu"))
    panel.start.click()
    assert not panel.start.isEnabled()
    worst = responsiveness(lambda: wait(lambda: panel.plot.axes.lines, 150))
    print(f"main thread while training: p99 {worst:.1f} ms between ticks of 5 ms")
    assert worst < 50
    panel.job_box.cancel.click()
    wait(lambda: not panel.session.is_working, 60)
    assert "cancelled at step" in panel.job_box.title.text()
    assert panel.start.isEnabled()
    wait(lambda: panel.resume.isEnabled())
    assert panel.session.run is None
    assert panel.resume.text() == "Resume encoders"
    delete(panel)


def test_no_curve_runs_through_the_names_of_the_curves(viewer: Any) -> None:
    panel = TrainPanel(viewer)
    curves = {f"posture, loss {number}": [(1, 2.0), (2, 1.0), (3, 3.0)] for number in range(6)}
    for theme in ("light", "dark"):
        viewer.theme = theme
        assert panel.plot.show_losses(curves)
        panel.plot.draw()
        (names,) = panel.plot.figure.legends
        assert [text.get_text() for text in names.get_texts()] == [f"loss {number}" for number in range(6)]
        assert names.get_window_extent().y0 >= panel.plot.axes.get_window_extent().y1
        assert panel.plot.axes.get_window_extent().height > 50
    assert panel.plot.show_losses({"behaviour, loss": [(7, 2.0)]})
    (line,) = panel.plot.axes.lines
    assert line.get_marker() == "o"
    assert set(panel.plot.axes.get_xticks()) <= set(range(20))
    delete(panel)


def test_learning_curves_cost_little_at_each_event(
    viewer: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot = LossPlot(colours_of(viewer))
    drawn, placed = [], []
    draw, place = Figure.draw, ConstrainedLayoutEngine.execute
    monkeypatch.setattr(Figure, "draw", lambda *given: drawn.append(1) or draw(*given))
    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", lambda *given: placed.append(1) or place(*given))

    def shown(points: int) -> int:
        """Show some points, and count how often the places of axes and names were worked out for them."""
        drawn.clear(), placed.clear()
        plot.show_losses({"posture, loss": [(step, 1 + 1 / step) for step in range(1, points + 1)]})
        wait(lambda: drawn)
        return len(placed)

    plot.show_losses({"posture, loss": [(1, 2.0)]})
    plot.resizeEvent(QResizeEvent(QSize(380, 160), QSize(340, 190)))  # as from a layout
    QApplication.processEvents()
    assert not drawn  # nobody sees it
    plot.resize(380, 160)
    plot.show()
    wait(lambda: drawn)
    assert shown(8) == 1
    assert [shown(points) for points in range(9, 13)] == [0, 0, 0, 0]
    assert shown(16) == 1
    plot.resize(500, 160)
    assert shown(17) == 1
    delete(plot)


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
    assert "ended unexpectedly" in panel.job_box.title.text()
    delete(panel)


def test_presets_are_described_as_they_are(viewer: Any, wait: Wait) -> None:
    panel = TrainPanel(viewer)
    wait(lambda: panel.preset.count() > 1)
    shown = {panel.preset.itemData(row): panel.preset.itemText(row) for row in range(panel.preset.count())}
    assert shown == {name: f"{name}: {text}" for name, text in describe_presets().items()}
    assert "112 × 112" in shown["tiny"]
    assert panel.preset.currentData() == "small"
    delete(panel)


def stop_training(folder: Path, part: str, seconds: float) -> None:
    """Write what a stopped training leaves in a run's folder."""
    checkpoints = folder / {"encoders": CHECKPOINTS, "magnifier": MAGNIFIER_CHECKPOINTS}[part]
    checkpoint = checkpoints / "stage" / "step-00000005.safetensors"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"")
    os.utime(checkpoint, (seconds, seconds))
    TrainingRecord(config=mini(), seed=7, study="", minutes=2.0).write(checkpoints)


@pytest.fixture
def panel(viewer: Any, run: Run, study: Study, tmp_path: Path, wait: Wait) -> Iterator[TrainPanel]:
    """Give a Train panel with a trained run."""
    made = TrainPanel(viewer)
    folder = copy_of(run, tmp_path / "run")
    shutil.rmtree(folder / CHECKPOINTS)
    made.session.set_study(study)
    open_again(made, folder, wait)
    wait(lambda: made.device.findData("cpu") >= 0)
    made.device.setCurrentIndex(made.device.findData("cpu"))
    yield made
    delete(made)


def open_again(panel: TrainPanel, folder: Path, wait: Wait) -> None:
    """Read the folder of the run, as after a job."""
    before = panel.session.contents
    panel.link.open_run(folder)
    wait(lambda: panel.session.contents is not before)


@pytest.fixture
def started(panel: TrainPanel, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Give the commands that the panel starts, after the study and the folder; none is run."""
    commands: list[list[str]] = []
    monkeypatch.setattr(panel.session, "start", lambda folder, words: commands.append(words[4:]))
    return commands


@pytest.mark.parametrize(
    ("order", "part", "words"),
    [
        (["magnifier"], "magnifier", ["--magnifier", "--device", "cpu", "--resume"]),
        (["encoders"], "encoders", ["--device", "cpu", "--resume"]),
        (["encoders", "magnifier"], "magnifier", ["--magnifier", "--device", "cpu", "--resume"]),
        (["magnifier", "encoders"], "encoders", ["--device", "cpu", "--resume"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else value,
)
def test_what_was_stopped_last_is_resumed_with_its_own_settings(
    panel: TrainPanel, started: list[list[str]], wait: Wait, order: list[str], part: str, words: list[str]
) -> None:
    folder = panel.session.run_folder
    assert folder is not None
    assert not panel.resume.isEnabled()
    for seconds, one in enumerate(order):
        stop_training(folder, one, 1e9 + seconds)
    open_again(panel, folder, wait)
    panel.preset.setCurrentIndex(panel.preset.findData("base"))  # the settings of the start count, not these
    panel.window_ms.setValue(900)
    assert panel.resume.isEnabled()
    assert panel.resume.text() == f"Resume {part}"
    assert "preset mini, random seed 7, window 400 ms" in panel.resume.toolTip()
    panel.resume.click()
    assert started == [words]


def test_a_model_that_was_trained_too_little_is_trained_longer(
    panel: TrainPanel, started: list[list[str]], run: Run, wait: Wait
) -> None:
    folder = panel.session.run_folder
    assert folder is not None
    advise(folder, "The score still rose. Train about 12 minutes more.", 12)
    open_again(panel, folder, wait)
    assert "Train about 12 minutes more." in panel.quality.text()
    assert not panel.resume.isEnabled()  # there are no checkpoints to go on from
    TrainingRecord(config=mini(), seed=7, study="", minutes=2.0, finished=True).write(folder / CHECKPOINTS)
    open_again(panel, folder, wait)
    assert panel.resume.isEnabled()
    assert panel.resume.text() == "Train 12 min more"
    panel.resume.click()
    assert started == [["--device", "cpu", "--minutes", "12", "--resume"]]
    advise(folder, "", None)
    open_again(panel, folder, wait)
    assert not panel.resume.isEnabled()
    assert panel.resume.text() == "Resume"


def test_a_training_takes_the_backbone_of_the_panel(
    panel: TrainPanel, started: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ubam.plugin.panels.train.ask_about_trained", lambda *_: "start")
    backbone = panel.backbone
    assert not backbone.use.isVisibleTo(backbone)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "net.pth"), ""))
    backbone.choose_file()
    assert backbone.use.isVisibleTo(backbone)
    backbone.name.setText("dinov2_vits14")
    backbone.tuned.setChecked(True)
    panel.start.click()
    named = ["--backbone", str(tmp_path / "net.pth"), "--backbone-name", "dinov2_vits14", "--tune-backbone"]
    assert started[0][-5:] == named
    backbone.path.clear()
    panel.start.click()
    assert "--backbone" not in " ".join(started[1])


def test_whole_pictures_are_a_choice_of_the_panel(
    panel: TrainPanel, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ubam.plugin.panels.train.ask_about_trained", lambda *_: "start")
    panel.start.click()
    panel.whole_frame.click()
    panel.start.click()
    assert ["--whole-frame" in words for words in started] == [False, True]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Start again", ["--preset", "small", "--device", "cpu", "--minutes", "10", "--restart"]),
        ("Resume", ["--device", "cpu", "--resume"]),
        ("Cancel", None),
    ],
)
def test_a_stopped_training_is_not_lost_without_a_question(
    panel: TrainPanel, started: list[list[str]], answer: str, words: list[str] | None
) -> None:
    folder = panel.session.run_folder
    assert folder is not None
    stop_training(folder, "encoders", 1e9)
    assert click_answer(answer, panel.start.click) == [
        "A training of the encoders was stopped (preset mini, random seed 7, window 400 ms)."
    ]
    assert started == ([] if words is None else [words])


def test_a_stopped_magnifier_can_be_started_again(panel: TrainPanel, started: list[list[str]]) -> None:
    folder = panel.session.run_folder
    assert folder is not None
    assert click_answer("Train anew", panel.magnifier.click) == ["This run has a trained magnifier."]
    stop_training(folder, "magnifier", 1e9)
    assert len(click_answer("Start again", panel.magnifier.click)) == 1
    words = ["--magnifier", "--device", "cpu", "--minutes", "10"]
    assert started == [words, [*words, "--restart"]]


def test_a_model_is_trained_in_another_folder_if_the_user_prefers(
    panel: TrainPanel, started: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    for chosen in ("", str(other)):
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, name=chosen: name)
        assert click_answer("Choose another folder …", panel.start.click) == ["This run has a trained model."]
        assert len(started) == bool(chosen)
    assert panel.folder.text() == str(other)


def test_a_training_that_made_no_step_is_resumed_but_nothing_is_asked(
    panel: TrainPanel, started: list[list[str]], wait: Wait
) -> None:
    folder = panel.session.run_folder
    assert folder is not None
    TrainingRecord(config=mini(), seed=7, study="", minutes=2.0).write(folder / MAGNIFIER_CHECKPOINTS)
    (folder / MAGNIFIER).unlink()
    open_again(panel, folder, wait)
    assert panel.resume.text() == "Resume magnifier"
    panel.resume.click()
    panel.magnifier.click()
    assert [words[3:] for words in started] == [["--resume"], ["--minutes", "10"]]


def click_answer(answer: str, act: Callable[[], object]) -> list[str]:
    """Act, click an answer of the question that comes up, and give the question."""
    asked: list[str] = []

    def click() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(50, click)
            return
        asked.append(box.text())
        (button,) = [one for one in box.buttons() if one.text().replace("&", "") == answer]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    QTimer.singleShot(50, click)
    act()
    return asked
