"""Times and counts of files with dropped frames, equal times, and clocks that are too coarse."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from napari_ubam.video import open_video
from numbered_videos import RECIPES, Recipe, encode, number_in
from plain_decoding import assert_as_plain, changed

FRAMES = 60
X264 = {"preset": "veryfast", "crf": "18"}
DROPPED = {
    "mpeg4": Recipe(".avi", "mpeg4", {"g": "12", "qscale": "3"}),
    "mpeg4 B": RECIPES["mpeg4 B-frames avi"],
    "h264": Recipe(".avi", "libx264", X264 | {"x264-params": "keyint=15:bframes=0"}),
    "h264 B": Recipe(".avi", "libx264", X264 | {"x264-params": "keyint=15:bframes=2:b-pyramid=none"}),
    "h264 B pyramid": Recipe(".avi", "libx264", X264 | {"x264-params": "keyint=15:bframes=3"}),
}


def _dropped(path: Path, recipe: Recipe) -> Path:
    """Five frames are missing after frame 20, and one after frame 40: the AVI has empty packets for them."""
    stamps = {"stamps": lambda number: number + 5 * (number > 20) + (number > 40)}
    return encode(path, Recipe(**{**recipe.__dict__, **stamps}), FRAMES)


@pytest.mark.parametrize("name", DROPPED)
def test_dropped_frames_in_avi(name: str, tmp_path: Path) -> None:
    path = _dropped(tmp_path / "dropped.avi", DROPPED[name])
    video = assert_as_plain(path)
    assert [number_in(frame) for frame in video] == list(range(FRAMES))
    assert not any("ends early" in note for note in video.notes)
    assert any("6 frames missing" in note for note in video.notes)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        out = [frame.dts for frame in container.decode(stream) if frame.dts is not None]
    steps = np.diff(out)  # a frame has the time of the packet at which it comes out, as in players
    np.testing.assert_allclose(np.diff(video.times)[: len(steps)] * 25, steps, atol=1e-6)


def test_an_avi_that_repeats_its_last_picture_does_not_end_early(tmp_path: Path) -> None:
    path = encode(tmp_path / "repeats.avi", DROPPED["mpeg4 B"], FRAMES)
    content = bytearray(path.read_bytes())
    length = content.index(b"strh") + 8 + 32
    content[length : length + 4] = (FRAMES + 4).to_bytes(4, "little")
    path.write_bytes(content)
    video = assert_as_plain(path)
    assert len(video) == FRAMES
    assert not any("ends early" in note for note in video.notes)


def test_a_torn_avi_still_ends_early(tmp_path: Path) -> None:
    path = _dropped(tmp_path / "torn.avi", DROPPED["mpeg4"])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    assert any("ends early" in note for note in open_video(path, warn=False).notes)


def _with_times(path: Path, milliseconds: list[int], recipe: str = "mpeg4 avi") -> Path:
    """Write packets without B-frames into an MKV with the given times."""
    source = encode(path.with_name(f"source-{path.stem}.avi"), RECIPES[recipe], len(milliseconds))

    def stamp(number: int, packet: av.Packet) -> av.Packet:
        packet.time_base = Fraction(1, 1000)
        packet.pts = packet.dts = milliseconds[number]
        packet.duration = 0
        return packet

    return changed(source, path, stamp)


def test_one_time_twice_keeps_all_other_times(tmp_path: Path) -> None:
    """A burst, one time that is stored twice, and a pause of ten seconds."""
    times = [number * 40 + 10000 * (number > 40) for number in range(FRAMES)]
    times[20] = times[19]
    video = assert_as_plain(_with_times(tmp_path / "twice.mkv", times))
    expected = np.array(times) / 1000
    np.testing.assert_allclose(np.delete(video.times, 20), np.delete(expected, 20), atol=1e-9)
    assert 0 < video.times[20] - video.times[19] <= 1e-3
    assert video.fps == pytest.approx(25, rel=0.02)
    assert any("1 frame has the time of the frame before" in note for note in video.notes)
    assert any("10 s, after frame 40" in note for note in video.notes)
    assert not any("go back" in note or "assumed" in note for note in video.notes)


def test_a_burst_with_one_time(tmp_path: Path) -> None:
    times = [number * 40 for number in range(FRAMES)]
    times[30:35] = [times[30]] * 5
    video = assert_as_plain(_with_times(tmp_path / "burst.mkv", times))
    assert (np.diff(video.times) > 0).all()
    assert np.ptp(video.times[30:35]) < 1e-3
    np.testing.assert_allclose(video.times[35:], np.array(times[35:]) / 1000)
    assert any("4 frames have the time of the frame before" in note for note in video.notes)


@pytest.mark.parametrize("rate", [1500, 2000, 3000])
def test_rates_that_milliseconds_cannot_hold(rate: int, tmp_path: Path) -> None:
    recipe = Recipe(".mkv", "libx264", X264 | {"x264-params": "keyint=15:bframes=2:force-cfr=1"}, rate=rate)
    video = assert_as_plain(encode(tmp_path / "fast.mkv", recipe, FRAMES))
    assert video.fps == pytest.approx(rate, rel=1e-3)
    np.testing.assert_allclose(video.times, np.arange(FRAMES) / rate, atol=1e-9)
    assert any(f"too coarse for {rate} frames" in note for note in video.notes)
    assert not any("go back" in note or "assumed" in note for note in video.notes)


def test_a_single_time_that_goes_back(tmp_path: Path) -> None:
    """One wrong time neither moves its frame nor makes all others doubtful."""
    recipe = Recipe(".mkv", "libx264", X264 | {"x264-params": "keyint=15:bframes=0"})
    source = encode(tmp_path / "source.mkv", recipe, FRAMES)

    def stamp(number: int, packet: av.Packet) -> av.Packet:
        packet.pts += 100 * (number == 30)
        return packet

    video = assert_as_plain(changed(source, tmp_path / "back.mkv", stamp))
    assert [number_in(frame) for frame in video] == list(range(FRAMES))
    np.testing.assert_allclose(video.times, np.arange(FRAMES) / 25, atol=2e-3)


def test_frames_without_presentation_times_come_when_the_decoder_gives_them(tmp_path: Path) -> None:
    """Some encoders write the time of decoding for both, and let a gap for the delay of the first frame."""
    recipe = Recipe(".mp4", "libx264", X264 | {"x264-params": "keyint=15:bframes=2:b-pyramid=none"})
    source = encode(tmp_path / "source.mp4", recipe, FRAMES)

    def stamp(number: int, packet: av.Packet) -> av.Packet:
        packet.time_base = Fraction(1, 25)
        packet.pts = packet.dts = number + 2 * (number > 0)
        packet.duration = 1
        return packet

    video = assert_as_plain(changed(source, tmp_path / "gap.mp4", stamp))
    assert [number_in(frame) for frame in video] == list(range(FRAMES))
    np.testing.assert_allclose(video.times, np.arange(FRAMES) / 25, atol=1e-6)
    assert not video.notes
