"""Windows read postures at equal steps of time, at any frame rate, and never across an end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.analysis.window_grid import WindowSize, window_grid
from napari_ubam.models.windows import windows


@given(
    fps=st.floats(3, 400),
    window_ms=st.floats(20, 2000),
    steps=st.integers(3, 21),
    lengths=st.lists(st.integers(0, 90), min_size=1, max_size=4),
)
def test_a_code_that_is_time_itself_is_read_exactly(
    fps: float, window_ms: float, steps: int, lengths: list[int]
) -> None:
    edges = np.cumsum([0, *(length + 7 for length in lengths)])
    segments = [range(edge, edge + length) for edge, length in zip(edges, lengths, strict=False)]
    times = np.arange(edges[-1]) / fps
    found = windows(times, segments, window_ms, steps)
    codes = times[:, None].astype(np.float32)
    read = found.of(codes)[..., 0]
    wanted = times[found.centres, None] + (np.arange(steps) / (steps - 1) - 0.5) * window_ms / 1000
    np.testing.assert_allclose(read, wanted, atol=2e-3 / fps + 2e-6 * (1 + times[-1]))
    assert found.before.shape == found.weight.shape == (len(found), steps)


@given(
    fps=st.floats(3, 400), window_ms=st.floats(20, 2000), steps=st.integers(3, 21), length=st.integers(0, 90)
)
def test_all_and_only_the_windows_that_lie_inside(
    fps: float, window_ms: float, steps: int, length: int
) -> None:
    gap = 3
    segments = [range(gap, gap + length), range(2 * gap + length, 2 * (gap + length))]
    times = np.arange(2 * (gap + length) + gap) / fps
    found = windows(times, segments, window_ms, steps)
    half = window_ms / 2000
    expected = [
        row
        for part in segments
        for row in part
        if times[row] - half >= times[part.start] - 1e-6 and times[row] + half <= times[part.stop - 1] + 1e-6
    ]
    np.testing.assert_array_equal(found.centres, expected)
    outside = np.ones(len(times), bool)
    for part in segments:
        outside[part.start : part.stop] = False
    codes = np.where(outside, np.nan, 1.0)[:, None].astype(np.float32)
    np.testing.assert_array_equal(found.of(codes), 1)


def test_no_window_reaches_over_a_pause_as_in_the_comparison_of_windows() -> None:
    times = np.arange(60) / 30
    times[25:] += 2.0  # the camera waited
    found = windows(times, [range(60)], 400.0, 13)
    assert found.centres.tolist() == [*range(6, 19), *range(31, 54)]
    grid = window_grid(np.ones((60, 3)), times, np.ones(60, bool), np.ones(60, bool), WindowSize(400.0, 13))
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(grid.place)), found.centres)


def test_uneven_times_are_interpolated() -> None:
    times = np.array([0.0, 0.1, 0.3, 0.35, 0.6])
    found = windows(times, [range(5)], 400.0, 3)
    assert found.centres.tolist() == [2, 3]
    read = found.of((times * 10)[:, None].astype(np.float32))[..., 0]
    np.testing.assert_allclose(read, [[1, 3, 5], [1.5, 3.5, 5.5]], atol=1e-5)


def test_frames_that_lie_on_the_steps_are_read_as_they_are() -> None:
    found = windows(np.arange(60) / 30, [range(60)], 400.0, 13)
    assert not found.weight.any()
    assert found.centres.tolist() == list(range(6, 54))
    assert found.before[0].tolist() == list(range(13))


def test_some_of_the_windows() -> None:
    found = windows(np.arange(60) / 25, [range(60)], 400.0, 13)
    codes = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    np.testing.assert_array_equal(found.of(codes, [7, 3]), found.of(codes)[[7, 3]])
    np.testing.assert_array_equal(found.of(codes, slice(2, 5)), found.of(codes)[2:5])


@pytest.mark.parametrize("segments", [[], [range(4, 4)], [range(3)]])
def test_nothing_fits(segments: list[range]) -> None:
    found = windows(np.arange(10) / 10, segments, 400.0, 13)
    assert len(found) == 0
    assert found.of(np.zeros((10, 2), np.float32)).shape == (0, 13, 2)
