"""Clips around the most typical frame of each cluster."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_ubam.analysis import AnalysisError
from napari_ubam.run.cluster_clips import ClusterClipsRun
from napari_ubam.runfolder.paths import BEHAVIOUR, POSTURE
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.runfolder.tables import Result, write_result
from napari_ubam.study import Recording, Roi, Study
from napari_ubam.video import VideoWriter

FRAMES, FPS = 60, 25.0


def grey(frame: int) -> int:
    """Give the grey level of a frame, which differs much from its neighbours."""
    return 20 + 37 * frame % 200


def model_less(folder: Path) -> Path:
    """Make the folder of a run whose weights are never read."""
    folder.mkdir()
    for name in (POSTURE, BEHAVIOUR):
        (folder / name).touch()
    return folder


@pytest.fixture
def run(tmp_path: Path) -> ClusterClipsRun:
    """Give a folder with a study of one video, and clusters in it."""
    video = tmp_path / "a.mp4"
    with VideoWriter(video, FPS) as writer:
        for number in range(FRAMES):
            writer.write(np.full((48, 64, 3), grey(number), np.uint8))
    folder = model_less(tmp_path / "run")
    one = Recording(
        video=video, subject="a", group="a", session="0", name="a", roi=Roi(x=4, y=4, width=40, height=20)
    )
    set_recordings(folder, Study([one]))
    rows = {"cluster": [1, 2], "recording": "a", "frame": [1, 30], "time": [1 / FPS, 30 / FPS]}
    write_result(folder, Result("map_compare", {"map_compare_clusters": pd.DataFrame(rows)}, {}))
    return ClusterClipsRun(folder)


def test_each_cluster_has_a_clip_of_its_region_at_the_speed_of_the_video(
    run: ClusterClipsRun, tmp_path: Path
) -> None:
    done = run.cluster_clips(tmp_path / "clips", seconds=0.8)
    assert [path.name for path in done] == ["cluster-1.webp", "cluster-2.webp"]
    with Image.open(done[1]) as clip:
        assert clip.n_frames == 20  # ten before the frame, and ten from it on
        clip.seek(10)
        shown = np.asarray(clip.convert("RGB"))
        assert clip.info["duration"] == 40
    assert abs(shown.shape[1] / shown.shape[0] - 2) < 0.25  # the region, with a bar below
    middle = shown[shown.shape[0] // 2, shown.shape[1] // 2]
    assert abs(float(middle.mean()) - grey(30)) < 10
    with Image.open(done[0]) as clip:
        assert clip.n_frames == 11  # the video begins one frame before


def test_old_clips_are_not_mixed_with_new_ones(run: ClusterClipsRun, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "cluster-7.webp").touch()
    with pytest.raises(AnalysisError, match=r"cluster-7\.webp exists already; choose another folder"):
        run.cluster_clips(tmp_path / "clips")


def test_without_clusters_the_user_is_told_what_to_do(tmp_path: Path) -> None:
    run = ClusterClipsRun(model_less(tmp_path / "run"))
    with pytest.raises(AnalysisError, match="has no clusters yet; run map-compare first"):
        run.cluster_clips(tmp_path / "clips")
