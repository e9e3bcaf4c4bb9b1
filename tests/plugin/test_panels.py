"""The panels, driven by their widgets, with a viewer as plugins are handed it."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
from qtpy.QtCore import QCoreApplication, QEvent, Qt, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_ubam.plugin.panels.deviation import DeviationPanel
from napari_ubam.plugin.panels.explore import ExplorePanel
from napari_ubam.plugin.panels.magnify import MagnifyPanel
from napari_ubam.plugin.panels.panel import WIDTH, Panel
from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.plugin.panels.timeline import TimelinePanel
from napari_ubam.plugin.panels.train import TrainPanel
from napari_ubam.plugin.state.magnification_cache import MagnificationCache, MagnificationRequest
from napari_ubam.plugin.viewer.link import link_of, session_of
from napari_ubam.run import Run
from napari_ubam.study import Roi, Study

PANELS = (StudyPanel, TrainPanel, DeviationPanel, TimelinePanel, ExplorePanel, MagnifyPanel)
Wait = Callable[..., None]


def delete(widget: QWidget) -> None:
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QTest.qWait(10)


@pytest.fixture
def viewer(make_napari_viewer_proxy):  # type: ignore[no-untyped-def]
    return make_napari_viewer_proxy()


@pytest.fixture
def opened(viewer, run: Run, wait: Wait):  # type: ignore[no-untyped-def]
    """Give a viewer in which the run is open and its impaired animal shown."""
    keeper = Panel(viewer)
    link = link_of(viewer)
    link.open_run(run.folder)
    wait(lambda: link.session.run is not None)
    link.show("impaired1", 30)
    wait(lambda: link.here() == ("impaired1", 30))
    yield viewer
    delete(keeper)


@pytest.mark.parametrize("make", PANELS, ids=lambda make: make.__name__)
def test_every_panel_starts_empty_and_fits_the_dock(make, viewer) -> None:  # type: ignore[no-untyped-def]
    panel = make(viewer)
    assert panel.sizeHint().width() <= WIDTH
    inside = panel.findChild(QScrollArea).widget()
    if make is not TimelinePanel:  # which lies below the canvas
        assert inside.minimumSizeHint().width() <= WIDTH - 12
    for widget in panel.findChildren(QWidget):
        if widget.metaObject().className() == "QPushButton":
            assert widget.toolTip(), widget.text()
    delete(panel)


def test_the_tab_key_follows_the_eye(make_napari_viewer) -> None:  # type: ignore[no-untyped-def]
    viewer = make_napari_viewer(show=True)
    panel = MagnifyPanel(viewer)
    viewer.window.add_dock_widget(panel)
    QTest.qWait(100)
    parts = [panel.reference.box, panel.span, panel.factor, panel.smoothing, panel.previewing, panel.save]
    order, one = [], panel.reference.box
    for _ in range(60):
        order += [number for number, part in enumerate(parts) if part is one or part.isAncestorOf(one)]
        one = one.nextInFocusChain()
    assert list(dict.fromkeys(order)) == list(range(len(parts)))
    viewer.window.remove_dock_widget(panel)
    delete(panel)


def test_two_viewers_share_nothing(make_napari_viewer, study: Study) -> None:
    one, other = make_napari_viewer(), make_napari_viewer()
    session_of(one).set_study(study)
    assert session_of(one) is session_of(one)
    assert session_of(other).study is None


def test_videos_are_added_edited_and_saved(viewer, study: Study, tmp_path: Path, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = StudyPanel(viewer)
    panel.add_videos([one.video for one in study])
    assert "problems" in panel.summary.text()
    model, columns = panel.table.rows, panel.table.rows.columns
    assert model.data(model.index(0, 0)) == "⚠"
    assert "group" in model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    panel.table.setCurrentIndex(model.index(0, columns.index("group")))
    QGuiApplication.clipboard().setText("\n".join(one.group for one in study))
    panel.table.paste()
    assert "4 recordings, 4 subjects" in panel.summary.text()
    assert "not saved" in panel.summary.text()
    panel.save_csv(tmp_path / "mine.csv")
    assert "not saved" not in panel.summary.text()
    assert Study.from_csv(tmp_path / "mine.csv").groups == study.groups
    panel.check_videos()
    wait(lambda: "checked" in panel._foot.text())
    delete(panel)


def test_a_region_is_drawn_and_copied(viewer, study_csv: Path, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = StudyPanel(viewer)
    panel.open_csv(study_csv)
    panel.table.setCurrentIndex(panel.table.rows.index(1, 1))
    panel.clear_region()
    panel.draw_region()
    wait(lambda: any(layer.name.startswith("region") for layer in viewer.layers))
    layer = next(layer for layer in viewer.layers if layer.name.startswith("region"))
    layer.add_rectangles([[19.5, 29.5], [19.5, 89.5], [79.5, 89.5], [79.5, 29.5]])
    wanted = Roi(x=30, y=20, width=60, height=60)
    assert panel.session.study is not None
    assert panel.session.study[1].roi == wanted
    panel.copy_region()
    assert {one.roi for one in panel.session.study} == {wanted}
    delete(panel)


def test_training_shows_losses_and_is_cancelled(viewer, study_csv: Path, tmp_path: Path, wait: Wait) -> None:  # type: ignore[no-untyped-def]
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
    wait(lambda: panel.resume.isEnabled() or panel.session.run is None)
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


def test_a_dead_child_is_told_of(viewer, study_csv: Path, tmp_path: Path, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = TrainPanel(viewer)
    panel.session.set_study(Study.from_csv(study_csv))
    panel.folder.setText(str(tmp_path / "run"))
    panel.train()
    assert panel.session.job_progress is not None
    psutil.Process(panel.session.job_progress.job.pid).kill()
    wait(lambda: not panel.session.is_working)
    assert "ended without a word" in panel.job_box.title.text()
    delete(panel)


def test_episodes_are_ranked_and_played(opened, run: Run, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = DeviationPanel(opened)
    results = panel.session.results
    assert results is not None
    assert panel.reference.text == "group=healthy"
    peaks = [float(panel.episodes.item(row, 4).text()) for row in range(panel.episodes.rowCount())]
    assert peaks == sorted(peaks, reverse=True)
    assert len(peaks) == min(len(results.episodes), 200)
    assert panel.subjects.rowCount() == len(results.subjects)
    assert "1 subjects against 3" in panel.note.text()
    if peaks:
        panel.episodes.itemDoubleClicked.emit(panel.episodes.item(0, 0))
        first = panel._listed.iloc[0]
        wait(lambda: (panel.link.here() or ("", 0))[0] == first["recording"])
        wait(lambda: not panel.link.player.is_playing)
        assert panel.link.here() == (first["recording"], int(first["stop"]) - 1)
    delete(panel)


def test_the_overlay_follows_and_goes_away(opened, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = DeviationPanel(opened)
    name = "impaired1, deviation"
    wait(lambda: name in opened.layers)
    texts = []
    for frame in (25, 31):
        panel.link.show("impaired1", frame)
        wait(lambda frame=frame: panel.link.here() == ("impaired1", frame))
        texts.append(opened.layers[name].features["score"].iloc[-1])
    assert len(set(texts)) == 2
    panel.on_picture.setChecked(False)
    assert name not in opened.layers
    delete(panel)


def test_scoring_again_takes_the_new_reference(opened, run: Run, tmp_path: Path, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("jobs"))
    panel = DeviationPanel(opened)
    panel.link.open_run(folder)
    wait(lambda: panel.session.run_folder == folder)
    panel.reference.box.setCurrentText("group=impaired")
    panel.reference.box.lineEdit().editingFinished.emit()
    panel.score()
    wait(lambda: not panel.session.is_working, 150)
    assert panel.session.job_progress is not None
    assert panel.session.job_progress.job.kind == "score"
    assert panel.session.job_progress.state.status in ("done", "refused")
    if panel.session.job_progress.state.status == "done":
        wait(
            lambda: panel.session.results is not None and panel.session.results.reference == "group=impaired"
        )
    delete(panel)


def test_the_cursor_follows_and_a_click_jumps(opened, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = TimelinePanel(opened)
    panel.plot.draw()
    panel.link.show("impaired1", 20)
    wait(lambda: panel.plot._cursor.get_xdata()[0] == pytest.approx(panel.plot.x_of(20)))
    panel.plot.clicked.emit(33)
    wait(lambda: panel.link.here() == ("impaired1", 33))
    assert panel.plot._cursor.get_xdata()[0] == pytest.approx(panel.plot.x_of(33))
    delete(panel)


def test_the_timeline_lies_below_and_follows_the_theme(make_napari_viewer, run: Run, wait: Wait) -> None:
    viewer = make_napari_viewer(show=True)
    dock, panel = viewer.window.add_plugin_dock_widget("napari-ubam", "Timeline")
    wait(lambda: dock.parent().dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea)
    dark = panel.plot.figure.get_facecolor()
    viewer.theme = "light"
    assert panel.plot.figure.get_facecolor() != dark
    assert panel.plot._colours.is_light


def test_a_stack_that_napari_read_by_itself_is_a_recording(viewer, tmp_path: Path, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.arange(12 * 40 * 50, dtype=np.uint16).reshape(12, 40, 50))
    panel = StudyPanel(viewer)
    viewer.open(str(path), plugin="napari")
    panel.add_videos([path])
    panel.session.draft.set_cell(0, "group", "healthy")
    panel.session.draft_edited()
    viewer.dims.set_current_step(0, 7)
    wait(lambda: panel.link.here() == ("stack", 7))
    mask = viewer.open(str(path), plugin="napari", layer_type="labels")[0]
    panel.link.show("stack", 3)
    wait(lambda: panel.link.here() == ("stack", 3))
    assert len(viewer.layers) == 2
    assert mask.visible
    delete(panel)


def test_neighbours_and_map_lead_to_frames(opened, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = ExplorePanel(opened)
    panel.method.setCurrentText("pca")
    wait(lambda: panel.strip.count() > 0)
    assert "impaired1" not in set(panel._found["subject"])
    first = panel._found.iloc[0]
    panel.strip.itemClicked.emit(panel.strip.item(0))
    wait(lambda: panel.link.here() == (first["recording"], int(first["frame"])))
    panel.make_map()
    wait(lambda: panel._table is not None)
    for colour in ("subject", "deviation"):
        panel.colour.setCurrentText(colour)
        assert panel.legend.text()
    row = int(np.flatnonzero(panel._table["recording"] == "healthy2")[3])
    panel.map.clicked.emit(row)
    one = panel._table.iloc[row]
    wait(lambda: panel.link.here() == ("healthy2", int(one["frame"])))
    panel.map.selected.emit(np.arange(40))
    wait(lambda: panel.strip.count() == 8 and "similarity" not in panel._found)
    assert panel._foot.text().startswith("40 frames")
    delete(panel)


def test_the_preview_follows_the_factor_and_layers_are_added(opened, tmp_path: Path, wait: Wait) -> None:  # type: ignore[no-untyped-def]
    panel = MagnifyPanel(opened)
    panel.take_here()
    panel.span.set_span(28, 34)
    panel.factor.setValue(1.0)
    panel.previewing.setChecked(True)
    wait(lambda: "preview × 1.0" in opened.layers)
    picture = np.asarray(opened.layers["preview × 1.0"].data)
    original = np.asarray(opened.layers["impaired1"].data[30])
    assert np.array_equal(picture, original)
    panel.factor.setValue(3.0)
    wait(lambda: "preview × 3.0" in opened.layers)
    assert not np.array_equal(np.asarray(opened.layers["preview × 3.0"].data), original)
    panel.add.click()
    wait(lambda: "impaired1, arrows" in opened.layers)
    assert "preview × 3.0" not in opened.layers
    made = opened.layers["impaired1 × 3"]
    assert made.data.shape[0] == 6
    assert made.translate[0] == pytest.approx(28 / 30)
    panel.save_as(tmp_path / "out.tif")
    wait(lambda: not panel.session.is_working, 120)
    assert (tmp_path / "out.tif").is_file()
    delete(panel)


def test_a_magnifier_that_was_trained_anew_is_taken(opened, run: Run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("jobs"))
    studio, wanted = (
        MagnificationCache(),
        MagnificationRequest(folder, "impaired1", "group=healthy", 28, 31, 50.0, "cpu"),
    )
    first = studio.prepare(wanted, 2.0)
    assert studio.prepare(wanted, 2.0) is first
    assert studio.prepare(wanted, 3.0).renderer is first.renderer
    weights = folder / "magnifier.safetensors"
    os.utime(weights, ns=(1, 1))
    assert studio.prepare(wanted, 3.0).renderer is not first.renderer


def test_what_is_missing_is_said(viewer) -> None:  # type: ignore[no-untyped-def]
    panel = MagnifyPanel(viewer)
    panel.save_as(Path("out.mp4"))
    assert "Train the magnifier" in panel._foot.text()
    assert not panel.add.isEnabled()
    delete(panel)


def test_opening_and_closing_leaves_nothing(make_napari_viewer, wait: Wait) -> None:
    viewer = make_napari_viewer()

    def cycle() -> None:
        docks = [viewer.window.add_dock_widget(make(viewer), name=make.__name__) for make in PANELS]
        QTest.qWait(10)
        for dock in docks:
            inner = dock.widget()
            viewer.window.remove_dock_widget(dock)
            delete(inner)

    def counts() -> tuple[int, int, int, int]:
        gc.collect()
        panels = sum(isinstance(one, Panel) for one in gc.get_objects())
        children = len(psutil.Process().children(recursive=True))
        slots = len(viewer.dims.events.current_step.callbacks)
        return panels, len(link_of(viewer).moved), children, slots

    before = len(viewer.dims.events.current_step.callbacks)
    cycle()
    first, threads = counts(), threading.active_count()
    for _ in range(20):
        cycle()
    QTest.qWait(200)
    assert counts() == first
    assert counts()[1] == 0
    assert counts()[3] == before
    assert threading.active_count() <= threads
