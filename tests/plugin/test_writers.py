"""Layers to files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_ubam.plugin.io.writers import write_images, write_scores
from napari_ubam.video import open_video


@pytest.mark.parametrize("rgb", [True, False])
def test_images_become_a_video_and_a_stack(tmp_path: Path, rgb: bool) -> None:
    frames = np.tile(np.linspace(0, 200, 64, dtype=np.uint8), (6, 48, 1))
    data = np.repeat(frames[..., None], 3, axis=-1) if rgb else frames
    meta = {"rgb": rgb, "scale": (1 / 30, 1.0, 1.0), "contrast_limits": (0, 255)}
    (video,) = write_images(str(tmp_path / "a.mp4"), data, meta)
    with open_video(video) as opened:
        assert len(opened) == 6
        assert opened.fps == pytest.approx(30)
        assert np.abs(opened[3].astype(int).mean(-1) - frames[3]).mean() < 3
    (stack,) = write_images(str(tmp_path / "a.tif"), data, meta)
    assert np.array_equal(tifffile.imread(stack), data)


def test_a_difference_is_written_as_it_is_seen(tmp_path: Path) -> None:
    data = np.zeros((2, 16, 16), np.float32)
    data[1] = 0.5
    (stack,) = write_images(str(tmp_path / "a.tif"), data, {"rgb": False, "contrast_limits": (0.0, 1.0)})
    assert tifffile.imread(stack)[:, 0, 0].tolist() == [0, 127]


def test_a_single_picture_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose a layer with a time axis"):
        write_images(str(tmp_path / "a.mp4"), np.zeros((16, 16), np.uint8), {"rgb": False})


def test_scores_are_written_as_they_were_read(tmp_path: Path) -> None:
    table = pd.DataFrame({"recording": ["a", "a"], "frame": [0, 1], "behaviour_percentile": [1.5, np.nan]})
    write_scores(str(tmp_path / "a.csv"), [], {"metadata": {"scores": table}})
    assert pd.read_csv(tmp_path / "a.csv").equals(table)
    with pytest.raises(ValueError, match="shows no scores"):
        write_scores(str(tmp_path / "b.csv"), [], {"metadata": {}})
