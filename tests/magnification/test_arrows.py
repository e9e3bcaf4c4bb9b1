"""What moved: displacement and arrows in pixels of the frame, and one frame at several factors."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from magnified_part import ONE, PART, REFERENCE
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import Magnification, Run
from napari_ubam.study import Study

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


@pytest.fixture(scope="module")
def made(run: Run) -> Magnification:
    return run.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu").magnification


def test_the_displacement_is_within_the_region(made: Magnification, study: Study) -> None:
    flow = made.flow(42)
    roi = study[ONE].roi
    assert roi is not None
    assert flow.shape == (2, 200, 320)
    outside = np.ones(flow.shape[1:], bool)
    outside[roi.slices] = False
    assert flow.any()
    assert not flow[:, outside].any()


def test_a_frame_without_a_code_does_not_move(run: Run) -> None:
    whole = run.magnify(ONE, REFERENCE, 2.0, device="cpu").magnification
    assert not whole.flow(0).any()


def test_arrows_have_a_row_for_each_region_that_moved(made: Magnification) -> None:
    told: list[Progress] = []
    table = made.arrows(progress=told.append)
    assert set(table["frame"]) <= set(range(40, 46))
    assert list(table.columns) == ["y", "x", "dy", "dx", "length", "area", "frame", "recording"]
    assert [(one.stage, one.step, one.of) for one in told] == [("arrows", step, 6) for step in range(7)]


def test_arrows_are_cancelled_between_two_frames(made: Magnification) -> None:
    cancel, steps = threading.Event(), []

    def stop(progress: Progress) -> None:
        steps.append(progress.step)
        if progress.step == 2:
            cancel.set()

    with pytest.raises(Cancelled):
        made.arrows(progress=stop, cancel=cancel)
    assert steps == [0, 1, 2]


def test_a_sweep_shows_one_frame_at_each_factor(made: Magnification, originals: np.ndarray) -> None:
    shown = made.sweep(43, (0.0, 1.0, 3.0))
    assert list(shown) == ["mean posture of the reference", "× 0, the reference", "× 1, the original", "× 3"]
    np.testing.assert_array_equal(shown["× 1, the original"], originals[3])
    assert (shown["× 3"] != shown["× 1, the original"]).any()
    assert (shown["mean posture of the reference"] != shown["× 0, the reference"]).any()
