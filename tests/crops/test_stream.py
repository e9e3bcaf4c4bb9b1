"""Crops from a video: frames, regions and valid flags."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.crops import CropError, CropSpec, iter_crops, letterbox
from napari_ubam.progress import Cancelled
from napari_ubam.study import Recording, Roi, Track
from napari_ubam.video import VideoError, open_video
from numbered_videos import FRAMES, HEIGHT, WIDTH, packets_of

SPEC = CropSpec(48, 48)


def recording(path: Path, **changes: object) -> Recording:
    return Recording(**{"video": path, "subject": "a", "group": "g", "session": "0", **changes})


def collected(stream):
    numbers, crops, valid = zip(*stream, strict=True)
    return np.concatenate(numbers), np.concatenate(crops), np.concatenate(valid)


def stack(folder: Path, frames: np.ndarray) -> Path:
    import tifffile

    tifffile.imwrite(folder / "stack.tif", frames, photometric="minisblack")
    return folder / "stack.tif"


def test_all_frames_come_once_in_order(clip) -> None:
    path = clip("h264 GOP 12")
    blocks = list(iter_crops(recording(path), SPEC, block=32))
    assert [len(numbers) for numbers, _, _ in blocks] == [32, 32, 32, 4]
    numbers, crops, valid = collected(blocks)
    assert numbers.tolist() == list(range(FRAMES))
    assert valid.all()
    assert crops.dtype == np.uint8
    luma = open_video(path).luma()
    for number in (0, 31, 32, 99):
        np.testing.assert_array_equal(crops[number], letterbox(luma[number], (48, 48)))


def test_a_region_and_a_range_of_frames(clip) -> None:
    path = clip("h264 GOP 12")
    one = recording(path, roi=Roi(x=10, y=5, width=60, height=30), start=20, stop=50)
    numbers, crops, _ = collected(iter_crops(one, SPEC))
    assert numbers.tolist() == list(range(20, 50))
    np.testing.assert_array_equal(crops[3], letterbox(open_video(path).luma()[23, 5:35, 10:70], (48, 48)))


def test_colour(clip) -> None:
    path = clip("raw rgb avi")
    _, crops, _ = collected(iter_crops(recording(path), CropSpec(48, 48, colour=True)))
    assert crops.shape == (FRAMES, 48, 48, 3)
    np.testing.assert_array_equal(crops[7], letterbox(open_video(path)[7], (48, 48)))


def test_grey_video_in_colour_has_three_equal_channels(clip) -> None:
    _, crops, _ = collected(iter_crops(recording(clip("h264 grey")), CropSpec(48, 48, colour=True), range(3)))
    assert np.ptp(crops, axis=-1).max() == 0
    assert np.ptp(crops) > 50


def test_a_track_with_gaps_and_boxes_over_the_edge(clip) -> None:
    path = clip("h264 GOP 12")
    boxes = [[30, 20, 40, 40], [-10, -10, 40, 40], [-35, 20, 40, 40], [500, 20, 40, 40]]
    one = recording(path, track=Track(frames=[10, 12, 13, 14], boxes=boxes), start=9, stop=16)
    numbers, crops, valid = collected(iter_crops(one, SPEC))
    assert numbers.tolist() == list(range(9, 16))
    # Frames 9, 11 and 15 have no box; of that of frame 13 an eighth is in the frame, of frame 14 nothing.
    assert valid.tolist() == [False, True, False, True, False, False, False]
    assert not crops[~valid].any()
    luma = open_video(path).luma()
    np.testing.assert_array_equal(crops[1], letterbox(luma[10, 20:60, 30:70], (48, 48)))
    padded = np.pad(luma[12, :30, :30], [(10, 0), (10, 0)], mode="edge")
    np.testing.assert_array_equal(crops[3], letterbox(padded, (48, 48)))


def test_selected_frames_only(clip) -> None:
    path = clip("h264 GOP 12")
    numbers, crops, _ = collected(iter_crops(recording(path), SPEC, [3, 40, 41, 99]))
    assert numbers.tolist() == [3, 40, 41, 99]
    np.testing.assert_array_equal(crops[2], letterbox(open_video(path).luma()[41], (48, 48)))
    for bad in ([4, 3], [FRAMES], [-1], [5, 5]):
        with pytest.raises(CropError, match="ascending"):
            iter_crops(recording(path), SPEC, bad)


def test_a_damaged_frame_is_invalid_and_counted(clip, tmp_path: Path) -> None:
    source = clip("mjpeg avi")
    content = bytearray(source.read_bytes())
    offset, size, _ = list(packets_of(source))[30]
    content[offset + 4 : offset + size] = bytes(size - 4)
    broken = tmp_path / "broken.avi"
    broken.write_bytes(content)
    stream = iter_crops(recording(broken), SPEC)
    numbers, crops, valid = collected(stream)
    assert stream.unreadable == 1
    assert np.flatnonzero(~valid).tolist() == [30]
    assert not crops[30].any()
    assert numbers.tolist() == list(range(FRAMES))


def test_sixteen_bits_are_scaled_the_same_in_every_frame(tmp_path: Path) -> None:
    ramp = np.linspace(1000, 3000, 40 * 40).reshape(40, 40)
    frames = np.stack([ramp, ramp, ramp * 0 + 2000, *[ramp] * 17]).astype(np.uint16)
    one = recording(stack(tmp_path, frames), fps=10)
    _, crops, _ = collected(iter_crops(one, CropSpec(40, 40)))
    assert crops[0].min() == 0
    assert crops[0].max() == 255
    assert np.abs(crops[2].astype(int) - 127).max() <= 1  # a plain frame stays half as bright
    np.testing.assert_array_equal(collected(iter_crops(one, CropSpec(40, 40), [2]))[1][0], crops[2])


def test_floats_with_nan(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).normal(0, 1, (12, 40, 40)).astype(np.float32)
    frames[4, :3] = np.nan
    _, crops, valid = collected(iter_crops(recording(stack(tmp_path, frames), fps=10), CropSpec(40, 40)))
    assert valid.all()
    assert not crops[4, :3].any()
    assert 110 < crops.mean() < 145


def test_closing_early_leaves_no_thread(clip) -> None:
    with iter_crops(recording(clip("h264 GOP 12")), SPEC, block=8) as stream:
        next(stream)
    assert not [thread for thread in threading.enumerate() if thread.name == "napari-ubam-prefetch"]
    with pytest.raises(StopIteration):
        next(stream)


def test_cancel(clip) -> None:
    cancel = threading.Event()
    stream = iter_crops(recording(clip("h264 GOP 12")), SPEC, block=8, cancel=cancel)
    next(stream)
    cancel.set()
    with pytest.raises(Cancelled):
        next(stream)


def test_a_missing_video_raises_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no such file"):
        iter_crops(recording(tmp_path / "none.mp4"), SPEC)


def test_the_frame_numbers_are_correct(clip) -> None:
    from numbered_videos import number_in

    _, crops, _ = collected(iter_crops(recording(clip("h264 B-frames avi")), CropSpec(HEIGHT, WIDTH)))
    assert [number_in(crop) for crop in crops] == list(range(FRAMES))
