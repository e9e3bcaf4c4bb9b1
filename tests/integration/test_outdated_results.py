"""Results that no longer agree with the study are faded with the reason, and scoring again renews them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.plugin.viewer.own_layers import own_layers
from napari_ubam.plugin.viewer.shown_layers import CORNER
from real_window import Window
from shared_runs import train_again

pytestmark = pytest.mark.slow


def is_faded(widget: Any) -> bool:
    return widget.graphicsEffect() is not None


def test_a_removed_subject_outdates_all_that_is_shown_until_the_next_score(run_window: Window) -> None:
    viewer, link = run_window.viewer, link_of(run_window.viewer)
    session, panels = link.session, run_window.panels()
    deviation, explore = panels["Deviation"], panels["Explore"]
    timeline = panels["uBAM timeline"]
    run_window.open("Explore")
    run_window.wait(lambda: explore.strip.count() == 8)
    explore.method.setCurrentText("pca")
    run_window.click(explore, "Make map")
    run_window.wait(lambda: explore.legend.text() != "")
    session.draft.remove([session.study.names.index("healthy2")])
    session.draft_edited()
    assert "healthy2" in session.outdated
    run_window.shoot("outdated-explore")
    run_window.open("Deviation")
    for part in (deviation.episodes, deviation.subjects, deviation.note, explore.strip, explore.legend):
        assert is_faded(part)
    assert deviation.scores_note.isVisible()
    assert deviation.scores_note.text() == explore.outdated.text() == session.outdated
    assert session.outdated in timeline.plot.axes.get_title(loc="left")
    (overlay,) = own_layers(viewer, role="score")
    assert "outdated" in overlay.features["score"].iloc[-1]
    run_window.shoot("outdated-deviation")

    run_window.click(deviation, "Score")
    run_window.wait(lambda: not session.is_working and not session.outdated, 200)
    assert not is_faded(deviation.episodes)
    assert not deviation.scores_note.isVisible()
    assert deviation.job_box.isVisible()
    assert "outdated" not in timeline.plot.axes.get_title(loc="left")
    assert run_window.errors == []


def test_another_reference_or_model_outdates_what_was_magnified_with_the_earlier_one(
    run_window: Window, run_folder: Path
) -> None:
    viewer, session = run_window.viewer, link_of(run_window.viewer).session
    panels = run_window.panels()
    run_window.click(run_window.open("Magnify"), "Add layers")
    run_window.wait(lambda: own_layers(viewer, role="difference"))

    def corner() -> str:
        return viewer.canvas.overlays[CORNER].text if CORNER in viewer.canvas.overlays else ""

    run_window.wait(lambda: corner().endswith("reference group=healthy"))
    session.set_reference("session=0")
    run_window.wait(lambda: corner().endswith("reference group=healthy (outdated)"), 10)
    session.set_reference("group=healthy")
    run_window.wait(lambda: corner().endswith("reference group=healthy"), 10)
    train_again(run_folder)  # as a script does
    again = "The model was trained again; score again."
    run_window.wait(lambda: session.outdated == again, 30)
    run_window.wait(lambda: corner().endswith("(outdated)"), 10)
    deviation = run_window.open("Deviation")
    assert deviation.scores_note.text() == panels["Explore"].outdated.text() == again
    for part in (deviation.episodes, deviation.subjects, panels["Explore"].strip):
        assert is_faded(part)
    run_window.shoot("outdated-by-another-model")
    magnify = run_window.open("Magnify")
    sentence = "The magnifier was trained for an earlier model; train the magnifier again."
    assert magnify.outdated.isVisible()
    assert magnify.outdated.text() == sentence
    assert not magnify.results.add.isEnabled()
    assert sentence in panels["Train"].quality.text()
    run_window.shoot("outdated-magnifier")


def test_no_reference_is_chosen_where_no_group_has_a_usual_name(
    run_window: Window,
) -> None:
    session, deviation = link_of(run_window.viewer).session, run_window.panels()["Deviation"]
    for row in range(len(session.draft)):
        session.draft.set_cell(row, "group", "drug" if row % 2 else "dose 2")
    session.draft_edited()
    assert session.reference == deviation.reference.text == ""
    assert not deviation.score_button.isEnabled()
    assert deviation.score_button.toolTip() == "Choose the reference first."
    run_window.shoot("no-reference")
    line = deviation.reference.box.lineEdit()
    QTest.keyClicks(line, "group=drug")
    assert deviation.score_button.isEnabled()
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert session.reference == "group=drug"


def test_explore_fits_beside_an_open_timeline_and_asks_once_at_rest(run_window: Window) -> None:
    run_window.viewer.window.resize(1280, 860)
    link, explore = link_of(run_window.viewer), run_window.open("Explore")
    run_window.wait(lambda: explore.strip.count() == 8 and not explore.rest.isActive())
    shown = [place.text() for place in _items(explore.strip)]
    for part in (explore.map.native, explore.legend, explore.more.heading):
        assert part.visibleRegion().boundingRect().height() == part.height()
    assert not explore.analyses.isVisible()
    asked: list[object] = []
    explore.searched.connect(lambda: asked.append(link.here()))
    name, frame = link.here() or ("", 0)
    for step in range(1, 6):
        link.show(name, frame - step)
    run_window.wait(lambda: asked and [place.text() for place in _items(explore.strip)] != shown, 10)
    assert asked == [(name, frame - 5)]
    run_window.open("Deviation")
    link.show(name, frame)
    run_window.wait(lambda: not explore.rest.isActive(), 5)
    assert len(asked) == 1
    run_window.open("Explore")
    run_window.wait(lambda: len(asked) == 2, 5)
    assert asked[-1] == (name, frame)


def _items(strip: Any) -> list[Any]:
    return [strip.item(number) for number in range(strip.count())]
