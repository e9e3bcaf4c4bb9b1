"""Maps of activity are placed on each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ubam.tracking.placement import Placement, common_box, place, register

SHAPE = (50, 80)


def body(x: float = 40.0, y: float = 25.0, size: float = 1.0) -> np.ndarray:
    """Draw the activity of a body with a head and two legs."""
    rows, columns = np.indices(SHAPE)
    parts = ((0, 0, 9, 4, 0.5), (-11, 1, 3, 3, 0.7), (-6, 8, 2, 5, 1.0), (7, 8, 2, 5, 0.9))
    drawn = np.zeros(SHAPE)
    for dx, dy, wide, high, strength in parts:
        across = (columns - x - dx * size) / (wide * size)
        down = (rows - y - dy * size) / (high * size)
        drawn += strength * np.exp(-(across**2) - down**2)
    return np.clip(drawn, 0, 1)


@settings(max_examples=15, deadline=None)
@given(x=st.floats(30, 50), y=st.floats(20, 30), size=st.floats(0.7, 1.35))
def test_shift_and_size_are_found(x: float, y: float, size: float) -> None:
    found = place(body(x, y, size), body(), Placement())
    assert found.size == pytest.approx(size, rel=0.06)
    # The body's centre in the common map has to come to the body's centre in the other one.
    left, top, _, _ = found.box((40.5, 25.5, 40.5, 25.5), SHAPE, SHAPE)
    assert (left, top) == pytest.approx((x + 0.5, y + 0.5), abs=1.0)


def test_all_are_placed_on_the_median_subject() -> None:
    places = {"a": (34, 22, 0.9), "b": (40, 25, 1.0), "c": (46, 28, 1.1), "d": (40, 25, 1.0)}
    found, template = register({name: body(*place) for name, place in places.items()})
    assert template.shape == SHAPE
    for name, (_, _, size) in places.items():
        assert found[name].correlation > 0.97
        assert found[name].size / found["b"].size == pytest.approx(size, rel=0.06)


def test_the_box_holds_the_body_and_stays_in_all_pictures() -> None:
    map_ = body()
    left, top, right, bottom = common_box(map_, [(Placement(), SHAPE)])
    assert map_[int(top) : int(bottom) + 1, int(left) : int(right) + 1].sum() > 0.93 * map_.sum()
    assert (right - left) * (bottom - top) < 0.5 * map_.size
    # Where the body is at the edge of one picture, the margin on this side is narrower for all.
    narrower = common_box(map_, [(Placement(), SHAPE), (Placement(x=-left - 2), SHAPE)])
    assert narrower == pytest.approx((left + 2, top, right, bottom))


def test_a_map_without_activity_correlates_with_nothing() -> None:
    assert place(np.zeros(SHAPE), body(), Placement()).correlation == pytest.approx(0.0, abs=1e-6)
