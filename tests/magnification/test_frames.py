"""Magnified frames as an array: lazy, exactly the original at factor 1, and with all that belongs to them."""

from __future__ import annotations

import pickle

import dask.array as da
import numpy as np
import pytest

from magnified_part import ONE, PART, REFERENCE
from napari_ubam.magnification.defaults import FACTOR
from napari_ubam.run import MagnificationWarning, MagnifiedFrames, Run, RunError
from napari_ubam.study import Study

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


def test_factor_one_is_the_original(run: Run, originals: np.ndarray) -> None:
    frames = run.magnify(ONE, REFERENCE, 1.0, frames=PART, device="cpu")
    np.testing.assert_array_equal(frames.compute(), originals)


def test_the_result_is_a_dask_array_that_knows_the_rest(run: Run, originals: np.ndarray) -> None:
    made = run.magnify(ONE, REFERENCE, frames=PART, device="cpu")
    assert isinstance(made, da.Array)
    assert (made.shape, made.dtype) == (originals.shape, np.uint8)
    assert made.chunks[0] == (1,) * 6
    assert type(made.frames) is da.Array
    assert made.metadata["factor"] == FACTOR
    assert made.magnification.numbers.tolist() == list(range(40, 46))
    np.testing.assert_array_equal(made.originals.compute(), originals)
    np.testing.assert_array_equal(made.frames[3].compute(), made[3].compute())
    np.testing.assert_array_equal(made.reference[3].compute(), made.at(0.0)[3].compute())
    assert made.mean(axis=0).compute().shape == originals.shape[1:]


def test_frames_are_the_same_in_any_order(run: Run) -> None:
    made = run.magnify(ONE, REFERENCE, 2.5, frames=PART, device="cpu")
    whole = np.stack(list(made.magnification.stream()))
    np.testing.assert_array_equal(made[4].compute(), whole[4])
    np.testing.assert_array_equal(made.compute(scheduler="threads"), whole)


def test_only_the_frames_that_are_asked_for_are_rendered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run.magnify(ONE, REFERENCE, 2.5, frames=PART, device="cpu")
    asked: list[int] = []
    renderer = type(made.magnification.renderer)
    render = renderer.render

    def noted(self: object, numbers: list[int], factor: float) -> object:
        asked.extend(numbers)
        return render(self, numbers, factor)  # type: ignore[arg-type]

    monkeypatch.setattr(renderer, "render", noted)
    made[2].compute()
    assert asked == [42]


def test_another_range_gives_the_same_frame(run: Run) -> None:
    one = run.magnify(ONE, REFERENCE, 2.0, frames=slice(40, 50), device="cpu")[5].compute()
    other = run.magnify(ONE, REFERENCE, 2.0, frames=slice(45, 46), device="cpu")[0].compute()
    np.testing.assert_array_equal(one, other)


def test_another_factor_aligns_nothing_and_gives_the_same(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = run.magnify(ONE, REFERENCE, 60.0, frames=PART, device="cpu")
    first = run.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    monkeypatch.setattr("napari_ubam.magnification.change.phase_alignment", None)
    again = first.at(60.0)
    assert isinstance(again, MagnifiedFrames)
    assert again.metadata == wanted.metadata
    np.testing.assert_array_equal(again[2].compute(), wanted[2].compute())
    assert first.metadata["factor"] == 2
    with pytest.raises(RunError, match="makes no sense"):
        first.at(float("inf"))


def test_outside_of_the_region_nothing_changes(run: Run, study: Study, originals: np.ndarray) -> None:
    frames = run.magnify(ONE, REFERENCE, 3.0, frames=PART, device="cpu").compute()
    roi = study[ONE].roi
    assert roi is not None
    assert (frames != originals).any()
    frames[:, roi.slices[0], roi.slices[1]] = originals[:, roi.slices[0], roi.slices[1]]
    np.testing.assert_array_equal(frames, originals)


def test_it_can_be_sent_to_another_process(run: Run) -> None:
    made = run.magnify(ONE, REFERENCE, 2.0, frames=slice(40, 42), device="cpu")
    again = pickle.loads(pickle.dumps(made))
    assert isinstance(again, MagnifiedFrames)
    assert again.metadata == made.metadata
    np.testing.assert_array_equal(again.compute(), made.compute())


def test_an_array_that_was_assigned_to_is_sent_as_it_is(run: Run, originals: np.ndarray) -> None:
    made = run.magnify(ONE, REFERENCE, 1.0, frames=PART, device="cpu")
    made[2] = 0
    again = pickle.loads(pickle.dumps(made)).compute()
    assert not again[2].any()
    np.testing.assert_array_equal(again[3], originals[3])


def test_the_former_call_is_deprecated(run: Run) -> None:
    with pytest.warns(DeprecationWarning, match=r"use Run\.magnify"):
        former = run.magnification(ONE, REFERENCE, 2.5, frames=PART, device="cpu")
    made = run.magnify(ONE, REFERENCE, 2.5, frames=PART, device="cpu")
    assert former.metadata == made.metadata
    np.testing.assert_array_equal(former.frames[1].compute(), made[1].compute())


def test_postures_outside_of_the_data_are_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_ubam.magnification.change.standing_out", lambda change, *_: change)
    made = run.magnify(ONE, REFERENCE, 60.0, frames=PART, device="cpu")
    assert made.metadata["outside_of_the_data"] == list(range(40, 46))
    assert made.metadata["factor"] == 60
    assert set(made.metadata["weights"]) == {"posture", "behaviour", "magnifier"}


def test_frames_that_differ_no_more_than_the_reference_are_said(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ubam.magnification.change.CLEAR", 1e6)
    with pytest.warns(MagnificationWarning, match=r"no more than its recordings differ .*6 of 6"):
        made = run.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    assert made.metadata["within_the_reference"] == list(range(40, 46))
    assert made.at(1.0).metadata["within_the_reference"] == []
    monkeypatch.setattr("napari_ubam.magnification.change.CLEAR", 0.0)
    assert made.at(3.0).metadata["within_the_reference"] == []


def test_frames_without_a_window_are_said(run: Run) -> None:
    with pytest.warns(MagnificationWarning, match="window are shown unchanged .*of 90"):
        whole = run.magnify(ONE, REFERENCE, 1.0, device="cpu")
    assert len(whole) == 90


def test_the_share_of_the_change_that_is_magnified_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_ubam.magnification.change.standing_out", lambda change, *_: 0.25 * change)
    made = run.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    assert made.metadata["share_of_the_change"] == 0.25
