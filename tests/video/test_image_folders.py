"""Which images of a folder are frames, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_ubam.video import VideoArray, open_video


def folder_of(folder: Path, names: Iterable[str], size: int = 8) -> VideoArray:
    """Write images whose grey level is their position in `names`, and open the folder."""
    for level, name in enumerate(names):
        iio.imwrite(folder / name, np.full((size, size), level, np.uint8))
    return open_video(folder, fps=30, warn=False)


def levels(video: VideoArray) -> list[int]:
    return [int(frame.mean().round()) for frame in np.asarray(video)]


@pytest.mark.parametrize(
    "extra", ["background.png", "a_mask_0003.png", "frame3 (1).png", "frame3_copy.png", "zz.jpg", "frame.png"]
)
def test_an_extra_image_among_numbered_ones_is_left_out(extra: str, tmp_path: Path) -> None:
    video = folder_of(tmp_path, [*(f"frame{number}.png" for number in range(12)), extra])
    assert levels(video) == list(range(12))
    (note,) = video.notes
    assert note.startswith("1 image is left out")
    assert extra in note


def test_many_left_out_images_are_counted(tmp_path: Path) -> None:
    extras = [f"mask{number}.png" for number in range(8)]
    video = folder_of(tmp_path, [*(f"{number}.png" for number in range(12)), *extras])
    assert levels(video) == list(range(12))
    assert "8 images are left out" in video.notes[0]
    assert "mask4.png and 3 more" in video.notes[0]


@pytest.mark.parametrize("endings", [("tif", "tiff"), ("png", "tif"), ("TIF", "tiff"), ("bmp", "png")])
def test_images_of_two_endings_are_one_recording(endings: tuple[str, str], tmp_path: Path) -> None:
    video = folder_of(tmp_path, [f"frame{n:03}.{endings[n >= 6]}" for n in range(12)])
    assert levels(video) == list(range(12))
    (note,) = video.notes
    assert f"6 .{endings[0]} and 6 .{endings[1]}, such as frame000.{endings[0]}" in note


def test_a_frame_in_two_file_types_counts_once(tmp_path: Path) -> None:
    names = [f"frame{n}.png" for n in range(6)]
    video = folder_of(tmp_path, [*names, "frame2.tif", "frame4.tif"])
    assert levels(video) == list(range(6))
    assert "frame2.tif, frame4.tif" in video.notes[0]


@pytest.mark.parametrize("sign", [".", ","])
@pytest.mark.parametrize("form", ["{}", "t={}s"])
def test_names_in_decimal_seconds_are_in_order(sign: str, form: str, tmp_path: Path) -> None:
    times = [f"{0.04 * number:.10g}".replace(".", sign) for number in range(60)]
    video = folder_of(tmp_path, [f"{form.format(time)}.png" for time in times])
    assert levels(video) == list(range(60))
    (note,) = video.notes
    assert "read as decimal numbers, 0 to 2.36 in steps of 0.04; if these are seconds, set fps to 25" in note


def test_a_gap_in_decimal_seconds_is_told(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.08, 0.12, 1.2, 1.24, 1.28]
    video = folder_of(tmp_path, [f"{time:g}.png" for time in times])
    assert levels(video) == list(range(7))
    assert any("jump from 0.12 to 1.2" in note and "1.2.png is frame 4" in note for note in video.notes)


def test_two_counted_numbers_are_no_decimals(tmp_path: Path) -> None:
    video = folder_of(tmp_path, [f"trial1.{number}.png" for number in range(1, 15)])
    assert levels(video) == list(range(14))
    assert video.notes == ()


def test_dates_and_times_in_names_keep_their_order(tmp_path: Path) -> None:
    names = [f"2024-01-05_10.{m:02}.{s:02}.png" for m in (15, 16) for s in (0, 20, 40)]
    assert levels(folder_of(tmp_path, names)) == list(range(6))


def test_names_without_a_majority_are_all_frames_with_a_note(tmp_path: Path) -> None:
    video = folder_of(tmp_path, ["left1.png", "left2.png", "right1.png", "right2.png"])
    assert levels(video) == [0, 1, 2, 3]
    assert any("several forms" in note for note in video.notes)
