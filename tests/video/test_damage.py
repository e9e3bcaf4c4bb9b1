"""Damaged and truncated files: readable frames keep their numbers, the others raise an error."""

from __future__ import annotations

import pickle
import warnings
import wave
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.video import FrameError, VideoError, VideoWarning, open_video
from numbered_videos import FRAMES, RECIPES, encode, number_in, packets_of, remux


def read_all(path: Path) -> list[int | None]:
    """Numbers in all frames, None where a frame does not decode."""
    numbers: list[int | None] = []
    with open_video(path) as video:
        for number in range(len(video)):
            try:
                numbers.append(number_in(video[number]))
            except FrameError:
                numbers.append(None)
    return numbers


def damage(source: Path, target: Path, packet: int, spare: int = 4) -> Path:
    """Overwrite one packet with zeros, after its first bytes."""
    content = bytearray(source.read_bytes())
    offset, size, _ = list(packets_of(source))[packet]
    content[offset + spare : offset + size] = bytes(size - spare)
    target.write_bytes(content)
    return target


@pytest.mark.parametrize("name", ["h264 GOP 12", "h264 mkv", "hevc", "mpeg4 avi", "mjpeg avi"])
def test_frames_after_damage_keep_their_numbers(name: str, clip, tmp_path: Path) -> None:
    source = clip(name)
    broken = damage(source, tmp_path / f"broken{source.suffix}", packet=30)
    numbers = read_all(broken)
    keys = [number for number, packet in enumerate(packets_of(source)) if packet[2]]
    intact_again = min(key for key in keys if key > 30) + 3  # B-frames of the damaged group may show later
    assert len(numbers) == FRAMES
    assert None in numbers[25:35]
    assert numbers[:25] == list(range(25))
    assert numbers[intact_again:] == list(range(intact_again, FRAMES))


def test_damaged_start_keeps_its_place(clip, tmp_path: Path) -> None:
    numbers = read_all(damage(clip("h264 GOP 12"), tmp_path / "broken.mp4", packet=0))
    assert numbers[0] is None
    assert numbers[12:] == list(range(12, FRAMES))


def test_damage_in_a_stream_without_timestamps_does_not_shift_later_frames(clip, tmp_path: Path) -> None:
    broken = damage(clip("mpeg4 B-frames avi"), tmp_path / "broken.avi", packet=30)
    numbers = read_all(broken)
    assert len(numbers) == FRAMES
    assert None in numbers
    assert numbers[40:] == list(range(40, FRAMES))
    assert any("may be off" in note for note in open_video(broken).notes)


def test_the_error_names_the_frame_each_time(clip, tmp_path: Path) -> None:
    video = open_video(damage(clip("mjpeg avi"), tmp_path / "broken.avi", packet=30))
    for _ in range(2):
        with pytest.raises(FrameError, match=r"broken\.avi: frame 30 cannot be decoded") as caught:
            video[30]
        assert caught.value.frame == 30
    assert number_in(video[31]) == 31


def test_slices_over_a_damaged_frame_raise(clip, tmp_path: Path) -> None:
    video = open_video(damage(clip("mjpeg avi"), tmp_path / "broken.avi", packet=30))
    with pytest.raises(FrameError, match="frame 30 "):
        video[20:40]
    assert number_in(video[20:30][-1]) == 29


@pytest.mark.parametrize("part", [0.35, 0.6, 0.61, 0.62, 0.63, 0.8])
@pytest.mark.parametrize(
    "name", ["h264 mkv", "h264 mts", "mpeg4 avi", "mpeg4 B-frames avi", "h264 fragmented"]
)
def test_truncated_files_give_the_first_frames(name: str, part: float, clip, tmp_path: Path) -> None:
    source = clip(name)
    torn = tmp_path / f"torn{source.suffix}"
    content = source.read_bytes()
    torn.write_bytes(content[: int(len(content) * part)])
    try:
        numbers = read_all(torn)
    except VideoError:
        if name != "h264 fragmented":  # FFmpeg opens no file that is torn within the header of a fragment
            raise
        return
    assert 0 < len(numbers) < FRAMES
    readable = [(place, number) for place, number in enumerate(numbers) if number is not None]
    assert len(readable) >= len(numbers) - 2
    # The last frame may be cut in its middle, where the number stands or below it.
    assert all(place == number for place, number in readable[:-1])


def test_a_truncated_file_gives_a_note(clip, tmp_path: Path) -> None:
    front = remux(clip("h264 GOP 12"), tmp_path / "front.mp4", movflags="faststart")
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(front.read_bytes()[: int(front.stat().st_size * 0.6)])
    video = open_video(torn)
    assert any("ends early" in note and "of 100" in note for note in video.notes)
    assert number_in(video[len(video) - 2]) == len(video) - 2


