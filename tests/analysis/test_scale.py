"""Long studies: one recording in memory at a time, a bounded reference, and the same scores as ever."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from generated_codes import subjects_with_codes
from napari_ubam.analysis import (
    Calibration,
    Codes,
    WindowSize,
    deviation,
    deviation_within_subjects,
    score_table,
    subject_table,
)
from napari_ubam.analysis import calibration as calibration_module
from napari_ubam.analysis.reference_limits import Limits, largest_share

WINDOW = WindowSize(200, 5)


class OneAtATime(Sequence[Codes]):
    """Makes the codes of a recording anew on each access, and counts those that are alive."""

    def __init__(self, codes: Sequence[Codes]) -> None:
        self._codes, self.alive, self.most = codes, 0, 0

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, index: int) -> Codes:  # type: ignore[override]
        one = self._codes[index]
        made = replace(one, posture=one.posture.copy(), behaviour=one.behaviour.copy())
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(made.posture, self._gone)
        gc.collect()
        return made

    def _gone(self) -> None:
        self.alive -= 1


def herd(window: bool, sessions: int = 1) -> list[Codes]:
    found = subjects_with_codes(np.random.default_rng(0), (5, 3), 1.0, recordings=2)
    size = WINDOW if window else None
    return [replace(one, window=size, session=str(number % sessions)) for number, one in enumerate(found)]


def healthy(codes: Sequence[Codes]) -> list[str]:
    return [one.name for one in codes if one.group == "a"]


@pytest.mark.parametrize("window", [True, False])
def test_few_recordings_are_in_memory_and_the_scores_are_the_same(window: bool) -> None:
    codes = herd(window)
    lazy = OneAtATime(codes)
    kept, read = (deviation(one, healthy(codes), k=4) for one in (codes, lazy))
    pd.testing.assert_frame_equal(score_table(kept), score_table(read), check_exact=True)
    pd.testing.assert_frame_equal(subject_table(kept), subject_table(read), check_exact=True)
    assert len(codes) == 16
    assert lazy.most <= 2


def test_baselines_are_read_one_recording_at_a_time() -> None:
    codes = herd(True, sessions=2)
    first = [one.name for one in codes if one.session == "0"]
    lazy = OneAtATime(codes)
    kept, read = (deviation_within_subjects(one, first, k=4) for one in (codes, lazy))
    pd.testing.assert_frame_equal(score_table(kept), score_table(read), check_exact=True)
    assert lazy.most <= 2


def test_the_reference_is_bounded_and_each_subject_keeps_the_same_number() -> None:
    codes = herd(True)
    whole = deviation(codes, healthy(codes), k=4)
    bounded = deviation(codes, healthy(codes), k=4, reference_total=500)
    assert whole.reference_counts == whole.reference_available
    assert set(bounded.reference_counts.values()) == {100}
    assert bounded.reference_available == whole.reference_available
    # Windows are taken in runs, so their number is about the same.
    assert sum(bounded.reference_windows.values()) < sum(whole.reference_windows.values())
    name = codes[0].name
    few, all_of_them = bounded[name].posture_deviation, whole[name].posture_deviation
    assert np.corrcoef(few, all_of_them)[0, 1] > 0.7
    assert few.mean() > all_of_them.mean()


@pytest.mark.parametrize(
    ("counts", "limits", "share"),
    [
        ([50, 50], Limits(100, 1000), 100),
        ([500, 500], Limits(100, 1000), 100),
        ([500, 500, 500], Limits(400, 900), 300),
        ([100, 500, 500], Limits(400, 900), 400),
        ([100, 500, 600], Limits(450, 900), 400),
        ([9, 9, 9], Limits(9, 2), 1),
    ],
)
def test_subjects_with_few_frames_leave_their_share_to_others(
    counts: list[int], limits: Limits, share: int
) -> None:
    found = largest_share(counts, limits)
    assert found == share
    assert sum(min(count, found) for count in counts) <= max(limits.total, len(counts))


def test_percentiles_hardly_change_where_quantiles_stand_for_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = np.random.default_rng(1)
    subjects = [generator.gamma(2 + number, size=5000 * (1 + number)) for number in range(4)]
    asked = np.linspace(0, 20, 500)
    exact = Calibration.of(subjects).percentile(asked)
    monkeypatch.setattr(calibration_module, "VALUES", 4000)
    thin = Calibration.of(subjects)
    assert len(thin.values) == 4000
    assert np.abs(thin.percentile(asked) - exact).max() < 0.1


def test_a_short_baseline_keeps_windows_of_other_stretches_apart() -> None:
    """A window of the reference never shares a frame with the window that it is compared with."""
    fps, seconds, size = 30, 16, WindowSize(600, 13)
    count = fps * seconds
    values = np.random.default_rng(2).normal(size=(count, 8)).astype(np.float32)
    valid = np.ones(count, bool)
    valid[:9] = valid[-9:] = False
    times = np.arange(count) / fps
    whole = np.ones(count, bool)
    one = Codes("a", "a", "", "0", values, values, times, np.arange(count), valid, whole, size)
    other = replace(one, name="b", session="1")
    result = deviation([one, other], ["a"])
    apart = 0.6 * (1 + 1.15) / 2  # seconds between the middles of windows that share no frame
    edges = 9
    assert result.reference_available["a"] <= valid.sum() - edges * (2 * apart * fps - 1)
    assert result.reference_available["a"] > 50
    assert not any("too short" in said for said in result.warnings)


def test_a_baseline_that_is_too_short_for_that_is_said() -> None:
    codes = herd(True, sessions=2)
    result = deviation_within_subjects(codes, [one.name for one in codes if one.session == "0"], k=4)
    said = [one for one in result.warnings if "too short to be split" in one]
    assert len(said) == 8
    assert "reference recordings of 6 seconds or more" in said[0]
