"""Magnified frames as files."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from magnified_part import ONE, PART, REFERENCE
from napari_ubam.magnification.export import export, heat, labelled
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import MagnifiedFrames, Run, RunError
from napari_ubam.study import Study
from napari_ubam.video import open_video

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


@pytest.fixture(scope="module")
def made(run: Run) -> MagnifiedFrames:
    return run.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu")


def test_files_hold_the_frames(made: MagnifiedFrames, tmp_path: Path) -> None:
    frames = made.compute()
    stack = tifffile.imread(export(made, tmp_path / "out.tif"))
    np.testing.assert_array_equal(stack, frames)
    array = zarr.open_array(str(export(made, tmp_path / "out.zarr")), mode="r")
    np.testing.assert_array_equal(array[:], frames)
    assert array.attrs["factor"] == 2
    with open_video(export(made, tmp_path / "out.mp4")) as video:
        assert len(video) == 6
        assert np.abs(video.frame(3).astype(float) - frames[3]).mean() < 4
    facts = json.loads((tmp_path / "out.mp4.json").read_text(encoding="utf-8"))
    assert facts["reference"] == REFERENCE
    assert facts["reference_recordings"][0]["name"] == "healthy1"


def test_a_magnification_is_taken_as_well(made: MagnifiedFrames, tmp_path: Path) -> None:
    stack = tifffile.imread(export(made.magnification, tmp_path / "out.tif"))
    np.testing.assert_array_equal(stack, made.compute())


def test_side_by_side_with_a_label(made: MagnifiedFrames, originals: np.ndarray, tmp_path: Path) -> None:
    stack = tifffile.imread(export(made, tmp_path / "wide.tif", side_by_side=True, label=True))
    assert stack.shape == (6, 200, 960, 3)
    np.testing.assert_array_equal(stack[2, 30:, :320], np.broadcast_to(originals[2, 30:], (170, 320, 3)))
    assert (stack[2, :30, :320] != originals[2, :30]).any()


def test_progress_is_told_for_each_frame(made: MagnifiedFrames, tmp_path: Path) -> None:
    told: list[Progress] = []
    export(made, tmp_path / "out.tif", progress=told.append)
    assert [(one.stage, one.step, one.of) for one in told] == [("magnify", step, 6) for step in range(7)]


def test_a_cancelled_export_leaves_nothing_behind(made: MagnifiedFrames, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    for name in ("out.mp4", "out.tif", "out.zarr"):
        with pytest.raises(Cancelled):
            export(made, tmp_path / name, cancel=cancel)
    assert list(tmp_path.iterdir()) == []


def test_other_endings_recordings_and_folders_are_refused(
    made: MagnifiedFrames, study: Study, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=r"ends in '\.gif'; choose"):
        export(made, tmp_path / "out.gif")
    with pytest.raises(RunError, match="is a recording itself"):
        export(made, study[ONE].video)
    (tmp_path / "notes.zarr").mkdir()
    with pytest.raises(RunError, match="is not a magnification"):
        export(made, tmp_path / "notes.zarr")


def test_a_label_is_written_and_the_image_left_as_it_is() -> None:
    image = np.full((60, 200, 1), 128, np.uint8)
    done = labelled(image, "× 2.5, reference group=healthy")
    assert done.shape == image.shape
    assert (done == 255).any()
    assert (done[30:] == 128).all()
    assert (image == 128).all()


def test_equal_pixels_are_black_and_different_ones_are_bright() -> None:
    colours = heat(np.array([[0.0, 15.0, 30.0, 90.0]]))
    assert colours.shape == (1, 4, 3)
    assert colours[0, 0].max() < 5
    brightness = colours[0].sum(axis=-1).astype(int)
    assert brightness[0] < brightness[1] < brightness[2] == brightness[3]
