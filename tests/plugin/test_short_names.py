"""Names that are too long for their column."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.plugin.state.short_names import short_names


def test_what_all_names_share_is_left_out() -> None:
    names = ["vehicle_mouse01_day3_pm", "vehicle_mouse02_day3_pm", "vehicle_mouse12_day3_pm"]
    assert list(short_names(names, 10).values()) == ["…01…", "…02…", "…12…"]


def test_names_that_fit_stay_whole() -> None:
    assert short_names(["healthy1", "healthy2"], 8) == {"healthy1": "healthy1", "healthy2": "healthy2"}


def test_a_single_long_name_keeps_its_ends() -> None:
    assert short_names(["vehicle_mouse01_day3_pm"], 9) == {"vehicle_mouse01_day3_pm": "vehi…3_pm"}


@given(st.lists(st.text("ab_1", min_size=1, max_size=12), unique=True, max_size=6), st.integers(3, 12))
def test_different_names_stay_different(names: list[str], letters: int) -> None:
    short = short_names(names, letters)
    assert set(short) == set(names)
    assert len(set(short.values())) == len(names)
