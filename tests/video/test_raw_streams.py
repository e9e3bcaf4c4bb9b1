"""Raw streams: no times, no seeking, and the right picture however it is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.video import VideoError, open_video
from numbered_videos import RECIPES, Recipe, encode, number_in
from plain_decoding import assert_as_plain

FRAMES = 40
JPEG = {"qscale": "2"}
RAW = {
    "camera.mjpeg": Recipe(".mjpeg", "mjpeg", JPEG, "yuvj420p", muxer="mjpeg"),
    "large.mjpeg": Recipe(".mjpeg", "mjpeg", JPEG, "yuvj420p", size=(240, 320), muxer="mjpeg"),
    "network.mpjpeg": Recipe(".mpjpeg", "mjpeg", JPEG, "yuvj420p", muxer="mpjpeg"),
    "images.pngs": Recipe(".pngs", "png", {}, "rgb24", muxer="image2pipe"),
    "camera.drc": Recipe(".drc", "vc2", {"b": "200M"}, "yuv420p", size=(144, 176), muxer="dirac"),
    "units.obu": Recipe(".obu", "libsvtav1", {"preset": "12", "g": "16"}, muxer="obu"),
    "phone.h263": Recipe(".h263", "h263", {"g": "12", "qscale": "3"}, size=(144, 176), muxer="h263"),
    "phone.h261": Recipe(".h261", "h261", {"g": "12", "qscale": "3"}, size=(144, 176), muxer="h261"),
}


@pytest.mark.parametrize("name", RAW)
def test_the_rate_is_said_to_be_assumed_and_pictures_are_right(name: str, tmp_path: Path) -> None:
    recipe = Recipe(**{**RAW[name].__dict__, "rate": 40 if "h26" not in name else 25})
    path = encode(tmp_path / name, recipe, FRAMES)
    video = assert_as_plain(path)
    assert len(video) == FRAMES
    assert video.stated_fps is None
    assert any("no timestamps" in note and "set fps" in note for note in video.notes)
    assert not any("ends early" in note for note in video.notes)
    assert ("keyframe" in " ".join(video.notes)) == ("h26" in name)  # only those are marked wrongly
    timed = open_video(path, fps=40, warn=False)
    assert timed.times[-1] == pytest.approx((FRAMES - 1) / 40)
    assert not any("no timestamps" in note for note in timed.notes)


@pytest.mark.parametrize(("codec", "muxer"), [("libx264", "h264"), ("libx265", "hevc")])
def test_a_raw_stream_that_states_its_rate(codec: str, muxer: str, tmp_path: Path) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {"preset": "veryfast"}
    recipe = Recipe(f".{muxer}", codec, options, muxer=muxer, rate=40)
    video = open_video(encode(tmp_path / f"a.{muxer}", recipe, FRAMES), warn=False)
    assert video.fps == pytest.approx(40)
    assert video.times[-1] == pytest.approx((FRAMES - 1) / 40)
    assert video.stated_fps is None  # the camera can have had another one
    assert any("40 frames per second are assumed, as it states; set fps" in note for note in video.notes)


def test_images_with_bytes_between_them(tmp_path: Path) -> None:
    """Cameras pad the images to whole blocks."""
    path = encode(tmp_path / "source.mjpeg", RAW["camera.mjpeg"], FRAMES)
    images = [b"\xff\xd8" + part for part in path.read_bytes().split(b"\xff\xd8")[1:]]
    assert len(images) == FRAMES
    padded = tmp_path / "padded.mjpeg"
    padded.write_bytes(b"".join(image + bytes(-len(image) % 512) for image in images))
    video = assert_as_plain(padded)
    assert [number_in(frame) for frame in video] == list(range(FRAMES))


@pytest.mark.parametrize(
    ("codec", "muxer", "options"),
    [("mpeg4", "m4v", {}), ("mpeg2video", "mpeg2video", {}), ("mpeg1video", "mpeg1video", {})],
)
def test_other_raw_streams_are_refused(codec: str, muxer: str, options: dict, tmp_path: Path) -> None:
    path = encode(tmp_path / f"raw.{muxer[:3]}", Recipe(".raw", codec, options, muxer=muxer), 10)
    with pytest.raises(VideoError, match=r"raw stream has no exact frame access; .*ffmpeg"):
        open_video(path)


def test_raw_h264_is_as_documented(clip) -> None:
    assert assert_as_plain(clip("h264 raw, B-frames")).stated_fps is None
    assert RECIPES["h264 raw, B-frames"].suffix == ".h264"
