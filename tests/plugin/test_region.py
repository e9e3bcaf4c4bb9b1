"""Rectangles on the canvas as regions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.plugin.io.regions import corners_of, roi_of
from napari_ubam.plugin.state.magnification_cache import span_around
from napari_ubam.study import Roi


@given(x=st.integers(0, 90), y=st.integers(0, 70), width=st.integers(2, 40), height=st.integers(2, 40))
def test_a_region_goes_to_the_canvas_and_back(x: int, y: int, width: int, height: int) -> None:
    roi = Roi(x=x, y=y, width=width, height=height)
    assert roi_of(corners_of(roi), 200, 200) == roi


def test_what_lies_outside_is_cut_off() -> None:
    assert roi_of([[-20, -5], [40, 300]], 100, 120) == Roi(x=0, y=0, width=120, height=40)
    assert roi_of([[5, 5], [5.4, 60]], 100, 120) is None


@given(frame=st.integers(10, 50), fps=st.floats(1, 200))
def test_a_span_stays_within_the_recording(frame: int, fps: float) -> None:
    start, stop = span_around(frame, 10, 50, fps)
    assert 10 <= start <= frame < stop <= 51
