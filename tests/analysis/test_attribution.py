"""Where a frame deviates: difference maps and arrows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter
from skimage.color import deltaE_ciede2000, rgb2lab

from napari_ubam.analysis import DeviationError
from napari_ubam.analysis.attribution import arrows, difference_map, vectors


def test_a_difference_is_where_it_was_put() -> None:
    frame = np.full((60, 80, 3), 90, np.uint8)
    changed = frame.copy()
    changed[20:30, 50:60] = 180
    found = difference_map(frame, changed)
    assert found.shape == (60, 80)
    assert np.unravel_index(found.argmax(), found.shape)[0] in range(22, 28)
    assert found[40:, :40].max() < 0.01
    assert not difference_map(frame, frame).any()
    grey = difference_map(frame[..., 0], changed[..., :1][..., 0])
    np.testing.assert_allclose(grey, found, atol=0.1)
    with pytest.raises(DeviationError, match="one size"):
        difference_map(frame, frame[1:])


def test_a_difference_is_that_of_the_whole_images() -> None:
    generator = np.random.default_rng(0)
    frame = generator.integers(0, 255, (40, 50, 3)).astype(np.uint8)
    changed = frame.copy()
    changed[5:20, 30:45] = generator.integers(0, 255, (15, 15, 3))
    for one, other in ((frame, changed), (frame[..., :1], changed[..., :1])):
        colours = [rgb2lab(np.broadcast_to(image, (40, 50, 3))) for image in (one, other)]
        whole = gaussian_filter(deltaE_ciede2000(*colours), 2.0)
        np.testing.assert_allclose(difference_map(one, other, 2.0), whole, rtol=1e-5, atol=1e-6)


def test_one_arrow_a_region_in_true_length() -> None:
    displacement = np.zeros((2, 60, 80))
    displacement[0, 10:20, 10:20] = 6  # to the right
    displacement[1, 10:20, 20:30] = -3  # up, next to it
    displacement[0, 50:52, 70:72] = 9  # too small
    table = arrows(displacement)
    assert table[["dy", "dx"]].to_numpy().tolist() == [[0, 6], [-3, 0]]
    assert table["length"].tolist() == [6, 3]
    assert (table["y"][0], table["x"][0]) == (14.5, 14.5)
    without = arrows(np.zeros((2, 9, 9)))
    assert without.empty
    assert without.dtypes.equals(table.dtypes)
    joined = pd.concat([without, table])
    assert vectors({4: joined}).dtype == np.float64  # napari cannot show a Vectors layer of objects
    shown = vectors({4: table, 5: arrows(np.zeros((2, 9, 9)))})
    assert shown.shape == (2, 2, 3)
    np.testing.assert_allclose(shown[0], [[4, 14.5, 14.5], [0, 0, 6]])
    assert vectors({}).shape == (0, 2, 3)
