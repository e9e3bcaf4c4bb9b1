"""The crop cache: equal to direct crops, resumable, and never of another video or region."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.crops import CropCache, CropError, CropSpec, iter_crops
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.study import Recording, Roi, Study, Track
from napari_ubam.video import write_video
from numbered_videos import FRAMES, packets_of, picture

SPEC = CropSpec(32, 32)
CHUNK = 64 * SPEC.nbytes


def recording(path: Path, **changes: object) -> Recording:
    return Recording(**{"video": path, "subject": "a", "group": "g", "session": "0", **changes})


def direct(one: Recording, spec: CropSpec = SPEC) -> tuple[np.ndarray, np.ndarray]:
    _, crops, valid = zip(*iter_crops(one, spec), strict=True)
    return np.concatenate(crops), np.concatenate(valid)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Video of 1000 frames at 10 frames per second, 16 chunks."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    options = {"preset": "ultrafast", "g": "50"}
    return write_video(path, (picture(number, 48, 96) for number in range(1000)), fps=10, options=options)


@pytest.mark.parametrize("colour", [False, True])
def test_cached_and_direct_crops_are_equal(colour: bool, clip, tmp_path: Path) -> None:
    spec = CropSpec(32, 32, colour)
    track = Track(frames=[*range(5, 40), *range(70, 95)], boxes=[[20, 10, 50, 60]] * 60)
    study = Study(
        [
            recording(clip("h264 GOP 12"), name="whole"),
            recording(clip("hevc"), name="part", roi=Roi(x=8, y=8, width=90, height=40), start=7, stop=81),
            recording(clip("mpeg4 avi"), name="tracked", track=track),
        ]
    )
    cache = CropCache(tmp_path / "crops.zarr", spec)
    report = cache.fill(study)
    assert report.done == study.names
    assert (report.failed, report.messages, report.sampled) == ((), (), False)
    for one in study:
        held, (crops, valid) = cache.open(one), direct(one, spec)
        assert held.complete
        np.testing.assert_array_equal(held.valid, valid)
        np.testing.assert_array_equal(held.read(held.frames.start, held.frames.stop), crops)
        np.testing.assert_array_equal(np.concatenate([block[1] for block in held.blocks()]), crops)
        assert cache.matches(one)
    assert cache.open(study["tracked"]).runs == ((5, 40), (70, 95))
    assert cache.open(study["part"]).runs == ((7, 81),)


@given(ends=st.lists(st.integers(3, FRAMES), min_size=2, max_size=2).map(sorted))
def test_any_range_can_be_read(ends: list[int], filled: tuple[CropCache, Recording]) -> None:
    cache, one = filled
    held = cache.open(one)
    start, stop = ends
    np.testing.assert_array_equal(held.read(start, stop), direct_once(one)[start - 3 : stop - 3])


@pytest.fixture(scope="module")
def filled(clip, tmp_path_factory: pytest.TempPathFactory) -> tuple[CropCache, Recording]:
    one = recording(clip("h264 GOP 12"), start=3)
    cache = CropCache(tmp_path_factory.mktemp("filled") / "crops.zarr", SPEC)
    cache.fill([one])
    return cache, one


_direct: dict[str, np.ndarray] = {}


def direct_once(one: Recording) -> np.ndarray:
    if one.name not in _direct:
        _direct[one.name] = direct(one)[0]
    return _direct[one.name]


def test_zarr_can_read_the_array(filled: tuple[CropCache, Recording]) -> None:
    cache, one = filled
    array = zarr.open_group(str(cache.folder), mode="r")[f"{one.name}/crops"]
    np.testing.assert_array_equal(array[:], direct_once(one))


def test_times_and_rate(filled: tuple[CropCache, Recording]) -> None:
    cache, one = filled
    held = cache.open(one)
    assert held.fps == 25
    np.testing.assert_allclose(held.times, np.arange(3, FRAMES) / 25)
    faster = cache.open(one.model_copy(update={"fps": 500.0}))
    np.testing.assert_allclose(faster.times, np.arange(3, FRAMES) / 500)


def test_reading_outside_the_recording_is_refused(filled: tuple[CropCache, Recording]) -> None:
    cache, one = filled
    held = cache.open(one)
    for start, stop in ((0, 5), (90, FRAMES + 1), (20, 10)):
        with pytest.raises(CropError, match="does not have all crops"):
            held.read(start, stop)


def test_it_can_be_pickled(filled: tuple[CropCache, Recording]) -> None:
    cache, one = filled
    held = pickle.loads(pickle.dumps(cache)).open(one)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(held)).read(3, 9), held.read(3, 9))


def test_a_black_video_reads_as_black(tmp_path: Path) -> None:
    one = recording(
        write_video(
            tmp_path / "black.mkv", np.zeros((70, 32, 32), np.uint8), codec="ffv1", pixel_format="gray"
        )
    )
    cache = CropCache(tmp_path / "crops.zarr", SPEC)
    assert cache.fill([one]).done == ("black",)
    assert not cache.open(one).read(0, 70).any()
    assert cache.open(one).valid.all()


def test_nothing_is_decoded_twice(filled: tuple[CropCache, Recording]) -> None:
    cache, one = filled
    before = sorted((path, path.stat().st_mtime_ns) for path in cache.folder.rglob("c/*/0/0"))
    assert len(before) == 2
    events: list[Progress] = []
    assert cache.fill([one], progress=events.append).done == (one.name,)
    assert sorted((path, path.stat().st_mtime_ns) for path in cache.folder.rglob("c/*/0/0")) == before
    assert (events[-1].step, events[-1].of) == (2, 2)


def test_missing_and_outdated_crops_are_refused(clip, tmp_path: Path) -> None:
    one = recording(clip("h264 GOP 12"), name="one")
    cache = CropCache(tmp_path / "crops.zarr", SPEC)
    assert not cache.matches(one)
    with pytest.raises(CropError, match="has no crops of it"):
        cache.open(one)
    cache.fill([one])
    with pytest.raises(CropError, match="another region"):
        cache.open(one.model_copy(update={"roi": Roi(x=0, y=0, width=9, height=9)}))
    with pytest.raises(CropError, match="another size"):
        CropCache(cache.folder, CropSpec(40, 40)).open(one)
    assert not CropCache(cache.folder, CropSpec(32, 32, colour=True)).matches(one)


def test_crops_of_a_changed_video_or_region_are_computed_again(clip, tmp_path: Path) -> None:
    path = tmp_path / "one.mp4"
    shutil.copy(clip("h264 GOP 12"), path)
    one, cache = recording(path), CropCache(tmp_path / "crops.zarr", SPEC)
    cache.fill([one])
    shutil.copy(clip("h264 fragmented"), path)
    assert not cache.matches(one)
    events: list[Progress] = []
    (message,) = cache.fill([one], progress=events.append).messages
    assert message == "one: the cache has crops of another video file, so they are computed again."
    assert message in [event.message for event in events]
    assert cache.matches(one)
    cropped = one.model_copy(update={"roi": Roi(x=30, y=20, width=50, height=50)})
    assert "another region" in cache.fill([cropped]).messages[0]
    np.testing.assert_array_equal(cache.open(cropped).read(0, FRAMES), direct(cropped)[0])


def test_over_the_budget_an_evenly_spaced_sample_is_cached(long: Path, tmp_path: Path) -> None:
    study = Study(
        [
            recording(long, name="long"),
            recording(long, name="short", stop=100, roi=Roi(x=0, y=0, width=40, height=40)),
        ]
    )
    cache = CropCache(tmp_path / "crops.zarr", SPEC)
    report = cache.fill(study, budget_bytes=8 * CHUNK)
    assert report.sampled
    assert report.nbytes <= 8 * CHUNK
    assert report.messages == (
        "The crops of all recordings need 1.2 MB, but the limit is 0.5 MB, so at most 38 s of each recording "
        "are kept.",
    )
    held = cache.open(study["long"])
    assert not held.complete
    assert cache.open(study["short"]).complete
    assert len(held.runs) == 2  # of three chunks, 19.2 s
    crops, _ = direct(study["long"])
    for start, stop in held.runs:
        np.testing.assert_array_equal(held.read(start, stop), crops[start:stop])
    with pytest.raises(CropError, match="read only frames in its runs"):
        held.read(0, 1000)
    assert cache.fill(study, budget_bytes=10**9).sampled is False
    np.testing.assert_array_equal(cache.open(study["long"]).read(0, 1000), crops)
    cache.fill(study, budget_bytes=8 * CHUNK)
    assert sum(path.stat().st_size for path in cache.folder.rglob("c/*/0/0")) <= 8 * CHUNK


def test_one_bad_video_does_not_stop_the_others(clip, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    study = [
        recording(tmp_path / "bad.mp4"),
        recording(tmp_path / "gone.mp4"),
        recording(clip("h264 GOP 12"), name="empty", start=500),
        recording(clip("h264 GOP 12"), name="good"),
    ]
    report = CropCache(tmp_path / "crops.zarr", SPEC).fill(study)
    assert report.done == ("good",)
    assert [name for name, _ in report.failed] == ["bad", "gone", "empty"]
    assert "no such file" in dict(report.failed)["gone"]


def test_damaged_frames_are_omitted_with_a_message(clip, tmp_path: Path) -> None:
    source = clip("mjpeg avi")
    content = bytearray(source.read_bytes())
    offset, size, _ = list(packets_of(source))[30]
    content[offset + 4 : offset + size] = bytes(size - 4)
    (tmp_path / "broken.avi").write_bytes(content)
    one, cache = recording(tmp_path / "broken.avi"), CropCache(tmp_path / "crops.zarr", SPEC)
    assert cache.fill([one]).messages == ("broken: 1 frame cannot be decoded and is omitted.",)
    assert cache.open(one).runs == ((0, 30), (31, FRAMES))
    assert cache.open(one).complete


def test_cancel_keeps_finished_crops(long: Path, tmp_path: Path) -> None:
    one, cache, cancel = recording(long), CropCache(tmp_path / "crops.zarr", SPEC), threading.Event()
    cache.fill([one], budget_bytes=4 * CHUNK)

    def stop(event: Progress) -> None:
        if event.of == 16:
            cancel.set()

    begin = time.monotonic()
    with pytest.raises(Cancelled):
        cache.fill([one], progress=stop, cancel=cancel)
    assert time.monotonic() - begin < 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("napari-ubam")]
    held = cache.open(one)
    assert 4 * 64 <= held.held.sum() < 1000
    cache.fill([one])
    np.testing.assert_array_equal(cache.open(one).read(0, 1000), direct(one)[0])


KILLED = """
import sys
from napari_ubam.crops import CropCache, CropSpec
from napari_ubam.study import Recording
one = Recording(video=sys.argv[1], subject="a", group="g", session="0")
CropCache(sys.argv[2], CropSpec(32, 32)).fill([one], progress=lambda event: print(event.step, flush=True))
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_only_complete_chunks(tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "g": "50"}
    texture = np.random.default_rng(0).integers(0, 256, (480, 640), dtype=np.uint8)
    frames = (np.roll(texture, 3 * number, axis=1) for number in range(1000))
    one = recording(write_video(tmp_path / "one.mp4", frames, fps=10, options=options))
    crops, _ = direct(one)
    cache = CropCache(tmp_path / "crops.zarr", SPEC)
    compared = 0
    for steps in (3, 5):
        command = [sys.executable, "-c", KILLED, str(one.video), str(cache.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(steps + 1):
                child.stdout.readline()
            child.kill()
        try:
            held = cache.open(one)
        except CropError:
            continue  # killed before the first half second was noted
        compared += len(held.runs)
        for start, stop in held.runs:
            np.testing.assert_array_equal(held.read(start, stop), crops[start:stop])
    assert compared
    cache.fill([one])
    np.testing.assert_array_equal(cache.open(one).read(0, 1000), crops)
