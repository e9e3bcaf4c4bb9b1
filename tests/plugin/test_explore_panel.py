"""The Explore panel: neighbours and the map."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_ubam.plugin.panels.explore import ExplorePanel
from shared_widgets import Wait, delete


def test_neighbours_and_map_lead_to_frames(opened: Any, wait: Wait) -> None:
    panel = ExplorePanel(opened)
    panel.method.setCurrentText("pca")
    wait(lambda: panel.strip.count() > 0)
    assert "impaired1" not in set(panel._found["subject"])
    first = panel._found.iloc[0]
    panel.strip.itemClicked.emit(panel.strip.item(0))
    wait(lambda: panel.link.here() == (first["recording"], int(first["frame"])))
    panel.make_map()
    wait(lambda: panel._table is not None)
    panel.colour.setCurrentText("subject")
    assert "impaired1" in panel.legend.text()
    panel.colour.setCurrentText("deviation")
    assert "percentile 0 to" in panel.legend.text()
    row = int(np.flatnonzero(panel._table["recording"] == "healthy2")[3])
    panel.map.clicked.emit(row)
    one = panel._table.iloc[row]
    wait(lambda: panel.link.here() == ("healthy2", int(one["frame"])))
    before, places = panel._found, panel._table[["x", "y"]].to_numpy()
    panel.alone.setChecked(False)  # neighbours and map follow
    wait(lambda: panel._found is not before)
    wait(lambda: not np.allclose(panel._table[["x", "y"]].to_numpy(), places))
    assert panel.session.run.results["map"].facts["individual"] == "keep"
    panel.map.selected.emit(np.arange(40))
    wait(lambda: panel.strip.count() == 8 and "similarity" not in panel._found)
    assert panel._foot.text().startswith("40 frames")
    delete(panel)
