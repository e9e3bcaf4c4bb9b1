"""Deviation of codes whose truth is known."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.gaits import herd, names, walk, without
from napari_ubam.analysis import Calibration, Codes, DeviationError, deviation, score_table
from napari_ubam.progress import Cancelled, Progress


def share_over(percentile: np.ndarray, line: float = 95) -> float:
    return float(np.mean(percentile > line))


def test_bouts_deviate_and_the_rest_does_not() -> None:
    reference = herd(6)
    odd = walk("odd", 77, bouts=[slice(100, 160)])
    scores = deviation([*reference, odd], names(reference))["odd_0"]
    for values in (scores.posture_percentile, scores.behaviour_percentile):
        assert values[100:160].min() > 99
        assert np.median(np.delete(values, np.s_[100:160])) < 90
    assert (
        scores.behaviour_deviation[100:160].min()
        > np.delete(scores.behaviour_deviation, np.s_[100:160]).mean()
    )


@pytest.mark.parametrize(("count", "k", "per_subject"), [(5, 10, 2), (5, 2, 1), (12, 10, 2)])
def test_subjects_drawn_alike_are_over_the_line_as_often_as_the_reference(
    count: int, k: int, per_subject: int
) -> None:
    # With one subject more to choose from than the reference frames have, 0.56 would be below the median.
    over, below = [], []
    for seed in range(8):
        reference, others = herd(count, seed, frames=200), herd(4, seed + 500, "new", 200)
        result = deviation([*reference, *others], names(reference), k=k, per_subject=per_subject)
        for scores in result.recordings[count:]:
            over.append(share_over(scores.behaviour_percentile))
            below.append(1 - share_over(scores.posture_percentile, 50))
    assert 0.03 < np.mean(over) < 0.08
    assert 0.46 < np.mean(below) < 0.54


def test_the_reference_itself_is_uniform() -> None:
    reference = herd(8)
    result = deviation(reference, names(reference))
    percentile = np.concatenate([scores.posture_percentile for scores in result.recordings])
    counts = np.histogram(percentile, bins=20, range=(0, 100))[0]
    assert counts == pytest.approx(np.full(20, len(percentile) / 20), abs=1.5)
    assert all(scores.reference for scores in result.recordings)


def by_hand(query: np.ndarray, reference: list[Codes], k: int, per_subject: int) -> np.ndarray:
    """Mean distance (t,) to the nearest of the reference, by sorting."""

    def unit(codes: np.ndarray) -> np.ndarray:
        return codes / np.linalg.norm(codes, axis=1, keepdims=True)

    nearest = [np.sort(1 - unit(query) @ unit(one.posture).T, axis=1)[:, :per_subject] for one in reference]
    return np.sort(np.concatenate(nearest, axis=1), axis=1)[:, :k].mean(axis=1)


@pytest.mark.parametrize(("k", "per_subject"), [(10, 2), (3, 2), (2, 5), (1, 1)])
def test_deviations_are_those_of_the_definition(k: int, per_subject: int) -> None:
    reference, new = herd(4, frames=90), walk("new", 99, frames=50)
    result = deviation([*reference, new], names(reference), k=k, per_subject=per_subject)
    turns = [[one for one in reference if one is not left] for left in reference]
    expected = np.mean([by_hand(new.posture, others, k, per_subject) for others in turns], axis=0)
    np.testing.assert_allclose(result["new_0"].posture_deviation, expected, atol=1e-5)
    for own, others in zip(reference, turns, strict=True):
        expected = by_hand(own.posture, others, k, per_subject)
        np.testing.assert_allclose(result[own.name].posture_deviation, expected, atol=1e-5)


def test_subjects_of_unequal_length_weigh_the_same() -> None:
    short, long = np.array([1.0, 2, np.nan]), np.full(1000, 5.0)
    calibration = Calibration.of([short, long])
    assert calibration.percentile(np.array([0, 1.5, 3, 5, 6, np.nan])) == pytest.approx(
        [0, 25, 50, 75, 100, np.nan], nan_ok=True
    )
    assert calibration.deviation(20) == 1
    assert calibration.deviation(60) == calibration.deviation(100) == 5


def test_a_long_reference_recording_does_not_rule() -> None:
    # The long subject is odd for the others; with equal weights a quarter of the reference is it.
    reference = [*herd(3), walk("long", 5, frames=4000, bouts=[slice(0, 4000)])]
    result = deviation(reference, names(reference))
    assert np.median(result["rat0_0"].posture_percentile) == pytest.approx(37.5, abs=15)
    assert result["long_0"].posture_percentile.min() > 70


def test_frames_that_are_not_valid_have_no_score_and_are_no_reference() -> None:
    reference = herd(4)
    holed = without(reference[0], slice(50, 90))
    new = without(walk("new", 9), slice(0, 30))
    result = deviation([holed, *reference[1:], new], names(reference))
    for name, hole in (("rat0_0", slice(50, 90)), ("new_0", slice(0, 30))):
        for values in result[name].columns().values():
            assert np.isnan(values[hole]).all()
            assert np.isfinite(np.delete(values, hole)).all()
    assert result.reference_counts == {"rat0": 360, "rat1": 400, "rat2": 400, "rat3": 400}


def test_frames_of_the_own_subject_are_never_compared_with() -> None:
    reference = herd(4)
    after = walk("rat2", 1, session="1", bouts=[slice(10, 40)])
    result = deviation([*reference, after], names(reference))
    # The own reference frames become those of the scored recording, which would make them distance 0.
    reference[2] = replace(reference[2], posture=after.posture, behaviour=after.behaviour)
    again = deviation([*reference, after], names(reference))
    assert np.array_equal(again["rat2_1"].posture_deviation, result["rat2_1"].posture_deviation)
    (warning,) = result.warnings
    assert warning.startswith("rat2: also in the reference")


def test_long_subjects_are_thinned_evenly() -> None:
    reference = herd(4)
    result = deviation(reference, names(reference), reference_frames=100)
    assert set(result.reference_counts.values()) == {100}
    whole = deviation(reference, names(reference))
    assert np.corrcoef(whole["rat1_0"].posture_deviation, result["rat1_0"].posture_deviation)[0, 1] > 0.8
    assert result["rat1_0"].posture_deviation.mean() > whole["rat1_0"].posture_deviation.mean()


def test_two_reference_subjects_are_warned_of() -> None:
    reference = herd(2)
    result = deviation([*reference, walk("new", 9)], names(reference))
    assert np.isfinite(result["new_0"].posture_percentile).all()
    assert "only two subjects, rat0 and rat1" in result.warnings[0]


def test_one_reference_subject_is_compared_with_other_times() -> None:
    before = walk("rat", 3, frames=1800)
    after = walk("rat", 3, frames=600, session="1", bouts=[slice(200, 300)])
    result = deviation([before, after], [before.name])
    assert share_over(result["rat_0"].behaviour_percentile) == pytest.approx(0.05, abs=0.002)
    scores = result["rat_1"]
    assert scores.behaviour_percentile[200:300].min() > 99
    assert share_over(np.delete(scores.behaviour_percentile, np.s_[200:300])) < 0.1
    assert len(result.warnings) == 2
    assert "one subject rat" in result.warnings[0]


def test_neighbouring_frames_do_not_calibrate_one_subject() -> None:
    # A code that drifts: without a margin a frame at the edge of a block would have its twin beyond it.
    rng = np.random.default_rng(0)
    still = walk("rat", 3, frames=1800)
    drift = np.cumsum(rng.normal(0, 0.1, (1800, 12)), axis=0).astype(np.float32)
    result = deviation([replace(still, posture=drift)], ["rat_0"], per_subject=1, k=1)
    unit = drift / np.linalg.norm(drift, axis=1, keepdims=True)
    far = np.abs(np.subtract.outer(still.times, still.times)) >= 1.4
    nearest = np.where(far, 1 - unit @ unit.T, np.inf).min(axis=1)
    assert (result["rat_0"].posture_deviation >= nearest - 1e-5).all()
    assert 0 < result.reference_counts["rat"] < 1800


@pytest.mark.parametrize(
    ("reference", "words"),
    [([], "has no recording; choose"), (["rat0_0", "gone"], "includes gone, which has no codes")],
)
def test_a_missing_reference_is_refused(reference: list[str], words: str) -> None:
    with pytest.raises(DeviationError, match=words):
        deviation(herd(3), reference)


def test_a_reference_without_a_valid_frame_is_refused() -> None:
    codes = [without(one, slice(None)) for one in herd(2)]
    with pytest.raises(DeviationError, match="have no valid frame"):
        deviation(codes, names(codes))


def test_one_short_reference_subject_is_refused() -> None:
    with pytest.raises(DeviationError, match="one subject rat0 with too few valid frames"):
        deviation(herd(1, frames=40), ["rat0_0"])


def test_recordings_must_fit_together() -> None:
    first, second = herd(2)
    with pytest.raises(DeviationError, match="Two recordings are named rat0_0"):
        deviation([first, replace(second, name="rat0_0")], ["rat0_0"])
    with pytest.raises(DeviationError, match="its behaviour codes have 5 values"):
        deviation([first, replace(second, behaviour=second.behaviour[:, :5])], ["rat0_0"])
    with pytest.raises(DeviationError, match="frame 3 is not finite"):
        replace(first, posture=np.where(np.arange(400)[:, None] == 3, np.nan, first.posture))
    with pytest.raises(DeviationError, match="399 times"):
        replace(first, times=first.times[1:])


def test_a_recording_without_a_valid_frame_is_warned_of() -> None:
    reference = herd(3)
    result = deviation([*reference, without(walk("new", 9), slice(None))], names(reference))
    assert np.isnan(result["new_0"].posture_percentile).all()
    assert result.warnings == (
        "new_0: no frame is valid, so it has no scores; check its track and its length.",
    )


def test_the_score_table_has_a_row_a_frame() -> None:
    codes = [replace(one, frames=one.frames + 100) for one in herd(3, frames=50)]
    table = score_table(deviation(codes, names(codes)))
    assert list(table.columns) == [
        "recording",
        "frame",
        "time",
        "posture_deviation",
        "behaviour_deviation",
        "posture_percentile",
        "behaviour_percentile",
        "constant",
        "episodic",
        "constant_percentile",
        "episodic_percentile",
    ]
    assert len(table) == 150
    expected = pd.DataFrame({"recording": "rat1_0", "frame": 100 + np.arange(50), "time": np.arange(50) / 30})
    pd.testing.assert_frame_equal(table.iloc[50:100, :3].reset_index(drop=True), expected)


def test_progress_counts_all_frames_and_cancelling_stops() -> None:
    events: list[Progress] = []
    codes = herd(3)
    deviation(codes, names(codes), progress=events.append)
    assert events[0] == Progress("reading", 0, 3, detail=codes[0].name)
    events = [event for event in events if event.stage == "score"]
    assert [event.step for event in events] == sorted(event.step for event in events)
    assert events[-1].step == events[-1].of == 2 * 1200
    assert {event.detail for event in events} == set(names(codes))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        deviation(codes, names(codes), cancel=stop)
