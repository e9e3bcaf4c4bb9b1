"""Every codec, container and kind of access returns the requested frame."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from field_pictures import encode_fields
from napari_ubam.video import VideoArray, open_video
from numbered_videos import FRAMES, RECIPES, encode, number_in, remux

ALL = sorted(RECIPES)
HARD = [
    "h264 open GOP",
    "h264 open GOP mts",
    "h264 B-frames avi",
    "h264 raw, B-frames",
    "hevc",
    "mpeg4 B-frames avi",
    "mpeg2 ts",
    "vp9 alternate references",
]


def read_numbers(video: VideoArray, order: list[int]) -> list[int]:
    return [number_in(video[number]) for number in order]


@pytest.mark.parametrize("name", ALL)
def test_sequential_backward_and_random(name: str, clip) -> None:
    video = open_video(clip(name))
    height, width = RECIPES[name].size
    assert video.shape[:3] == (FRAMES, height, width)
    everything = list(range(FRAMES))
    assert [number_in(frame) for frame in video] == everything

    video.close()  # what was decoded is forgotten: each order starts afresh
    shuffled = random.Random(name).sample(everything, FRAMES)
    assert read_numbers(video, shuffled) == shuffled
    video.close()
    backward = everything[::-1]
    assert read_numbers(video, backward) == backward


@pytest.mark.parametrize("name", HARD)
def test_slices_lists_and_strides(name: str, clip) -> None:
    with open_video(clip(name)) as video:
        for key in (slice(3, 95, 7), slice(90, 10, -9), [5, 71, 5, 0, 99], np.array([40, 39, -1])):
            wanted = np.arange(FRAMES)[key].tolist()
            video.close()
            assert [number_in(frame) for frame in video[key]] == wanted


@pytest.mark.parametrize("name", HARD)
def test_random_access_is_pixel_identical_to_sequential(name: str, clip) -> None:
    video = open_video(clip(name))
    sequential = video[:]
    video.close()
    for number in random.Random(3).sample(range(FRAMES), 40):
        np.testing.assert_array_equal(video[number], sequential[number], err_msg=f"{name}, frame {number}")


@pytest.mark.parametrize("name", HARD)
def test_four_threads_share_a_reader(name: str, clip) -> None:
    with open_video(clip(name)) as video, ThreadPoolExecutor(4) as pool:
        orders = [random.Random(seed).sample(range(FRAMES), 60) for seed in range(4)]
        for order, numbers in zip(orders, pool.map(lambda o: read_numbers(video, o), orders), strict=True):
            assert numbers == order


def _numbers_elsewhere(pickled: bytes, order: list[int]) -> list[int]:
    return read_numbers(pickle.loads(pickled), order)


def test_pickled_into_another_process(clip) -> None:
    """Spawned, as on Windows and macOS. One process reads all files because its start is slow."""
    order = [50, 3, 99, 98, 0, 51]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for name in ("h264 open GOP mts", "mpeg4 B-frames avi", "h264 raw, B-frames", "ffv1 grey 10 bit"):
            video = open_video(clip(name))
            assert pool.apply(_numbers_elsewhere, (pickle.dumps(video), order)) == order, name
            assert pool.apply(_numbers_elsewhere, (pickle.dumps(video.luma()), order)) == order, name


accesses = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), st.integers(0, FRAMES - 1)),
        st.tuples(st.just("ahead"), st.integers(1, 9)),
        st.tuples(st.just("back"), st.integers(1, 9)),
        st.tuples(st.just("run"), st.integers(1, 30)),
        st.tuples(st.just("close"), st.just(0)),
    ),
    max_size=25,
)


@pytest.mark.parametrize(
    "name", ["h264 open GOP mts", "hevc", "mpeg4 B-frames avi", "vp9 alternate references"]
)
@given(walk=accesses)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_requests(name: str, clip, walk: list[tuple[str, int]]) -> None:
    video = open_video(clip(name))
    at = 0
    for step, amount in walk:
        if step == "close":
            video.close()
            continue
        steps = {
            "frame": [amount],
            "ahead": [at + amount],
            "back": [at - amount],
            "run": range(at, at + amount),
        }
        for number in steps[step]:
            at = number % FRAMES
            assert number_in(video[at]) == at


def test_edit_list_hides_the_frames_before_its_start(clip, tmp_path: Path) -> None:
    trimmed = remux(
        clip("h264 GOP 12"),
        tmp_path / "trimmed.mp4",
        shift=-5,
        avoid_negative_ts="disabled",
        use_editlist="1",
    )
    video = open_video(trimmed)
    assert len(video) == FRAMES - 5
    assert read_numbers(video, [94, 0, 50, 1]) == [99, 5, 55, 6]
    assert video.times[0] == 0.0


@pytest.mark.parametrize("name", ["h264 mts", "h264 open GOP mts", "mpeg2 ts"])
def test_recording_that_starts_in_the_middle(name: str, clip, tmp_path: Path) -> None:
    """Cameras cut transport streams like this: frame 0 is the first that can be displayed."""
    stream = clip(name).read_bytes()
    cut = tmp_path / "cut.mts"
    cut.write_bytes(stream[188 * (len(stream) // 188 // 3) :])
    video = open_video(cut)
    first = number_in(video[0])
    assert 5 < first < 60
    assert [number_in(frame) for frame in video] == list(range(first, FRAMES))
    backward = list(range(len(video)))[::-1]
    video.close()
    assert read_numbers(video, backward) == [first + number for number in backward]
    assert any("first that shows" in note for note in video.notes)


def test_joined_recordings_whose_times_start_again(clip, tmp_path: Path) -> None:
    recipe = RECIPES["h264 mts"]
    second = encode(tmp_path / "second.mts", recipe, frames=40, first=FRAMES)
    joined = tmp_path / "joined.mts"
    joined.write_bytes(clip("h264 mts").read_bytes() + second.read_bytes())
    video = open_video(joined)
    assert [number_in(frame) for frame in video] == list(range(FRAMES + 40))
    video.close()
    order = random.Random(0).sample(range(FRAMES + 40), 60)
    assert read_numbers(video, order) == order
    assert video.times[-1] == pytest.approx((FRAMES + 39) / 25)
    assert any("go back" in note for note in video.notes)


def test_a_cache_smaller_than_a_gop_gives_the_correct_frames(clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_ubam.video.decoder.CACHE_BYTES", 5 * 96 * 128 * 2)
    video = open_video(clip("h264 one keyframe, B-frames"))
    backward = list(range(60, 30, -1))
    assert read_numbers(video, backward) == backward


def _read_in_child(video: VideoArray, order: list[int], answers) -> None:
    answers.put(read_numbers(video, order))


def _fork_and_read(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    video = open_video(path)
    assert number_in(video[20]) == 20
    answers = context.Queue()
    orders = [random.Random(seed).sample(range(FRAMES), FRAMES) for seed in range(3)]
    children = [context.Process(target=_read_in_child, args=(video, order, answers)) for order in orders]
    for child in children:
        child.start()
    parents = orders[0][::-1]
    assert read_numbers(video, parents) == parents
    read = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    assert sorted(read) == sorted(orders)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no forks on this system")
def test_forked_processes_do_not_disturb_each_other(clip) -> None:
    """Data loaders fork on Linux: the children inherit an open file and would share its position.

    In a process of its own, since forking the threads of other tests is a trap by itself.
    """
    process = multiprocessing.get_context("spawn").Process(
        target=_fork_and_read, args=(clip("h264 open GOP mts"),)
    )
    process.start()
    process.join(120)
    alive = process.is_alive()
    process.kill()
    assert not alive
    assert process.exitcode == 0


@pytest.mark.parametrize(("suffix", "container"), [(".mts", "mpegts"), (".mkv", "matroska"), (".mp4", "mp4")])
@pytest.mark.parametrize(
    "in_fields",
    [lambda number: True, lambda number: number >= 40, lambda number: number % 16 == 9],
    ids=["all", "from 40 on", "rarely"],
)
def test_frames_stored_as_two_fields(suffix: str, container: str, in_fields, tmp_path: Path) -> None:
    """Interlaced cameras store some frames as two packets. Each pair is one frame, from any start."""
    frames = 99
    video = open_video(encode_fields(tmp_path / f"fields{suffix}", container, in_fields, frames), warn=False)
    assert [number_in(frame) for frame in video] == list(range(len(video)))
    # The last packet of MP4 has no length, and FFmpeg leaves its frame out.
    assert frames - 1 <= len(video) <= frames
    video.close()
    order = random.Random(0).sample(range(len(video)), 40)
    assert read_numbers(video, order) == order


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="only Linux has such priorities")
def test_encoding_av1_leaves_the_priority_of_the_process(tmp_path: Path) -> None:
    encode(tmp_path / "av1.mkv", RECIPES["av1 mkv"], frames=4)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
