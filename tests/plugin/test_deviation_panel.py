"""The Deviation panel and the timeline: scores, episodes and subjects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt

from napari_ubam.plugin.panels.deviation import DeviationPanel
from napari_ubam.plugin.panels.timeline import TimelinePanel
from napari_ubam.run import Run
from shared_runs import advise
from shared_widgets import Wait, copy_of, delete


def with_episodes(run: Run, folder: Path, rows: list[tuple[str, int, int, float]]) -> Path:
    """Copy a run with given episodes: recording, start, stop, percentile at the peak."""
    table = pd.DataFrame(rows, columns=["recording", "start", "stop", "peak_percentile"])
    table["peak"] = (table["start"] + table["stop"]) // 2
    for name in ("start", "stop", "peak"):
        table[f"{name}_time"] = table[name] / 30
    table["mean_percentile"], table["excess"] = 96.0, 0.5
    columns = pd.read_csv(run.folder / "episodes.csv").columns
    table[columns].to_csv(copy_of(run, folder) / "episodes.csv", index=False)
    return folder


def test_episodes_are_ranked_and_played(opened: Any, run: Run, tmp_path: Path, wait: Wait) -> None:
    rows = [("impaired1", 40, 50, 97.0), ("healthy2", 20, 30, 99.5), ("impaired1", 60, 70, 98.0)]
    folder = with_episodes(run, tmp_path / "run", rows)
    panel = DeviationPanel(opened)
    panel.link.open_run(folder)
    wait(lambda: panel.session.run_folder == folder)
    assert panel.reference.text == "group=healthy"
    shown = [
        tuple(panel.episodes.item(row, column).text() for column in range(4))
        for row in range(panel.episodes.rowCount())
    ]
    assert shown == [
        ("healthy2", "0.67", "1.00", "99.5"),
        ("impaired1", "2.00", "2.33", "98.0"),
        ("impaired1", "1.33", "1.67", "97.0"),
    ]
    panel.only_here.setChecked(True)
    assert [panel.episodes.item(row, 0).text() for row in range(panel.episodes.rowCount())] == [
        "impaired1"
    ] * 2
    panel.only_here.setChecked(False)
    panel.episodes.itemDoubleClicked.emit(panel.episodes.item(0, 0))
    wait(lambda: (panel.link.here() or ("", 0))[0] == "healthy2")
    wait(lambda: not panel.link.player.is_playing)
    assert panel.link.here() == ("healthy2", 29)
    delete(panel)


def test_a_model_that_is_too_young_is_said_above_the_results(
    opened: Any, run: Run, tmp_path: Path, wait: Wait
) -> None:
    folder = copy_of(run, tmp_path / "run")
    advise(folder, "This model is too young to score with: a reason. Train about 9 minutes more.", 9)
    panel = DeviationPanel(opened)
    panel.link.open_run(folder)
    wait(lambda: panel.session.run_folder == folder)
    assert panel.model_note.text().startswith("This model is too young to score with")
    assert not panel.model_note.isHidden()
    order = [panel.column.itemAt(place).widget() for place in range(panel.column.count())]
    assert order.index(panel.model_note) < order.index(panel.episodes.parentWidget())
    advise(folder, "", None)
    panel.link.open_run(folder)
    wait(panel.model_note.isHidden)
    delete(panel)


def test_a_reference_that_was_not_scored_is_said(opened: Any) -> None:
    panel = DeviationPanel(opened)
    assert not panel.scores_note.isVisibleTo(panel)
    panel.session.set_reference("group=impaired")
    assert panel.scores_note.text() == panel.session.outdated != ""
    assert panel.scores_note.isVisibleTo(panel)
    panel.session.set_reference("group=healthy")
    assert not panel.scores_note.isVisibleTo(panel)
    delete(panel)


def test_subjects_are_listed_and_summarised(opened: Any, run: Run) -> None:
    panel = DeviationPanel(opened)
    listed = {panel.subjects.item(row, 0).text() for row in range(panel.subjects.rowCount())}
    assert listed == {"healthy1", "healthy2", "healthy3", "healthy4", "impaired1"}
    assert "1 subject, compared with 4 reference subjects" in panel.note.text()
    headings = [panel.subjects.horizontalHeaderItem(place).text() for place in range(5)]
    assert headings == ["subject", "group", "session", "episodic\n(p)", "constant\n(p)"]
    table = run.subjects.sort_values("episodic", ascending=False).iloc[0]
    first = [panel.subjects.item(0, place).text() for place in range(5)]
    assert first[0] == table["subject"]
    p = [f"{table[name]:.2f}".removeprefix("0") for name in ("episodic_p", "constant_p")]
    assert first[3:] == [f"{table['episodic']:.3f} ({p[0]})", f"{table['constant']:.2f} ({p[1]})"]
    assert "q = " in panel.subjects.item(0, 0).toolTip()
    assert sum(panel.subjects.item(row, 1).text() == "healthy *" for row in range(5)) == 4
    delete(panel)


def test_the_overlay_follows_and_goes_away(opened: Any, wait: Wait) -> None:
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
    assert not opened.layers[name].visible
    delete(panel)


def test_deleting_the_scores_on_the_video_unticks_their_box(opened: Any, wait: Wait) -> None:
    panel, name = DeviationPanel(opened), "impaired1, deviation"
    wait(lambda: name in opened.layers)
    opened.layers.remove(opened.layers[name])
    wait(lambda: not panel.on_picture.isChecked(), 5)
    assert name not in opened.layers
    panel.on_picture.setChecked(True)
    assert name in opened.layers
    delete(panel)


def score_again(
    panel: DeviationPanel, folder: Path, reference: str, wait: Wait, *, reopen: bool = True
) -> str:
    """Open a run, score it against another reference, and give the status of the job."""
    if reopen:
        panel.link.open_run(folder)
    wait(lambda: panel.session.run_folder == folder)
    panel.reference.box.setCurrentText(reference)
    panel.reference.box.lineEdit().editingFinished.emit()
    panel.score()
    wait(lambda: not panel.session.is_working, 150)
    assert panel.session.job_progress is not None
    assert panel.session.job_progress.job.kind == "score"
    return panel.session.job_progress.state.status


def test_scoring_again_takes_the_new_reference(opened: Any, run: Run, tmp_path: Path, wait: Wait) -> None:
    panel = DeviationPanel(opened)
    assert score_again(panel, copy_of(run, tmp_path / "run"), "session=0", wait) == "done"
    wait(lambda: panel.session.results is not None and panel.session.results.reference == "session=0")
    delete(panel)


def test_subjects_are_compared_with_their_own_earlier_sessions(
    opened: Any, run: Run, tmp_path: Path, wait: Wait
) -> None:
    folder = copy_of(run, tmp_path / "run")
    study = pd.read_csv(folder / "study.csv", dtype=str, keep_default_na=False)
    rat = study["subject"].isin(["healthy1", "healthy2", "healthy3"])
    study.loc[rat, ["subject", "group"]] = ["rat", "treated"]
    study.loc[study["video"].str.contains("healthy3"), "session"] = "1"
    study.to_csv(folder / "study.csv", index=False)
    panel = DeviationPanel(opened)
    panel.link.open_run(folder)
    wait(lambda: panel.session.run_folder == folder)
    panel.within.setChecked(True)
    assert score_again(panel, folder, "session=0 and group=treated", wait, reopen=False) == "done"
    wait(lambda: panel.session.results is not None and panel.session.results.within == "subject")
    assert panel.within.isChecked()
    assert panel.scores_note.text() == ""
    assert "each compared with stretches of its own reference recordings" in panel.note.text()
    subjects = panel.session.results.subjects.set_index(["subject", "session"])
    assert subjects.loc[("rat", "1"), "n_reference"] == 10
    assert np.isnan(subjects.loc[("healthy4", "0"), "episodic_p"])
    delete(panel)


def test_a_reference_that_is_too_small_is_refused(opened: Any, run: Run, tmp_path: Path, wait: Wait) -> None:
    panel = DeviationPanel(opened)
    assert score_again(panel, copy_of(run, tmp_path / "run"), "group=impaired", wait) == "refused"
    assert "choose more reference subjects" in panel.job_box.title.text()
    assert panel.session.results is not None
    assert panel.session.results.reference == "group=healthy"
    delete(panel)


def test_the_cursor_follows_and_a_click_jumps(opened: Any, wait: Wait) -> None:
    panel = TimelinePanel(opened)
    panel.link.show("impaired1", 20)
    wait(lambda: panel.plot.cursor_time == pytest.approx(panel.plot.x_of(20)))
    before = panel.plot.cursor.x()
    panel.plot.clicked.emit(33)
    wait(lambda: panel.link.here() == ("impaired1", 33))
    assert panel.plot.cursor_time == pytest.approx(panel.plot.x_of(33))
    assert panel.plot.cursor.x() > before
    delete(panel)


def test_the_timeline_lies_below_and_follows_the_theme(make_napari_viewer: Any, run: Run, wait: Wait) -> None:
    viewer = make_napari_viewer(show=True)
    dock, panel = viewer.window.add_plugin_dock_widget("napari-ubam", "Timeline")
    wait(lambda: dock.parent().dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea)
    dark = panel.plot.figure.get_facecolor()
    viewer.theme = "light"
    assert panel.plot.figure.get_facecolor() != dark
    assert panel.plot._colours.is_light
