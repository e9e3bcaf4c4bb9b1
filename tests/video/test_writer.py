"""Written videos are read back frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_ubam.video import VideoError, open_video, write_video
from numbered_videos import number_in, picture

FRAMES = [picture(number) for number in range(40)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi", ".webm"])
@pytest.mark.parametrize("fps", [25, 29.97, 240])
def test_round_trip(suffix: str, fps: float, tmp_path: Path) -> None:
    video = open_video(write_video(tmp_path / f"video{suffix}", FRAMES, fps))
    assert [number_in(frame) for frame in video] == list(range(40))
    assert video.fps == pytest.approx(fps, rel=2e-3)
    assert [path.name for path in tmp_path.iterdir()] == [f"video{suffix}"]


def test_grey_colour_and_channel_axes_are_accepted(tmp_path: Path) -> None:
    for frames in (FRAMES, [f[..., None] for f in FRAMES], [np.repeat(f[..., None], 3, -1) for f in FRAMES]):
        assert number_in(open_video(write_video(tmp_path / "video.mp4", frames))[39]) == 39


def test_lossless(tmp_path: Path) -> None:
    path = write_video(tmp_path / "video.mkv", FRAMES, codec="ffv1", pixel_format="gray")
    np.testing.assert_array_equal(open_video(path)[:][..., 0], FRAMES)


def test_odd_sizes_are_padded(tmp_path: Path) -> None:
    odd = [picture(number, 97, 131) for number in range(10)]
    video = open_video(write_video(tmp_path / "video.mp4", odd))
    assert video.shape[1:3] == (98, 132)
    assert [number_in(frame) for frame in video] == list(range(10))


def test_an_error_leaves_no_partial_file(tmp_path: Path) -> None:
    def failing():
        yield FRAMES[0]
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk"):
        write_video(tmp_path / "video.mp4", failing())
    with pytest.raises(VideoError, match="at least one frame"):
        write_video(tmp_path / "video.mp4", [])
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_by_a_complete_one(tmp_path: Path) -> None:
    path = write_video(tmp_path / "video.mp4", FRAMES)
    before = path.read_bytes()
    with pytest.raises(VideoError, match=r"frame 1 is \(50, 128\)"):
        write_video(path, [FRAMES[0], FRAMES[1][:50]])
    assert path.read_bytes() == before


def test_unknown_extensions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"'\.xyz'"):
        write_video(tmp_path / "video.xyz", FRAMES)
