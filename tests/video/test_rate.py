"""Frame rates from rounded times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.video.rate import frame_rate, is_uniform, rate_notes


@given(fps=st.sampled_from([10, 23.976, 25, 29.97, 60, 119.88, 240, 500]), frames=st.integers(40, 3000))
def test_the_rate_is_exact_for_times_in_milliseconds(fps: float, frames: int) -> None:
    times = np.round(np.arange(frames) / fps, 3)
    assert frame_rate(times, fps, 1e-3) == fps
    assert frame_rate(times, None, 1e-3) == pytest.approx(fps, rel=2e-3 * fps / frames + 1e-9)
    assert rate_notes(times, 1e-3) == []


@given(place=st.integers(0, 97), lost=st.integers(1, 50))
def test_dropped_frames_are_counted_and_placed(place: int, lost: int) -> None:
    times = np.arange(100) / 30
    times[place + 1 :] += lost / 30
    assert frame_rate(times, None) == pytest.approx(30)
    (note,) = rate_notes(times)
    assert f" {lost} frame" in note
    assert f"after frame {place}." in note


def test_single_gaps_with_one_tick_per_frame() -> None:
    times = np.delete(np.arange(100), 50) / 25
    (note,) = rate_notes(times, tick=1 / 25)
    assert "1 frame missing in total" in note


def test_a_wrong_nominal_rate_is_ignored() -> None:
    assert frame_rate(np.arange(100) / 30, 60.0) == pytest.approx(30)


def test_a_varying_rate_has_its_mean_and_a_note() -> None:
    times = np.cumsum(np.tile([0.02, 0.06], 50))
    assert not is_uniform(np.diff(times))
    assert frame_rate(times, None) == pytest.approx(25, rel=0.02)
    assert rate_notes(times) == ["The frame rate varies: 20 to 60 ms per frame."]


@pytest.mark.parametrize(("nominal", "rate"), [(30.0, 30.0), (None, 1.0)])
def test_a_single_frame_has_the_stated_rate(nominal: float | None, rate: float) -> None:
    assert frame_rate(np.zeros(1), nominal) == rate
    assert rate_notes(np.zeros(1)) == []
