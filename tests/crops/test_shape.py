"""The shape of crops follows the regions of the study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.crops import regions_of, shape_for
from napari_ubam.study import Recording, Roi

LENGTHS = st.floats(20, 2000)


@given(st.lists(st.tuples(LENGTHS, LENGTHS), min_size=1, max_size=9), st.integers(64, 256))
def test_as_many_pixels_as_the_square_whatever_the_shape(
    regions: list[tuple[float, float]], side: int
) -> None:
    height, width = shape_for(regions, side)
    assert height % 8 == width % 8 == 0
    assert height * width == pytest.approx(side**2, rel=0.25)
    assert 1 / 3.7 < width / height < 3.7


@pytest.mark.parametrize(
    ("regions", "shape"),
    [
        ([(100, 200)] * 3, (64, 136)),
        ([(200, 100)] * 3, (136, 64)),
        ([(100, 100), (480, 480), (10, 90)], (96, 96)),  # the odd one out does not count
        ([], (96, 96)),
    ],
)
def test_shape_of_the_median_region(regions: list[tuple[float, float]], shape: tuple[int, int]) -> None:
    assert shape_for(regions, 96) == shape


def test_regions_come_from_the_table_or_from_the_video(clip: Callable[[str], Path], tmp_path: Path) -> None:
    path = clip("h264 GOP 12")
    plain = {"subject": "a", "group": "x", "session": "1"}
    whole = Recording(video=path, name="whole", **plain)
    part = Recording(video=path, name="part", roi=Roi(x=2, y=4, width=50, height=20), **plain)
    gone = Recording(video=tmp_path / "gone.mp4", name="gone", **plain)
    found = regions_of([whole, part, gone])
    assert found[1:] == [(20.0, 50.0)]
    assert found[0][0] > 20
