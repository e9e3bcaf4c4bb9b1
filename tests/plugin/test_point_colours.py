"""What the Explore panel says about the points of its map."""

from __future__ import annotations

import pandas as pd

from napari_ubam.plugin.io.point_colours import groups_of


def test_selected_points_are_counted_by_subject_and_group() -> None:
    chosen = pd.DataFrame({"subject": ["a", "a", "b", "c"], "group": ["healthy", "healthy", "impaired", ""]})
    assert groups_of(chosen) == "4 frames of 3 subjects: healthy 50%, impaired 25%, no group 25%."
    assert groups_of(chosen[2:3]) == "1 frame of 1 subject: impaired 100%."
