"""Files whose keyframes are marked wrongly, and decoders that learn from the first packet."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from napari_ubam.video import open_video, proof
from numbered_videos import RECIPES, Recipe, encode
from plain_decoding import assert_as_plain, changed, every_packet_a_keyframe, plain_pictures

FRAMES = 40
CIF = (144, 176)
GOP = {"g": "12"}
FINE = {"g": "12", "qscale": "3"}

MARKED_WRONGLY = {
    "h261.avi": Recipe(".avi", "h261", FINE, size=CIF),
    "h263.avi": Recipe(".avi", "h263", FINE, size=CIF),
    "rpza.mov": Recipe(".mov", "rpza", GOP, "rgb555le"),
}
"""Their muxers mark every frame as a keyframe."""

MARKED_RIGHTLY = {
    "h263.mov": Recipe(".mov", "h263", FINE, size=CIF),
    "flv.flv": Recipe(".flv", "flv", FINE),
    "mpeg4.mp4": Recipe(".mp4", "mpeg4", FINE),
    "mpeg2.mp4": Recipe(".mp4", "mpeg2video", {"g": "12", "bf": "2"}, b_frames=2),
    "msmpeg4v2.avi": Recipe(".avi", "msmpeg4v2", FINE),
    "msmpeg4v3.mkv": Recipe(".mkv", "msmpeg4", FINE),
    "wmv1.wmv": Recipe(".wmv", "wmv1", FINE, muxer="asf"),
    "wmv2.avi": Recipe(".avi", "wmv2", FINE),
    "cinepak.avi": Recipe(".avi", "cinepak", GOP, "rgb24"),
    "cinepak.mov": Recipe(".mov", "cinepak", GOP, "rgb24"),
    "msvideo1.avi": Recipe(".avi", "msvideo1", GOP, "rgb555le"),
    "zmbv.avi": Recipe(".avi", "zmbv", GOP, "bgr0"),
    "qtrle.mov": Recipe(".mov", "qtrle", GOP, "rgb24"),
    "snow.avi": Recipe(".avi", "snow", {"g": "12", "strict": "-2"}),
    "svq1.mov": Recipe(".mov", "svq1", GOP, "yuv410p"),
}
"""Their muxers know the keyframes; a copy marks every frame."""


@pytest.mark.parametrize("name", MARKED_WRONGLY)
def test_muxers_that_mark_every_frame(name: str, tmp_path: Path) -> None:
    video = assert_as_plain(encode(tmp_path / name, MARKED_WRONGLY[name], FRAMES))
    assert len(video) == FRAMES
    assert any("without being one" in note and "jumps faster" in note for note in video.notes)


@pytest.mark.parametrize("name", MARKED_RIGHTLY)
def test_every_frame_marked_as_a_keyframe(name: str, tmp_path: Path) -> None:
    source = encode(tmp_path / f"right-{name}", MARKED_RIGHTLY[name], FRAMES)
    assert not any("keyframe" in note for note in assert_as_plain(source).notes)
    marked = assert_as_plain(changed(source, tmp_path / name, every_packet_a_keyframe))
    assert len(marked) == FRAMES
    assert any("without being one" in note for note in marked.notes)


def test_wrong_marks_late_in_a_file(tmp_path: Path) -> None:
    """The trial at the start of a file cannot find them."""
    recipe = Recipe(".mp4", "mpeg4", {"g": "20", "qscale": "3"})
    source = encode(tmp_path / "source.mp4", recipe, 120)

    def mark(number: int, packet: av.Packet) -> av.Packet:
        packet.is_keyframe = packet.is_keyframe or 70 < number < 79
        return packet

    assert_as_plain(changed(source, tmp_path / "late.mp4", mark))


def test_palettes_and_blocks_that_stay(tmp_path: Path) -> None:
    """Decoders of old formats keep pictures and colours, also if they are flushed before a jump."""
    generator = np.random.default_rng(0)
    ground = generator.integers(0, 255, (96, 128, 3), dtype=np.uint8)
    path = tmp_path / "blocks.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("cinepak", rate=25, options={"g": "100"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "rgb24"
        for number in range(30):
            image = ground.copy()
            image[:, : 4 * (number % 8)] = number * 8  # the rest of the picture is never sent again
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert_as_plain(changed(path, tmp_path / "marked.avi", every_packet_a_keyframe))


def _lossless(path: Path) -> Path:
    """H.264 without loss, whose 8x8 blocks were predicted in another way by encoders before build 151."""
    generator = np.random.default_rng(0)
    ground = generator.integers(60, 190, (24, 32)).repeat(4, 0).repeat(4, 1)
    groups = "scenecut=0:keyint=15:bframes=8:b-adapt=0:weightp=0"
    options = {"preset": "medium", "qp": "0", "x264-params": groups}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for number in range(60):
            image = np.roll(ground, number // 3 % 7, 1) * 1.0
            image[:, 64:] = ground[:, 64:]
            image += number % 11 + np.random.default_rng(number).normal(0, 3, image.shape)
            frame = av.VideoFrame.from_ndarray(image.clip(0, 255).astype(np.uint8), format="gray")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def test_a_build_of_the_encoder_that_only_the_first_packet_states(tmp_path: Path) -> None:
    new = _lossless(tmp_path / "new.mkv")
    content = new.read_bytes()
    begin = content.index(b"x264 - core ")
    old = tmp_path / "old.mkv"
    old.write_bytes(content[:begin] + b"x264 - core 150" + content[begin + 15 :])
    assert content.count(b"x264 - core ") == 1
    assert plain_pictures(old) != plain_pictures(new)  # the decoder imitates the old encoder
    assert_as_plain(old)


def test_ordinary_files_keep_their_keyframes(clip) -> None:
    """Where keyframes are right, none is lost and nothing is noted."""
    for name in ("h264 GOP 12", "h264 open GOP", "hevc", "mpeg4 avi", "vp9 webm", "mjpeg avi", "ffv1 mkv"):
        video = open_video(clip(name), warn=False)
        with av.open(str(clip(name))) as container:
            marks = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
        assert video.source._index.key.tolist() == marks, name  # type: ignore[attr-defined]
        assert not video.notes
    assert not any("keyframe" in note for note in open_video(clip("h264 mts"), warn=False).notes)


@pytest.mark.parametrize("name", ["h264 GOP 12", "h264 mts"])
def test_a_jump_after_a_jump_needs_no_first_packet_again(name: str, clip, monkeypatch) -> None:
    """The first packet is decoded once for each opening of the file, not for each jump."""
    from napari_ubam.video import decoder

    primed = []
    real = decoder.FrameDecoder._prime
    monkeypatch.setattr(
        decoder.FrameDecoder, "_prime", staticmethod(lambda *given: primed.append(1) or real(*given))
    )
    video = open_video(clip(name), warn=False)
    primed.clear()
    for number in (90, 20, 60):
        video[number]
    assert len(primed) == 1
    assert RECIPES[name].suffix in str(clip(name))


@pytest.mark.parametrize(
    ("name", "jumps"),
    [
        ("h264 GOP 12", 1),
        ("h264 mts", 1),
        ("h264 avi", 1),
        ("h264 open GOP", 4),
        ("mpeg4 avi", 4),
    ],
)
def test_fewer_jumps_are_tried_where_the_bitstream_tells(
    name: str, jumps: int, clip, index_cache, monkeypatch
) -> None:
    """A keyframe that ends all references needs no proof of its own; wrong marks and open groups do."""
    tried = []
    real = proof._Trial._agrees
    monkeypatch.setattr(
        proof._Trial, "_agrees", lambda self, key, back: tried.append((back, key)) or real(self, key, back)
    )
    open_video(clip(name), warn=False)
    assert len(tried) == jumps
