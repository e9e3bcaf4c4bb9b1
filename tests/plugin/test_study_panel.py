"""The Study panel: rows, files and regions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.study import Roi, Study
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
