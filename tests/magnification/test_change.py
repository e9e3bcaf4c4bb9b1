"""The change towards the reference: at the same phase, smoothed in time, and for each run without a gap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.cycles import walk
from napari_ubam.analysis import Codes, DeviationError
from napari_ubam.analysis.phase_alignment import phase_alignment
from napari_ubam.magnification import change as module
from napari_ubam.magnification.change import ReferenceChange, changes_to_reference


def walks(**gaps: slice) -> tuple[Codes, list[Codes], dict[str, np.ndarray]]:
    """Give a recording and two references, and coefficients that are the posture and an offset of each."""
    one, *others = (walk(name, start=start) for name, start in (("a", 0.0), ("b", 0.3), ("c", 0.6)))
    if gaps:
        valid = one.valid.copy()
        valid[gaps["gap"]] = False
        one = replace(one, valid=valid)
    offsets = {"a": 0.0, "b": 1.0, "c": 1.0}
    known = {codes.name: (codes.posture + offsets[codes.name]).astype(np.float32) for codes in (one, *others)}
    return one, others, known


def test_it_leads_to_the_posture_of_the_reference_at_the_same_phase() -> None:
    one, others, known = walks()
    [found] = changes_to_reference(one, others, known, smoothing_ms=0)
    assert found.frames.tolist() == list(range(3, 197))
    np.testing.assert_array_equal(found.own, known["a"][3:197])
    np.testing.assert_allclose(found.change[10:-10], 1.0, atol=0.25)
    assert set(found.alignment.names) == {"b", "c"}
    assert found.change.dtype == np.float32


def test_smoothing_is_a_time_and_not_a_number_of_frames() -> None:
    one, others, known = walks()
    generator = np.random.default_rng(0)
    known["a"] = known["a"] + generator.normal(0, 0.1, known["a"].shape).astype(np.float32)

    def roughness(recording: Codes, references: list[Codes], smoothing_ms: float) -> float:
        [found] = changes_to_reference(recording, references, known, smoothing_ms=smoothing_ms)
        return float(np.abs(np.diff(found.measured, axis=0)).mean())

    plain, smooth = roughness(one, others, 0.0), roughness(one, others, 100.0)
    slow = [replace(codes, times=codes.times * 2) for codes in (one, *others)]
    assert smooth < 0.4 * plain
    assert smooth < roughness(slow[0], slow[1:], 100.0) < plain
    assert roughness(slow[0], slow[1:], 200.0) == pytest.approx(smooth, rel=0.02)


def test_each_run_without_a_gap_is_on_its_own() -> None:
    one, others, known = walks(gap=slice(80, 90))
    first, second = changes_to_reference(one, others, known)
    assert (first.frames[[0, -1]].tolist(), second.frames[[0, -1]].tolist()) == ([3, 79], [90, 196])
    alone = phase_alignment(one, others, window=slice(3, 80))
    np.testing.assert_array_equal(first.alignment.rows, alone.rows)
    np.testing.assert_array_equal(first.alignment.weights, alone.weights)
    known["a"][85:] += 5.0  # the smoothing does not reach over the gap
    same, other = changes_to_reference(one, others, known)
    np.testing.assert_array_equal(first.change, same.change)
    assert np.abs(second.change - other.change).min() > 4


def test_only_the_wanted_rows_and_those_near_them_are_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    one, others, known = walks(gap=slice(80, 90))

    def frames(rows: slice) -> list[list[int]]:
        found: list[ReferenceChange] = changes_to_reference(one, others, known, rows=rows)
        return [part.frames[[0, -1]].tolist() for part in found]

    assert frames(slice(20, 30)) == [[3, 79], [90, 196]]
    monkeypatch.setattr(module, "MARGIN", 15)
    assert frames(slice(20, 30)) == [[5, 44]]
    assert frames(slice(82, 85)) == [[67, 79], [90, 99]]


def test_without_another_recording_it_is_refused() -> None:
    one, _, known = walks()
    with pytest.raises(DeviationError, match="itself"):
        changes_to_reference(one, [one], known)


def test_frames_are_unclear_where_the_reference_recordings_differ_as_much() -> None:
    one, others, known = walks()
    [agree] = changes_to_reference(one, others, known)
    assert not agree.unclear.any()
    opposite = known | {"c": known["c"] - 2}  # one reference is a step above the recording, one below
    [differ] = changes_to_reference(one, others, opposite)
    both = np.square(differ.alignment.weights).sum(1) < 0.7
    assert both.any()
    assert differ.unclear[both].all()
    distance = 2 * np.sqrt(known["a"].shape[1])
    np.testing.assert_allclose(np.median(differ.spread[both]), distance / np.sqrt(2), rtol=0.2)


def test_a_single_reference_recording_tells_nothing_about_the_spread() -> None:
    one, others, known = walks()
    [found] = changes_to_reference(one, others[:1], known)
    assert np.isnan(found.spread).all()
    assert not found.unclear.any()
