"""Recordings of other projects, if available: the expected result of each file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.video import FrameError, open_video

DATA = Path(os.environ.get("NAPARI_UBAM_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real recordings are not in {DATA}")

# frames, height, width, channels, frames per second, frames that do not decode
FILES = {
    "codec/av1_video.mkv": (125, 360, 640, 3, 25, []),
    "codec/bt709_full_range.mp4": (30, 720, 1280, 3, 30, []),
    "codec/corrupted.mp4": (50, 720, 1280, 3, 10, [30]),
    "codec/demo_skeleton.mp4": (72, 1080, 1920, 3, 30, []),
    "codec/h264_10bits.mp4": (30, 200, 200, 3, 30, []),
    "codec/h265_10bits.mp4": (30, 200, 200, 3, 30, []),
    "codec/h265_video.mp4": (10, 128, 128, 3, 10, []),
    "codec/nasa_13013.mp4": (325, 180, 320, 3, 25, []),
    "codec/no_duration.webm": (74, 720, 1280, 3, 14.985, []),
    "codec/stuck.tif": (5, 512, 512, 1, 25, []),
    "codec/test.avi": (164, 240, 320, 3, 25, []),
    "codec/unordered.mov": (4, 50, 50, 3, 32, []),
    "codec/video_0.mov": (3, 320, 568, 3, 30, []),
    "codec/video_90.mov": (3, 568, 320, 3, 30, []),
    "codec/video_180.mov": (3, 320, 568, 3, 30, []),
    "codec/video_270.mov": (3, 568, 320, 3, 30, []),
    "codec/w1118_m_2_1.avi": (145, 960, 1280, 3, 25, []),
    "codec/w1118_m_2_1.h264": (145, 960, 1280, 3, 25, []),
    "codec/w1118_m_2_1.mp4": (145, 960, 1280, 3, 25, []),
    "mirror-mouse/videos/test_vid.mp4": (994, 406, 396, 3, 250, []),
    "mirror-mouse/labeled-data": (93, 406, 396, 1, 25, []),
    "treadmill-drug/vehicle_30mpm.mp4": (720, 176, 280, 3, 24, []),
    "treadmill-drug/vehicle_40mpm.mp4": (720, 176, 280, 3, 24, []),
    "treadmill-drug/cp55940_15mpm.mp4": (720, 176, 280, 3, 24, []),
    "treadmill-drug/cp55940_20mpm.mp4": (720, 176, 280, 3, 24, []),
}


def test_no_file_is_left_out() -> None:
    found = {path.relative_to(DATA).as_posix() for path in (DATA / "codec").iterdir()}
    assert found <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_reads_as_documented(name: str) -> None:
    frames, height, width, channels, fps, damaged = FILES[name]
    with open_video(DATA / name) as video:
        assert video.shape == (frames, height, width, channels)
        assert video.fps == pytest.approx(fps, abs=1e-3)
        assert (np.diff(video.times) > 0).all()
        failed = []
        for number in reversed(range(frames)):
            try:
                assert video[number].shape == (height, width, channels)
            except FrameError:
                failed.append(number)
        assert failed == damaged


def test_the_same_clip_in_three_containers() -> None:
    clips = [open_video(DATA / f"codec/w1118_m_2_1.{suffix}").luma() for suffix in ("mp4", "avi", "h264")]
    for number in (0, 40, 77):
        raw = clips[2][number].astype(float)
        for other in clips[:2]:
            shifts = [shift for shift in (-1, 0, 1) if number + shift >= 0]
            differences = [np.abs(other[number + shift] - raw).mean() for shift in shifts]
            assert shifts[int(np.argmin(differences))] == 0


def test_rotated_clips_show_the_same_image() -> None:
    upright = open_video(DATA / "codec/video_0.mov")[0].astype(float)
    for degrees, turns in ((90, 3), (180, 2), (270, 1)):
        turned = open_video(DATA / f"codec/video_{degrees}.mov")[0]
        assert turned.shape[:2] == np.rot90(upright, turns).shape[:2], degrees


def test_dropped_frames_give_a_note() -> None:
    video = open_video(DATA / "codec/demo_skeleton.mp4")
    assert any("5 frames" in note and "after frame 66" in note for note in video.notes)


def test_grey_recordings_have_no_colour() -> None:
    video = open_video(DATA / "mirror-mouse/videos/test_vid.mp4")
    assert np.ptp(video[500].astype(int), axis=-1).max() <= 2
    images = open_video(DATA / "mirror-mouse/labeled-data")
    assert images[0].std() > 10
