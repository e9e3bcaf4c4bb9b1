"""Every panel works on the same study, also after removing an animal, scoring, and opening the run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ubam.plugin.state.contents import read_run
from napari_ubam.plugin.state.session import Session
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.run import Run
from real_window import Window

pytestmark = pytest.mark.slow


def session_of(window: Window) -> Any:
    return link_of(window.viewer).session


def click_row(panel: Any, name: str) -> None:
    """Select the row of a recording in the Study panel by the mouse."""
    draft, table = panel.session.draft, panel.table
    (row,) = [number for number in range(len(draft)) if Path(draft.cell(number, "video")).stem == name]
    place = table.visualRect(table.model().index(row, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def remove(window: Window, name: str) -> None:
    study = window.open("Study")
    click_row(study, name)
    window.click(study, "Remove")


def score(window: Window) -> None:
    session, ended = session_of(window), []
    session.job_ended.connect(lambda kind, status: ended.append((kind, status)))
    window.click(window.open("Deviation"), "Score")
    window.wait(lambda: ("score", "done") in ended, 120)
    window.wait(lambda: session.outdated == "", 20)


def test_what_is_removed_is_removed_everywhere_and_stays_removed(
    run_window: Window, run_folder: Path
) -> None:
    session = session_of(run_window)
    remove(run_window, "healthy2")
    assert session.outdated == "The study changed: healthy2 was removed; score again."
    assert session.magnification_outdated("impaired1") == (
        "The reference changed: healthy2 was removed; score again."
    )
    assert session.study_differs
    score(run_window)
    assert not session.study_differs
    assert session.magnification_outdated("impaired1") == ""
    run_window.shoot("one-study-scored")
    left = {"healthy1", "healthy3", "healthy4", "impaired1"}
    for panel in ("Deviation", "Magnify"):
        assert run_window.open(panel).reference.note.text() == "3 of 4 recordings, 3 subjects"
    assert set(Run.open(run_folder).explorer().frames["recording"]) == left
    again = Session()  # as after opening the run anew
    again.set_contents(read_run(run_folder))
    assert again.study is not None
    assert set(again.study.names) == left
    assert again.outdated == ""
