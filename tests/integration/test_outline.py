"""The outline with the score over the video goes and comes back as often as the user wants."""

from __future__ import annotations

import pytest
from qtpy.QtTest import QTest

from napari_ubam.plugin.viewer.link import link_of
from real_window import Window

pytestmark = pytest.mark.slow


def test_the_outline_is_taken_away_and_shown_again(run_window: Window) -> None:
    viewer, panel = run_window.viewer, run_window.open("Deviation")
    name = f"{link_of(viewer).session.recording}, deviation"
    run_window.wait(lambda: name in viewer.layers)
    for wanted in (False, True, False, True):
        run_window.tick(panel.on_picture)
        run_window.wait(lambda wanted=wanted: (name in viewer.layers) == wanted)
        for frame in range(20, 26):  # a crash came with one of the next draws
            link_of(viewer).show(link_of(viewer).session.recording, frame)
            viewer.window._qt_window.repaint()
            QTest.qWait(20)
    assert run_window.errors == []


def test_a_deleted_outline_stays_away_and_its_box_is_unticked(run_window: Window) -> None:
    viewer, panel = run_window.viewer, run_window.open("Deviation")
    name = f"{link_of(viewer).session.recording}, deviation"
    run_window.wait(lambda: name in viewer.layers)
    run_window.delete(name)
    run_window.wait(lambda: not panel.on_picture.isChecked())
    for frame in range(20, 26):
        link_of(viewer).show(link_of(viewer).session.recording, frame)
        viewer.window._qt_window.repaint()
        QTest.qWait(20)
    assert name not in viewer.layers
    assert run_window.errors == []
