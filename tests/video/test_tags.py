"""Titles and other tags that are not UTF-8 concern no picture."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from napari_ubam.video import VideoError, open_video, write_video
from numbered_videos import number_in, picture

WORD = "Versuch Maeuse"


@pytest.fixture(scope="module", params=[".avi", ".mp4", ".mkv"])
def tagged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Video with a title and a handler in Latin-1."""
    path = tmp_path_factory.mktemp("tags") / f"tags{request.param}"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = WORD
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.metadata["handler_name"] = WORD
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(np.stack([picture(number)] * 3, -1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    data = path.read_bytes()
    assert WORD.encode() in data
    path.write_bytes(data.replace(WORD.encode(), WORD.replace("Ma", "M\xe4").encode("latin-1")))
    return path


def test_tags_in_another_encoding_do_not_matter(tagged: Path) -> None:
    assert open_video(tagged).shape == (5, 96, 128, 3)


def test_a_pyav_without_the_option_is_enough(tagged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = av.open

    def without(name: str, **options: Any) -> Any:
        if "metadata_errors" in options:
            raise TypeError("open() got an unexpected keyword argument 'metadata_errors'")
        return opened(name, metadata_errors="ignore")

    monkeypatch.setattr(av, "open", without)
    assert len(open_video(tagged)) == 5

    def strict(name: str, **options: Any) -> Any:
        without("", **options) if options else b"\xe4".decode()

    monkeypatch.setattr(av, "open", strict)
    other = tagged.with_name(f"copy{tagged.suffix}")
    other.write_bytes(tagged.read_bytes())
    with pytest.raises(VideoError) as caught:
        open_video(other)
    assert str(caught.value).startswith(f"{other}: a title or another tag of the file is not valid text")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are not text")
def test_a_file_name_that_is_no_text_opens(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mp4", [picture(1)] * 3)
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xe4use.mp4"))
    source.rename(path)
    assert len(open_video(path)) == 3


@pytest.mark.parametrize("orientation", [1, 6])
def test_exif_of_images_in_a_video(orientation: int, tmp_path: Path) -> None:
    """Cameras write an Exif block into each JPEG, and FFmpeg gives it a type that PyAV does not know."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    path = tmp_path / "camera.mjpeg"
    with path.open("wb") as file:
        for number in range(6):
            image = np.stack([picture(number)] * 3, -1)
            Image.fromarray(image).save(file, "JPEG", quality=95, exif=exif)
    video = open_video(path, warn=False)
    assert video.shape == ((6, 96, 128, 3) if orientation == 1 else (6, 128, 96, 3))
    upright = [frame if orientation == 1 else np.rot90(frame) for frame in video]
    assert [number_in(frame) for frame in upright] == list(range(6))
