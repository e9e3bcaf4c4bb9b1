"""Videos with the score drawn in: as many frames as the recording, and episodes can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exported_study import FPS, FRAMES, made_up
from napari_ubam.formats import export_data
from napari_ubam.video import open_video

ORANGE = np.array([230, 159, 0])


def orange(picture: np.ndarray) -> int:
    """Count pixels of the colour of episodes; compression changes them a little."""
    return int((np.abs(picture.astype(int) - ORANGE).max(axis=2) < 60).sum())


def test_frames_inside_an_episode_are_marked(tmp_path: Path) -> None:
    done = export_data(made_up(tmp_path / "videos"), "mp4", tmp_path / "out")
    with open_video(done.files[0]) as video:
        assert len(video) == FRAMES
        assert abs(video.fps - FPS) < 0.01
        assert video.shape[2] == 480  # enlarged, so that the text can be read
        inside, outside = orange(np.asarray(video[12])), orange(np.asarray(video[30]))
        assert inside > 400
        assert outside < inside / 4
        # The picture itself is there: frames become brighter.
        dark, bright = (np.asarray(video[one])[100:200, 100:200].mean() for one in (5, 55))
        assert bright > dark + 60
    with open_video(done.files[1]) as video:
        assert all(orange(np.asarray(video[one])) < 50 for one in (0, 30, 59))