def test_gaps_in_time_give_a_note(tmp_path: Path) -> None:
    """A camera that drops frames leaves gaps. Windows of frames would ignore them without a note."""
    recipe = RECIPES["h264 GOP 12"]
    gappy = type(recipe)(**{**recipe.__dict__, "stamps": lambda number: number + 10 * (number > 40)})
    video = open_video(encode(tmp_path / "gap.mp4", gappy))
    assert video.fps == pytest.approx(25)
    assert video.times[41] - video.times[40] == pytest.approx(11 / 25)
    assert any("gap" in note and "10 frames" in note and "frame 40" in note for note in video.notes)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.mp4", None, "no such file"),
        ("empty.mp4", b"", "empty"),
        ("text.mp4", b"this is no video" * 99, "not a readable video"),
        ("half.mp4", "torn", "not a readable video"),
        ("text.tif", b"this is no image" * 99, "not a readable TIFF"),
    ],
)
def test_errors_are_one_sentence(name: str, content, says: str, clip, tmp_path: Path) -> None:
    path = tmp_path / name
    if content == "torn":
        whole = clip("h264 GOP 12").read_bytes()
        content = whole[: len(whole) // 2]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VideoError, match=says) as caught:
        open_video(path)
    message = str(caught.value)
    assert name in message
    assert "\n" not in message
    assert message.endswith(".")


def test_an_audio_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    with pytest.raises(VideoError, match="no video stream"):
        open_video(path)


def test_a_changed_file_is_detected(clip, tmp_path: Path) -> None:
    path = tmp_path / "changing.mkv"
    path.write_bytes(clip("h264 mkv").read_bytes())
    pickled = pickle.dumps(open_video(path))
    path.write_bytes(clip("ffv1 mkv").read_bytes())
    with pytest.raises(VideoError, match="has changed"):
        pickle.loads(pickled)


def test_frame_errors_can_be_pickled(tmp_path: Path) -> None:
    error = pickle.loads(pickle.dumps(FrameError(tmp_path / "a.mp4", 7, "no reason")))
    assert (error.path, error.frame, error.reason) == (tmp_path / "a.mp4", 7, "no reason")


def test_pixels_near_damage_do_not_depend_on_the_access_order(clip, tmp_path: Path) -> None:
    """Intact groups read the same whether or not a damaged one was read before."""
    broken = damage(clip("h264 GOP 12"), tmp_path / "broken.mp4", packet=30)
    video = open_video(broken)
    before = video[60].copy()
    read_all(broken)
    for number in (29, 30, 59, 60):
        try:
            video[number]
        except FrameError:
            continue
    np.testing.assert_array_equal(video[60], before)


def test_frames_of_another_size_raise_an_error(clip, tmp_path: Path) -> None:
    recipe = RECIPES["h264 mts"]
    wider = type(recipe)(**{**recipe.__dict__, "size": (96, 160)})
    joined = tmp_path / "joined.mts"
    second = encode(tmp_path / "wider.mts", wider, frames=20, first=FRAMES)
    joined.write_bytes(clip("h264 mts").read_bytes() + second.read_bytes())
    video = open_video(joined, warn=False)
    assert number_in(video[FRAMES - 1]) == FRAMES - 1
    with pytest.raises(FrameError, match="its size is 160x96, but other frames are 128x96"):
        video[FRAMES + 5]


def test_each_note_gives_one_warning(clip) -> None:
    with pytest.warns(VideoWarning, match="Interlaced") as caught:
        open_video(clip("h264 interlaced mts"))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_video(clip("h264 interlaced mts"), warn=False)
        open_video(clip("h264 GOP 12"))


@pytest.mark.parametrize("overlap", [0.5, 4.5, 10.5])
def test_joined_recordings_with_overlapping_times(overlap: float, clip, tmp_path: Path) -> None:
    recipe = RECIPES["h264 mts"]
    later = type(recipe)(
        **{**recipe.__dict__, "rate": 50, "stamps": lambda n: round(2 * (n + FRAMES - overlap))}
    )
    second = encode(tmp_path / "second.mts", later, frames=40, first=FRAMES)
    joined = tmp_path / "joined.mts"
    joined.write_bytes(clip("h264 mts").read_bytes() + second.read_bytes())
    numbers = read_all(joined)
    assert numbers == list(range(FRAMES + 40))


def test_a_gap_near_the_end_loses_no_frames(tmp_path: Path) -> None:
    for name in ("h264 mkv", "h264 mts", "h264 fragmented"):
        recipe = RECIPES[name]
        gappy = type(recipe)(**{**recipe.__dict__, "stamps": lambda number: number + 10 * (number > 97)})
        path = encode(tmp_path / f"gap{recipe.suffix}", gappy)
        assert read_all(path) == list(range(FRAMES)), name


def test_gradual_refresh_reads_the_same_from_anywhere(tmp_path: Path) -> None:
    """Recovery points are marked as keyframes, but the image is complete only later."""
    recipe = RECIPES["h264 intra refresh"]
    for suffix, muxer in ((".mts", "mpegts"), (".mkv", None)):
        path = encode(
            tmp_path / f"refresh{suffix}",
            type(recipe)(**{**recipe.__dict__, "suffix": suffix, "muxer": muxer}),
        )
        video = open_video(path)
        sequential = video[:]
        video.close()
        for number in (99, 45, 86, 70, 13):
            np.testing.assert_array_equal(video[number], sequential[number], err_msg=f"{suffix} {number}")


def test_a_file_that_is_replaced_while_open_is_detected(clip, tmp_path: Path) -> None:
    path = tmp_path / "video.mkv"
    path.write_bytes(clip("h264 mkv").read_bytes())
    video = open_video(path)
    assert number_in(video[3]) == 3
    video.close()
    path.write_bytes(clip("ffv1 mkv").read_bytes())
    with pytest.raises(VideoError, match="has changed"):
        video[3]


def test_raw_streams_of_other_codecs_are_refused(tmp_path: Path) -> None:
    recipe = RECIPES["mpeg4 B-frames avi"]
    raw = type(recipe)(**{**recipe.__dict__, "suffix": ".m4v", "muxer": "m4v"})
    with pytest.raises(VideoError, match="raw stream"):
        open_video(encode(tmp_path / "raw.m4v", raw))
