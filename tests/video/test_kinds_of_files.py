"""Files of other programs: refused with a converter, or read from several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest

from napari_ubam.video import VideoError, open_video
from numbered_videos import number_in, picture


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


@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format", "size"),
    [
        (".3gp", "mpeg4", "yuv420p", (96, 128)),
        (".asf", "msmpeg4", "yuv420p", (96, 128)),
        (".dv", "dvvideo", "yuv420p", (576, 720)),
        (".gif", "gif", "gray", (96, 128)),
        (".ogv", "libvpx", "yuv420p", (96, 128)),
    ],
)
def test_every_ending_that_is_offered_opens(
    suffix: str, codec: str, pixel_format: str, size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *size, pixel_format
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(np.stack([picture(number, *size)] * 3, -1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    video = open_video(path, warn=False)
    assert [number_in(video[number]) for number in (11, 3, 7, 0)] == [11, 3, 7, 0]
    assert len(video) == 12
