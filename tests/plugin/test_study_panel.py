"""The Study panel: rows, files and regions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.plugin.viewer.own_layers import own_layers
from napari_ubam.study import Roi, Study
from napari_ubam.video import open_video
from shared_widgets import Wait, delete


def test_videos_are_added_edited_and_saved(viewer: Any, study: Study, tmp_path: Path, wait: Wait) -> None:
    panel = StudyPanel(viewer)
    panel.add_videos([one.video for one in study])
    assert "problems" in panel.summary.text()
    model, columns = panel.table.rows, panel.table.rows.columns
    assert model.data(model.index(0, 0)) == "⚠"
    assert "group" in model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    panel.table.setCurrentIndex(model.index(0, columns.index("group")))
    QGuiApplication.clipboard().setText("\n".join(one.group for one in study))
    panel.table.paste()
    assert "5 recordings, 5 subjects" in panel.summary.text()
    assert "not saved" in panel.summary.text()
    panel.save_csv(tmp_path / "mine.csv")
    assert "not saved" not in panel.summary.text()
    assert Study.from_csv(tmp_path / "mine.csv").groups == study.groups
    panel.check_videos()
    wait(lambda: "checked" in panel._foot.text())
    delete(panel)


def test_a_region_is_drawn_and_copied(viewer: Any, study_csv: Path, wait: Wait) -> None:
    panel = StudyPanel(viewer)
    panel.open_csv(study_csv)
    panel.table.setCurrentIndex(panel.table.rows.index(1, 1))
    panel.region.clear()
    panel.region.draw()
    wait(lambda: any(layer.name.startswith("region") for layer in viewer.layers))
    layer = next(layer for layer in viewer.layers if layer.name.startswith("region"))
    layer.add_rectangles([[19.5, 29.5], [19.5, 89.5], [79.5, 89.5], [79.5, 29.5]])
    wanted = Roi(x=30, y=20, width=60, height=60)
    assert panel.session.study is not None
    assert panel.session.study[1].roi == wanted
    panel.region.copy()
    assert {one.roi for one in panel.session.study} == {wanted}
    assert "Row 2: 60 × 60 pixels from x = 30, y = 20." in panel.region.text.text()
    delete(panel)


def test_the_whole_picture_is_a_region_that_is_kept(
    viewer: Any, study_csv: Path, wait: Wait, tmp_path: Path
) -> None:
    panel = StudyPanel(viewer)
    panel.open_csv(study_csv)
    before = panel.session.study
    panel.table.choose_rows([0, 2])
    panel.region.use_whole()
    wait(lambda: panel.session.study[2].roi != before[2].roi)
    with open_video(before[0].video) as video:
        whole = Roi(x=0, y=0, width=video.shape[2], height=video.shape[1])
    assert [one.roi == whole for one in panel.session.study] == [True, False, True, False, False]
    panel.save_csv(tmp_path / "mine.csv")
    assert Study.from_csv(tmp_path / "mine.csv")[2].roi == whole
    panel.undo()  # both rows at once
    assert panel.session.study == before
    panel.table.choose_rows([0])
    panel.region.clear()
    assert panel.session.study[0].roi is None
    assert "a training looks for one" in panel.region.text.text()
    delete(panel)


def drag(layer: Any, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Drag the mouse over a layer, from one place of the picture to another one, (y, x) in the world."""
    facts: dict[str, Any] = {"modifiers": (), "pos": np.zeros(2), "handled": False, "button": 1}
    facts |= {"view_direction": None, "dims_displayed": [0, 1], "dims_point": [0.0, 0.0], "source": None}

    def event(kind: str, at: tuple[float, float]) -> Any:
        held = kind == "mouse_move"
        return SimpleNamespace(type=kind, position=at, is_dragging=held, **facts)

    mouse_press_callbacks(layer, ReadOnlyWrapper(event("mouse_press", start)))
    for part in (0.3, 0.7, 1.0):
        at = (start[0] + part * (stop[0] - start[0]), start[1] + part * (stop[1] - start[1]))
        mouse_move_callbacks(layer, event("mouse_move", at))
    mouse_release_callbacks(layer, event("mouse_release", stop))


@pytest.mark.parametrize(("scale", "translate"), [((1, 1), (0, 0)), ((2, 2), (0, 0)), ((1.5, 0.4), (-7, 30))])
def test_a_region_is_drawn_where_the_picture_is(
    viewer: Any, study_csv: Path, wait: Wait, scale: tuple[float, float], translate: tuple[float, float]
) -> None:
    panel = StudyPanel(viewer)
    panel.open_csv(study_csv)
    panel.table.setCurrentIndex(panel.table.rows.index(1, 1))
    panel.region.clear()
    name = panel.session.study[1].name
    panel.link.show(name, 4)
    wait(lambda: panel.link.here() == (name, 4))
    image = panel.link.layer_of(panel.session.study[1])
    image.scale, image.translate = (image.scale[0], *scale), (0, *translate)
    panel.region.draw()
    wait(lambda: own_layers(viewer, name, "region"))
    (layer,) = own_layers(viewer, name, "region")
    corners = [tuple(image.data_to_world((4, *one))[1:]) for one in ((19.5, 29.5), (79.4, 89.4))]
    drag(layer, *corners)
    assert panel.session.study[1].roi == Roi(x=30, y=20, width=60, height=60)
    delete(panel)


def test_the_newest_rectangle_is_the_region(viewer: Any, study_csv: Path, wait: Wait) -> None:
    panel = StudyPanel(viewer)
    panel.open_csv(study_csv)
    panel.table.setCurrentIndex(panel.table.rows.index(0, 1))
    panel.region.clear()
    panel.region.draw()
    wait(lambda: own_layers(viewer, role="region"))
    (layer,) = own_layers(viewer, role="region")
    first, second = Roi(x=5, y=5, width=40, height=30), Roi(x=60, y=50, width=40, height=30)
    for one in (first, second):
        layer.mode = "add_rectangle"
        drag(layer, (one.y - 0.4, one.x - 0.4), (one.y + 29.6, one.x + 39.6))
        wait(lambda one=one: panel.session.study[0].roi == one)
    wait(lambda: len(layer.data) == 1)
    np.testing.assert_allclose(layer.data[0].min(axis=0), (49.6, 59.6))
    assert panel._foot.text() == "A recording has one region: the new rectangle has replaced the old one."
    drag(layer, (10, 10), (10, 10))  # a click without a drag
    wait(lambda: len(layer.data) == 1)
    assert panel.session.study[0].roi == second
    layer.selected_data = {0}
    layer.remove_selected()
    wait(lambda: panel.session.study[0].roi is None)
    panel.undo()
    assert panel.session.study[0].roi == second
    wait(lambda: len(layer.data) == 1)
    delete(panel)


def test_a_stack_that_napari_opened_is_a_recording(viewer: Any, tmp_path: Path, wait: Wait) -> None:
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
