"""Windows on the same run follow each other, and a command that works on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtTest import QTest

from napari_ubam.plugin.commands.view import show_run
from napari_ubam.plugin.state.steps import score_step
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.run import Run
from real_window import Window

pytestmark = pytest.mark.slow

BUSY = "Another window or command works on this run ("


@pytest.fixture
def second(run_window: Window, run_folder: Path, make_napari_viewer: Any) -> Window:
    """Give a second window on the run. It is not drawn: vispy cannot draw text in two canvases at once."""
    made = Window(make_napari_viewer(show=False), run_window.pictures)
    show_run(made.viewer, run_folder)
    made.wait(lambda: link_of(made.viewer).session.results is not None)
    return made


def test_a_second_window_waits_while_the_first_scores_and_shows_its_results(
    run_window: Window, second: Window, run_folder: Path, loading: None
) -> None:
    here, there = link_of(run_window.viewer).session, link_of(second.viewer).session
    panel, train = second.panels()["Deviation"], second.panels()["Train"]
    here.draft.remove([here.study.names.index("healthy2")])
    here.draft_edited()
    step = score_step(here.study_file(run_folder), run_folder, "group=healthy")
    here.start(run_folder, list(step.arguments))
    second.wait(lambda: there.busy, 30)
    assert there.busy.startswith(BUSY)
    assert not panel.score_button.isEnabled()
    assert panel.score_button.toolTip() == train.start.toolTip() == there.busy
    assert not train.start.isEnabled()
    save = second.panels()["Magnify"].results.save
    assert not save.isEnabled()
    assert save.toolTip() == there.busy
    second.wait(lambda: panel.job_box.title.text().startswith(f"{BUSY[:-2]}: "), 60)
    assert panel.job_box.isVisibleTo(panel)
    second.wait(lambda: "healthy2" not in there.results.scored.names, 200)
    second.wait(lambda: not there.is_working and not there.outdated and panel.score_button.isEnabled(), 60)
    assert there.study.names == here.study.names
    assert save.isEnabled()
    assert "healthy2" not in [panel.subjects.item(row, 0).text() for row in range(panel.subjects.rowCount())]
    assert run_window.errors == second.errors == []


def test_a_window_follows_a_command(run_window: Window, run_folder: Path) -> None:
    session, panel = link_of(run_window.viewer).session, run_window.open("Deviation")
    read: list[Path] = []
    session.run_changed.connect(lambda: read.append(session.run_folder))
    command = ["score", str(run_folder / "study.csv"), "--run", str(run_folder), "--reference", "session=0"]
    with subprocess.Popen([sys.executable, "-m", "napari_ubam.cli", *command]) as process:
        run_window.wait(lambda: session.busy == f"{BUSY}score); wait for its end.", 100)
        assert not panel.score_button.isEnabled()
        run_window.wait(lambda: session.job_progress.latest is not None, 60)
        assert process.wait(120) == 0
    run_window.wait(lambda: session.results.reference == "session=0" and not session.is_working, 60)
    assert session.job_progress.state.status == "done"
    assert panel.reference.text == "session=0"
    assert session.outdated == ""
    times = len(read)
    QTest.qWait(2500)  # two more looks at the run, which has not changed
    assert len(read) == times <= 3
    assert run_window.errors == []


def test_a_window_follows_a_script(run_window: Window, run_folder: Path) -> None:
    session = link_of(run_window.viewer).session
    Run.open(run_folder).remove("healthy3")
    run_window.wait(lambda: "healthy3" not in session.study.names, 30)
    assert session.outdated == "The study changed: healthy3 was removed; score again."
    assert not session.study_differs
