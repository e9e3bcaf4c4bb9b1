"""A region stays with its recording, whatever happens to other rows of the study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.plugin.viewer.own_layers import own_layers
from napari_ubam.study import Roi
from real_window import Window
from study_rows import choose_cell

pytestmark = pytest.mark.slow
WANTED = Roi(x=30, y=20, width=60, height=60)
CORNERS = np.array([[19.5, 29.5], [19.5, 89.5], [79.5, 89.5], [79.5, 29.5]])


def drawn(window: Window, panel: Any, row: int, frame: int) -> Any:
    """Draw the region of a row while one of its frames is shown; give the layer."""
    link, draft = link_of(window.viewer), panel.session.draft
    name = draft.recording(row).name
    link.show(name, frame)
    window.wait(lambda: link.here() == (name, frame))
    choose_cell(panel, row)
    window.click(panel, "No region")
    window.click(panel, "Draw")
    window.wait(lambda: own_layers(window.viewer, name, "region"))
    assert link.here() == (name, frame)
    (layer,) = own_layers(window.viewer, name, "region")
    layer.add_rectangles(CORNERS)
    window.wait(lambda: draft.roi(row) == WANTED)
    return layer


def test_a_region_goes_with_its_row(run_window: Window) -> None:
    panel = run_window.open("Study")
    names = panel.session.study.names
    layer = drawn(run_window, panel, 1, 25)
    choose_cell(panel, 0)
    run_window.click(panel, "Remove")
    layer.data = [CORNERS + (0, 10)]
    moved = Roi(x=40, y=20, width=60, height=60)
    run_window.wait(lambda: panel.session.draft.roi(0) == moved)
    assert panel.session.study.names == names[1:]
    assert panel.session.study[names[1]].roi == moved
    assert panel.session.study[names[2]].roi != moved
    run_window.shoot("region")
    choose_cell(panel, 0)
    run_window.click(panel, "Remove")
    assert own_layers(run_window.viewer, role="region") == []
    assert [one.roi == moved for one in panel.session.study] == [False] * (len(names) - 2)
    assert run_window.errors == []


def test_a_region_follows_its_numbers_and_is_seen_with_its_recording(run_window: Window) -> None:
    panel, link = run_window.open("Study"), link_of(run_window.viewer)
    names = panel.session.study.names
    layer = drawn(run_window, panel, 1, 25)
    panel.session.draft.set_cell(1, "x", "12")
    panel.session.draft_edited()
    assert layer.data[0].min(axis=0).tolist() == [19.5, 11.5]
    assert layer.data[0].max(axis=0).tolist() == [79.5, 71.5]
    link.show(names[0], 3)
    run_window.wait(lambda: link.here() == (names[0], 3) and not layer.visible)
    link.show(names[1], 3)
    run_window.wait(lambda: link.here() == (names[1], 3) and layer.visible)
    assert run_window.errors == []
