"""The Magnify panel: preview, layers and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_ubam.plugin.panels.magnify import MagnifyPanel
from shared_widgets import Wait, delete


def test_the_preview_follows_the_factor_and_layers_are_added(opened: Any, tmp_path: Path, wait: Wait) -> None:
    panel = MagnifyPanel(opened)
    panel.take_here()
    panel.span.set_span(28, 34)
    panel.factor.setValue(1.0)
    panel.previewing.setChecked(True)
    wait(lambda: "preview × 1.0" in opened.layers)
    picture = np.asarray(opened.layers["preview × 1.0"].data)
    original = np.asarray(opened.layers["impaired1"].data[30])
    assert np.array_equal(picture, original)
    panel.factor.setValue(3.0)
    wait(lambda: "preview × 3.0" in opened.layers)
    assert not np.array_equal(np.asarray(opened.layers["preview × 3.0"].data), original)
    panel.results.add.click()
    wait(lambda: "impaired1, difference" in opened.layers)
    assert not opened.layers["preview × 3.0"].visible
    assert "impaired1, arrows" not in opened.layers
    made = opened.layers["impaired1 × 3"]
    assert made.data.shape[0] == 6
    assert made.translate[0] == pytest.approx(28 / 30)
    panel.results.save_as(tmp_path / "out.tif")
    wait(lambda: not panel.session.is_working, 120)
    assert (tmp_path / "out.tif").is_file()
    delete(panel)


def test_the_panel_says_what_is_missing(viewer: Any) -> None:
    panel = MagnifyPanel(viewer)
    panel.results.save_as(Path("out.mp4"))
    assert "Train the magnifier" in panel._foot.text()
    for grey in (panel.results.add, panel.results.arrows, panel.results.save, panel.previewing):
        assert not grey.isEnabled()
        assert "Train the magnifier" in grey.toolTip()
    delete(panel)
