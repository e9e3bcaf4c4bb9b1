"""From the crop of a network back to the region of the frame."""

from __future__ import annotations

import numpy as np
import torch

from napari_ubam.families.region import in_frame, to_region
from napari_ubam.study import Roi


def test_displacements_keep_their_size_on_the_way_to_the_region() -> None:
    crop = np.zeros((2, 80, 160), np.float32)
    crop[0] = 3.0
    region = to_region(crop, (100, 100))  # the crop is letterboxed: the region is 80 by 80 in it
    assert region.shape == (2, 100, 100)
    torch.testing.assert_close(region[0, 20:80, 20:80], torch.full((60, 60), 3.75))
    assert not region[:, 0].any()  # nothing moves at the border
    assert not region[1].any()


def test_only_the_visible_part_of_a_region_is_returned() -> None:
    crop = np.ones((2, 50, 50), np.float32)
    roi = Roi(x=-20, y=-10, width=100, height=100)
    visible = roi.clipped(60, 70)
    assert visible is not None
    part = in_frame(crop, roi, visible)
    assert part.shape == (2, 60, 70)
    torch.testing.assert_close(part, to_region(crop, (100, 100))[:, 10:70, 20:90])
