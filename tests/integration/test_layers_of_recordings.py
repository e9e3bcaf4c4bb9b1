"""Layers belong to recordings: they are seen only with theirs, and deleting one is obeyed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.plugin.viewer.own_layers import own_layers
from real_window import Window

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning"),
]


def seen(window: Window) -> set[str]:
    """Names of the layers that are visible."""
    return {layer.name for layer in window.viewer.layers if layer.visible}


def corner(window: Window) -> str:
    """Give the text in the corner of the canvas; empty if it is hidden."""
    overlay = window.viewer.canvas.overlays.get("ubam")
    return overlay.text if overlay is not None and overlay.visible else ""


def go(window: Window, name: str, frame: int) -> None:
    link = link_of(window.viewer)
    link.show(name, frame)
    window.wait(lambda: link.here() == (name, frame))
    QTest.qWait(100)


@pytest.fixture
def magnify(run_window: Window) -> Any:
    """Give the Magnify panel, with six frames of the impaired animal chosen."""
    panel = run_window.open("Magnify")
    go(run_window, "impaired1", 30)
    panel.reference.set_text("group=healthy")
    panel.span.set_span(28, 34)
    panel.factor.setValue(2.5)
    return panel


@pytest.fixture
def layers(run_window: Window, magnify: Any) -> Any:
    """Give the panel after magnified layers were added."""
    run_window.click(magnify, "Add layers")
    run_window.wait(lambda: "impaired1, difference" in run_window.viewer.layers)
    QTest.qWait(100)
    return magnify


def test_magnified_layers_are_seen_only_with_their_recording(run_window: Window, layers: Any) -> None:
    viewer, window = run_window.viewer, run_window
    viewer.layers["impaired1, difference"].visible = True
    mine = viewer.add_points(np.array([[50.0, 60.0]]), name="mine")
    window.wait(lambda: link_of(viewer).here() == ("impaired1", 30))
    left = seen(window)
    assert left == {"impaired1", "impaired1 × 2.5", "impaired1, difference", "impaired1, deviation", "mine"}
    go(window, "healthy1", 30)
    assert seen(window) == {"healthy1", "healthy1, deviation", "mine"}
    window.shoot("layers-other")
    go(window, "impaired1", 30)
    assert seen(window) == left
    viewer.layers.selection.active = viewer.layers["healthy1"]  # a click in the layer list
    window.wait(lambda: seen(window) == {"healthy1", "healthy1, deviation", "mine"})
    viewer.layers["impaired1"].visible = True  # its eye
    window.wait(lambda: link_of(viewer).session.recording == "impaired1")
    window.wait(lambda: seen(window) == left)
    viewer.layers["healthy1"].visible = True
    window.wait(lambda: seen(window) == {"healthy1", "healthy1, deviation", "mine"})
    viewer.layers["impaired1, reference"].visible = True
    window.wait(lambda: seen(window) == left | {"impaired1, reference"})
    assert mine.visible
    assert window.errors == []


def test_who_goes_elsewhere_while_layers_are_added_stays_there(run_window: Window, magnify: Any) -> None:
    """Each step of adding is a chance to lead the user back: go away after the first and after the last."""
    window, viewer = run_window, run_window.viewer
    go(window, "healthy1", 50)
    for until in ("impaired1 × 2.5", "impaired1, difference"):
        for layer in own_layers(viewer, "impaired1")[::-1]:
            if layer.name != "impaired1":
                viewer.layers.remove(layer)
        go(window, "impaired1", 30)
        magnify.span.set_span(28, 34)
        window.click(magnify, "Add layers")
        while until not in viewer.layers:
            QApplication.processEvents()
        link_of(viewer).show("healthy1", 50)
        window.wait(lambda: "impaired1, difference" in viewer.layers)
        window.wait(lambda: not magnify._foot.text().startswith("Magnifying"))
        QTest.qWait(200)
        assert link_of(viewer).here() == ("healthy1", 50)
        assert seen(window) == {"healthy1", "healthy1, deviation"}
        assert viewer.layers.selection.active.name == "healthy1"
    go(window, "impaired1", 30)
    assert seen(window) == {"impaired1", "impaired1 × 2.5", "impaired1, deviation"}
    assert window.errors == []


def test_a_deleted_preview_stays_away_and_its_box_is_unticked(run_window: Window, magnify: Any) -> None:
    window, viewer = run_window, run_window.viewer
    window.tick(magnify.previewing)
    window.wait(lambda: "preview × 2.5" in viewer.layers)
    window.wait(lambda: corner(window) == "impaired1 × 2.5, preview, reference group=healthy")
    window.delete("preview × 2.5")
    assert not magnify.previewing.isChecked()
    assert own_layers(viewer, role="preview") == []
    window.wait(lambda: corner(window) == "")
    assert window.errors == []


def test_deleting_the_video_removes_what_belongs_to_it(run_window: Window, layers: Any) -> None:
    window, viewer = run_window, run_window.viewer
    session = link_of(viewer).session
    go(window, "healthy1", 30)
    go(window, "impaired1", 30)
    window.tick(layers.previewing)
    window.wait(lambda: "preview × 2.5" in viewer.layers)
    window.delete("impaired1")
    window.wait(lambda: session.recording == "")
    assert own_layers(viewer, "impaired1") == []
    assert seen(window) == set()
    assert not layers.previewing.isChecked()
    assert "Show a recording" in layers.what.text()
    go(window, "healthy1", 31)
    assert seen(window) == {"healthy1", "healthy1, deviation"}
    assert window.errors == []


def test_deleting_a_magnified_layer_stays_at_the_recording(run_window: Window, layers: Any) -> None:
    window, viewer = run_window, run_window.viewer
    go(window, "healthy1", 30)
    go(window, "impaired1", 30)
    viewer.layers.move(viewer.layers.index(viewer.layers["healthy1"]), 0)
    window.delete("impaired1 × 2.5", "impaired1, reference", "impaired1, difference")
    assert link_of(viewer).here() == ("impaired1", 30)
    assert seen(window) == {"impaired1", "impaired1, deviation"}


def test_layers_added_again_replace_the_former(run_window: Window, layers: Any) -> None:
    window, viewer = run_window, run_window.viewer
    viewer.layers["impaired1, reference"].visible = True
    layers.factor.setValue(3.0)
    window.click(layers, "Add layers")
    window.wait(lambda: "impaired1 × 3" in viewer.layers)
    names = [layer.name for layer in viewer.layers]
    above = names[names.index("impaired1 × 3") :]
    assert above[:3] == ["impaired1 × 3", "impaired1, reference", "impaired1, difference"]
    assert names[-1] == "impaired1, deviation"
    assert "impaired1 × 2.5" not in names
    assert viewer.layers["impaired1, reference"].visible
    assert viewer.layers.selection.active.name == "impaired1 × 3"


def test_side_by_side_each_picture_has_a_tile_with_a_caption(run_window: Window, layers: Any) -> None:
    window, viewer = run_window, run_window.viewer
    before = seen(window)
    window.wait(lambda: corner(window) == "impaired1 × 2.5, reference group=healthy")
    window.shoot("layers-above")
    window.tick(layers.results.grid)
    tiles = {"impaired1", "impaired1 × 2.5", "impaired1, reference", "impaired1, difference"}
    window.wait(lambda: seen(window) == tiles)
    assert all(viewer.layers[name].name_overlay.visible for name in tiles)
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (2, 2)
    window.wait(lambda: corner(window) == "")
    zoom = viewer.scene.camera.zoom
    window.shoot("layers-beside")
    go(window, "healthy1", 30)
    assert seen(window) == {"healthy1"}
    go(window, "impaired1", 30)
    assert seen(window) == tiles
    window.tick(layers.results.grid)
    window.wait(lambda: seen(window) == before)
    assert viewer.scene.camera.zoom > 1.5 * zoom
    assert not any(layer.name_overlay.visible for layer in viewer.layers)
    viewer.canvas.grid.enabled = True  # napari's own button
    window.wait(layers.results.grid.isChecked)
    assert window.errors == []


def test_an_outdated_magnification_says_so(run_window: Window, layers: Any) -> None:
    window, viewer = run_window, run_window.viewer
    session = link_of(viewer).session
    session.draft.remove([session.draft.table()["subject"].tolist().index("healthy2")])
    session.draft_edited()
    window.wait(lambda: "(outdated)" in corner(window))
    assert layers.outdated.isVisible()
    assert "healthy2" in layers.outdated.text()
    assert not any(one.isEnabled() for one in (layers.previewing, layers.results.add, layers.results.save))
    assert "3 of 4 recordings" in layers.reference.note.text()
    window.shoot("layers-outdated")
