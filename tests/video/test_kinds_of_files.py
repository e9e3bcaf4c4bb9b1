"""Files of other programs: refused with a converter, or read from several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.video import VideoError, open_video
from numbered_videos import number_in


@pytest.mark.parametrize(
    ("suffix", "converter"), [(".fmf", "Strand Camera"), (".UFMF", "ufmfcat"), (".seq", "recorded it")]
)
def test_formats_of_cameras_are_refused_with_a_converter(suffix: str, converter: str, tmp_path: Path) -> None:
    path = tmp_path / f"fly{suffix}"
    path.write_bytes(b"movie" * 999)
    with pytest.raises(VideoError, match=f"is not read; convert it to MP4 or AVI with .*{converter}"):
        open_video(path)


def test_eight_threads_share_a_reader(clip) -> None:
    video = open_video(clip("h264 GOP 12"))
    numbers = np.random.default_rng(0).integers(0, len(video), 160).tolist()
    with ThreadPoolExecutor(8) as pool:
        assert [number_in(one) for one in pool.map(video.__getitem__, numbers)] == numbers
