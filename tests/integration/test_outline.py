"""The outline with the score over the video goes and comes back as often as the user wants."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtTest import QTest

from napari_ubam.plugin.io.regions import region_of
from napari_ubam.plugin.io.result_layers import score_overlay
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.plugin.viewer.own_layers import own_layers
from real_window import Window

pytestmark = pytest.mark.slow


def test_the_outline_is_taken_away_and_shown_again(run_window: Window) -> None:
    viewer, panel = run_window.viewer, run_window.open("Deviation")
    name = f"{link_of(viewer).session.recording}, deviation"
    run_window.wait(lambda: name in viewer.layers)
    for wanted in (False, True, False, True):
        run_window.tick(panel.on_picture)
        run_window.wait(lambda wanted=wanted: viewer.layers[name].visible == wanted)
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


def test_the_eye_of_the_outline_and_its_box_go_together(run_window: Window) -> None:
    viewer, panel = run_window.viewer, run_window.open("Deviation")
    link = link_of(viewer)
    name = f"{link.session.recording}, deviation"
    run_window.wait(lambda: name in viewer.layers)
    layer = viewer.layers[name]
    layer.visible = False  # as a click on its eye
    run_window.wait(lambda: not panel.on_picture.isChecked())
    link.show("healthy1", 30)
    run_window.wait(lambda: link.here() == ("healthy1", 30))
    QTest.qWait(100)
    assert not layer.visible
    layer.visible = True
    run_window.wait(panel.on_picture.isChecked)
    link.show("healthy1", 31)
    run_window.wait(lambda: link.here() == ("healthy1", 31))
    QTest.qWait(100)
    assert layer.visible
    assert run_window.errors == []


def test_the_outline_goes_along_with_the_recording(run_window: Window) -> None:
    """One layer serves all recordings; what it shows and what saving it gives are those of the recording."""
    viewer, link = run_window.viewer, link_of(run_window.viewer)
    results = link.session.results
    run_window.wait(lambda: own_layers(viewer, role="score"))
    (layer,) = own_layers(viewer, role="score")
    for recording in ("healthy1", "impaired1", "healthy1"):
        link.show(recording, 30)
        run_window.wait(lambda recording=recording: link.here() == (recording, 30))
        run_window.wait(lambda recording=recording: layer.name == f"{recording}, deviation")
        assert own_layers(viewer, role="score") == [layer]
        assert viewer.layers[-1] is layer
        rows = results.of(recording)
        assert layer.metadata["scores"].equals(rows)
        found = link.session.find_recording(recording)
        image = link.layer_of(found)
        scores = score_overlay(rows, region_of(found, *image.data.shape[1:3]))
        colour, text = scores.at(30)
        np.testing.assert_array_equal(layer.data[0], scores.corners)
        np.testing.assert_allclose(layer.edge_color[0], colour, atol=0.003)
        assert layer.features["score"].iloc[-1] == layer.text.values[-1] == text
    assert run_window.errors == []
