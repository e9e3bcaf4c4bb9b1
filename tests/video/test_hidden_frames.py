"""Pictures that no decoder shows have no number."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import pytest
from av.bitstream import BitStreamFilterContext

from napari_ubam.video.hidden import hidden_test
from numbered_videos import RECIPES, Recipe, encode, number_in
from plain_decoding import assert_as_plain, changed, plain_pictures, with_bytes

FRAMES = 45
VP8 = Recipe(".webm", "libvpx", {"g": "30", "deadline": "realtime", "cpu-used": "8", "b": "400k"})


def _hide(number: int, packet: av.Packet) -> av.Packet:
    """Take the show_frame bit from every seventh picture: the next ones still refer to it."""
    content = bytearray(bytes(packet))
    if number % 7 == 3:
        content[0] &= ~0x10
    return with_bytes(packet, bytes(content))


@pytest.mark.parametrize("suffix", [".webm", ".mkv", ".avi"])
@pytest.mark.parametrize("same_time", [True, False], ids=["with the time of the next", "with its own time"])
def test_hidden_frames_of_vp8(suffix: str, same_time: bool, tmp_path: Path) -> None:
    if suffix == ".avi" and same_time:
        pytest.skip("an AVI has no times")
    source = encode(tmp_path / "source.webm", VP8, FRAMES)
    stamps = [packet.pts for packet in av.open(str(source)).demux(video=0) if packet.size]

    def hide(number: int, packet: av.Packet) -> av.Packet:
        hidden = _hide(number, packet)
        if same_time and number % 7 == 3:
            hidden.pts = hidden.dts = stamps[number + 1]
        return hidden

    path = changed(source, tmp_path / f"hidden{suffix}", hide)
    shown = [number for number in range(FRAMES) if number % 7 != 3]
    assert len(plain_pictures(path)) == len(shown)
    video = assert_as_plain(path)
    assert [number_in(frame) for frame in video] == shown
    assert video.times.tolist() == pytest.approx([number / 25 for number in shown], abs=2e-3)
    assert not any("go back" in note or "assumed" in note for note in video.notes)


def test_hidden_frames_of_av1_in_packets_of_their_own(tmp_path: Path) -> None:
    source = encode(tmp_path / "source.mkv", RECIPES["av1 mkv"], FRAMES)
    parts: list[tuple[int, bytes]] = []
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        splitter = BitStreamFilterContext("av1_frame_split", stream)
        for number, packet in enumerate(p for p in container.demux(stream) if p.size):
            parts.extend((number, bytes(part)) for part in splitter.filter(packet))
    assert len(parts) > FRAMES  # some hold a picture that is never shown
    video = assert_as_plain(_ivf(tmp_path / "split.ivf", parts))
    assert [number_in(frame) for frame in video] == list(range(FRAMES))


def _ivf(path: Path, packets: list[tuple[int, bytes]]) -> Path:
    """Write packets and their times into the simplest container."""
    header = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"AV01", 128, 96, 25, 1, len(packets), 0)
    path.write_bytes(header + b"".join(struct.pack("<IQ", len(part), at) + part for at, part in packets))
    return path


def _superframe(*frames: bytes) -> bytes:
    """VP9: several frames in a packet, with their lengths behind them."""
    marker = bytes([0xC0 | len(frames) - 1])
    return b"".join(frames) + marker + bytes(len(frame) for frame in frames) + marker


@pytest.mark.parametrize(
    ("packet", "hidden"),
    [
        (b"\x86\0\0", False),  # profile 0, shown
        (b"\x84\0\0", True),
        (b"\x88\0\0", False),  # shows a frame that was decoded before
        (b"\xb1\0\0", False),  # profile 3, with a reserved bit before the flags
        (b"\xb2\0\0", True),
        (_superframe(b"\x84\0\0", b"\x86\0\0"), False),
        (_superframe(b"\x84\0\0", b"\x84\0\0"), True),
        (b"rubbish", False),
    ],
)
def test_the_flags_of_vp9(packet: bytes, hidden: bool) -> None:
    test = hidden_test("vp9")
    assert test is not None
    assert test(memoryview(packet)) is hidden


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
@pytest.mark.parametrize("twice", [0, 1], ids=["right times", "a time twice"])
def test_hevc_that_was_cut_without_encoding(suffix: str, twice: int, tmp_path: Path) -> None:
    """Pictures after the first keyframe that need the part before the cut are not shown, nor counted."""
    groups = "keyint=12:min-keyint=12:bframes=4:open-gop=1:scenecut=0:log-level=none"
    recipe = Recipe(".mp4", "libx265", {"preset": "ultrafast", "x265-params": groups})
    source = encode(tmp_path / "source.mp4", recipe, FRAMES)
    keys = [n for n, packet in enumerate(av.open(str(source)).demux(video=0)) if packet.is_keyframe]

    def cut(number: int, packet: av.Packet) -> av.Packet | None:
        if number == FRAMES - 3:  # then times do not give the order, and the file is decoded once
            packet.pts -= twice * packet.duration
        return packet if number >= keys[1] else None

    path = changed(source, tmp_path / f"cut{suffix}", cut)
    shown = len(plain_pictures(path))
    assert shown < FRAMES - keys[1]
    video = assert_as_plain(path)
    assert [number_in(frame) for frame in video] == list(range(FRAMES - shown, FRAMES))
    assert video.times.tolist() == pytest.approx([number / 25 for number in range(shown)], abs=0.041)
    assert any("Frames at the start need data that the file does not have" in note for note in video.notes)


def test_other_codecs_have_no_hidden_frames() -> None:
    assert hidden_test("h264") is None
    assert hidden_test("mjpeg") is None
