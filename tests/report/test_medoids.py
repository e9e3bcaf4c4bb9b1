"""Pictures of the medoids of clusters: cropped, kept, and read again if the video was replaced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from napari_ubam.report.medoids import medoid_pictures, rows_of, small_picture
from napari_ubam.runfolder.tables import Result
from napari_ubam.video import VideoWriter


def film(path: Path, grey: int) -> Path:
    """Write a video that is darker in its left half."""
    frame = np.full((48, 64, 3), grey, np.uint8)
    frame[:, :32] = 16
    with VideoWriter(path, 25.0) as writer:
        for _ in range(5):
            writer.write(frame)
    return path


def result(video: Path, **place: Any) -> Result:
    one = {"cluster": 3, "recording": "a", "frame": 2, "time": 0.08, "video": str(video), "box": None}
    return Result("map_compare", {}, {"medoids": [{**one, **place}]})


def test_the_region_is_shown_and_a_replaced_video_is_read_again(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", 200)
    whole = medoid_pictures(result(video))[3]
    assert whole is not None
    assert whole.shape == (48, 64, 3)
    assert rows_of(result(video)) == 1
    box = [40.0, 8.0, 20.0, 30.0]
    part = medoid_pictures(result(video, box=box))[3]
    assert part is not None
    assert part.shape == (30, 20, 3)
    assert abs(float(part.mean()) - 200) < 6
    film(video, 100)
    os.utime(video, (1, 1))
    again = medoid_pictures(result(video, box=box))[3]
    assert again is not None
    assert abs(float(again.mean()) - 100) < 6


def test_a_video_that_is_gone_and_a_result_of_an_earlier_version_have_no_picture(tmp_path: Path) -> None:
    assert medoid_pictures(result(tmp_path / "gone.mp4")) == {3: None}
    assert rows_of(result(tmp_path / "gone.mp4")) == 0
    earlier = Result("map_compare", {}, {})
    assert (medoid_pictures(earlier), rows_of(earlier)) == ({}, 0)


def test_grey_and_deep_pictures_become_small_and_rgb() -> None:
    deep = (np.arange(40 * 400).reshape(40, 400) * 3).astype(np.uint16)
    small = small_picture(deep, 100)
    assert small.shape == (10, 100, 3)
    assert small.dtype == np.uint8
    assert int(small.max()) > 240
