"""Kinds of files at random: each must read as a plain decoding does, however its frames are reached."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from numbered_videos import Recipe, encode
from plain_decoding import assert_as_plain, changed, with_bytes

FRAMES = 24
FINE = {"g": "10", "qscale": "3"}
X264 = {"preset": "ultrafast", "crf": "16"}


@dataclass(frozen=True)
class Codec:
    """An encoder and the containers of FFmpeg that take it; ``b_frames`` where it can have them."""

    name: str
    options: dict[str, str]
    suffixes: tuple[str, ...]
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (96, 128)
    b_frames: bool = False


CODECS = [
    Codec("libx264", X264, (".mp4", ".mkv", ".avi", ".mov"), b_frames=True),
    Codec("mpeg4", FINE, (".mp4", ".mkv", ".avi", ".mov"), b_frames=True),
    Codec("mpeg2video", FINE, (".mkv", ".avi", ".mp4"), b_frames=True),
    Codec("libvpx", {"g": "10", "deadline": "realtime", "cpu-used": "8"}, (".webm", ".mkv", ".avi")),
    Codec("libvpx-vp9", {"g": "10", "deadline": "realtime", "cpu-used": "8"}, (".webm", ".mp4")),
    Codec("h263", FINE, (".avi", ".mov"), size=(144, 176)),
    Codec("flv", FINE, (".flv", ".avi")),
    Codec("wmv2", FINE, (".avi", ".wmv")),
    Codec("msmpeg4", FINE, (".avi", ".mkv")),
    Codec("cinepak", {"g": "10"}, (".avi", ".mov"), "rgb24"),
    Codec("zmbv", {"g": "10"}, (".avi",), "bgr0"),
    Codec("rpza", {"g": "10"}, (".mov",), "rgb555le"),
    Codec("mjpeg", {"qscale": "2"}, (".avi", ".mov", ".mkv"), "yuvj420p"),
    Codec("ffv1", {"g": "10"}, (".mkv", ".avi"), "gray"),
]


@dataclass(frozen=True)
class Kind:
    """A kind of file: how it is encoded, and what is then changed in it."""

    codec: Codec
    suffix: str
    b_frames: int
    marks: str
    hidden: int
    dropped: tuple[int, ...]
    rate: int


@st.composite
def kinds(draw: st.DrawFn) -> Kind:
    """Draw a codec, a container, key flags, hidden frames, dropped frames and a rate."""
    codec = draw(st.sampled_from(CODECS))
    return Kind(
        codec=codec,
        suffix=draw(st.sampled_from(codec.suffixes)),
        b_frames=draw(st.integers(0, 3)) if codec.b_frames else 0,
        marks=draw(st.sampled_from(["as they are", "all", "some"])),
        hidden=draw(st.sampled_from([0, 4, 7])) if codec.name == "libvpx" else 0,
        dropped=draw(st.lists(st.integers(1, FRAMES - 2), max_size=3, unique=True).map(tuple)),
        rate=draw(st.sampled_from([25, 30, 240])),
    )


def _make(kind: Kind, folder: Path) -> Path:
    def stamp(number: int) -> int:
        return number + 3 * sum(number > place for place in kind.dropped)

    options = dict(kind.codec.options)
    if kind.codec.name == "libx264":
        options["x264-params"] = f"scenecut=0:keyint=10:bframes={kind.b_frames}"
    recipe = Recipe(
        kind.suffix,
        kind.codec.name,
        options,
        kind.codec.pixel_format,
        size=kind.codec.size,
        muxer="asf" if kind.suffix == ".wmv" else None,
        rate=kind.rate,
        b_frames=kind.b_frames if kind.codec.name.startswith("mpeg") else None,
        stamps=stamp,
    )
    # The first packets of an MKV with B-frames have no decoding times, so they cannot be copied.
    suffix = ".mp4" if kind.b_frames and kind.suffix == ".mkv" else kind.suffix
    source = encode(folder / f"source{suffix}", recipe, FRAMES)

    def change(number: int, packet: av.Packet) -> av.Packet:
        if kind.hidden and number % kind.hidden == kind.hidden - 1:
            content = bytes(packet)
            packet = with_bytes(packet, bytes([content[0] & ~0x10]) + content[1:])
        packet.is_keyframe |= kind.marks == "all" or (kind.marks == "some" and number % 6 == 5)
        return packet

    return changed(source, folder / f"kind{kind.suffix}", change)


@given(kind=kinds())
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_any_kind_of_file_reads_as_a_plain_decoding(kind: Kind) -> None:
    with tempfile.TemporaryDirectory() as folder, assert_as_plain(_make(kind, Path(folder))) as video:
        assert (np.diff(video.times) > 0).all()
