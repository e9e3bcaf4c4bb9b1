"""Episodes of known percentiles."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ubam.analysis import episodes

TIMES = np.arange(300) / 30


def drawn(*spans: tuple[int, int, float]) -> np.ndarray:
    """Percentiles (300,) of 50, and of another value from one frame to before another."""
    percentile = np.full(300, 50.0)
    for start, stop, value in spans:
        percentile[start:stop] = value
    return percentile


def test_the_longer_and_stronger_comes_first() -> None:
    table = episodes(drawn((10, 30, 97), (50, 60, 98), (100, 150, 99)), TIMES)
    assert table[["start", "stop"]].to_numpy().tolist() == [[100, 150], [10, 30], [50, 60]]
    assert table["excess"].tolist() == pytest.approx([4 * 50 / 30, 2 * 20 / 30, 3 * 10 / 30])
    assert table["start_time"].tolist() == pytest.approx([100 / 30, 10 / 30, 50 / 30])
    assert table["stop_time"].tolist() == pytest.approx([5, 1, 2])


def test_short_pauses_are_joined_and_short_episodes_dropped() -> None:
    percentile = drawn((10, 14, 99), (20, 24, 99), (60, 65, 99), (100, 103, 99), (110, 113, 99))
    table = episodes(percentile, TIMES)
    # Pauses of 6 frames are 0.2 s and join, those of 7 do not; 5 frames are shorter than 0.2 s.
    assert table[["start", "stop"]].to_numpy().tolist() == [[10, 24]]
    assert table["mean_percentile"][0] == pytest.approx((8 * 99 + 6 * 50) / 14)
    assert len(episodes(percentile, TIMES, min_seconds=0, join_seconds=0)) == 5


def test_two_stray_frames_are_no_episode() -> None:
    percentile = drawn((10, 11, 99), (16, 17, 99))
    assert episodes(percentile, TIMES).empty
    assert len(episodes(percentile, TIMES, min_seconds=2 / 30)) == 1


def test_the_peak_is_the_most_deviant_frame() -> None:
    percentile, deviation = drawn((100, 150, 100)), np.zeros(300)
    deviation[[90, 123]] = 5, 2
    assert episodes(percentile, TIMES)["peak"][0] == 100
    table = episodes(percentile, TIMES, deviation=deviation, frames=np.arange(300) + 1000)
    assert table[["start", "stop", "peak"]].to_numpy().tolist() == [[1100, 1150, 1123]]
    assert table["peak_time"][0] == pytest.approx(123 / 30)
    assert table["peak_percentile"][0] == 100


def test_frames_without_a_score_are_not_over_the_line() -> None:
    percentile = drawn((10, 50, 99))
    percentile[20:24] = np.nan
    percentile[40:50] = np.nan
    table = episodes(percentile, TIMES)
    assert table[["start", "stop"]].to_numpy().tolist() == [[10, 40]]
    assert table["mean_percentile"][0] == 99


def test_a_gap_in_time_parts_episodes() -> None:
    keep = np.r_[0:50, 120:300]
    table = episodes(drawn((20, 140, 99))[keep], TIMES[keep], frames=keep)
    assert table[["start", "stop"]].to_numpy().tolist() == [[20, 50], [120, 140]]


@pytest.mark.parametrize("values", [[], [99.0], [np.nan] * 5, [10.0] * 5])
def test_nothing_over_the_line_is_no_episode(values: list[float]) -> None:
    table = episodes(values, np.arange(len(values)) / 30)
    assert len(table) == 0
    assert table["start"].dtype == np.int64
    assert "peak_percentile" in table
