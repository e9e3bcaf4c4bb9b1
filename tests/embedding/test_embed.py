"""Embedding a study: right codes, once, in bounded memory, whatever fails or stops it."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.crops import CropCache, CropSpec, iter_crops
from napari_ubam.embedding import EmbeddingError, EmbeddingStore, Encoder, embed
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.study import Recording, Roi, Study, Track
from napari_ubam.video import VideoError
from numbered_videos import FRAMES, packets_of
from plain_encoder import REACH, PlainEncoder, PlainSource, fields


def recording(path: Path, **changes: object) -> Recording:
    return Recording(**{"video": path, "subject": "a", "group": "g", "session": "0", **changes})


def damaged(source: Path, target: Path) -> Path:
    """Make frame 30 of a motion JPEG file undecodable."""
    content = bytearray(source.read_bytes())
    offset, size, _ = list(packets_of(source))[30]
    content[offset + 4 : offset + size] = bytes(size - 4)
    target.write_bytes(content)
    return target


@pytest.fixture
def store(tmp_path: Path) -> EmbeddingStore:
    return EmbeddingStore(tmp_path / "embeddings.zarr")


@pytest.fixture
def study(clip) -> Study:
    track = Track(frames=[*range(5, 40), *range(70, 95)], boxes=[[20, 10, 50, 60]] * 60)
    return Study(
        [
            recording(clip("h264 GOP 12"), name="whole"),
            recording(clip("hevc"), name="part", roi=Roi(x=8, y=8, width=90, height=40), start=7, stop=81),
            recording(clip("mpeg4 avi"), name="tracked", track=track, subject="b", group="h", session="3"),
        ]
    )


def test_the_plain_encoder_is_an_encoder() -> None:
    assert isinstance(PlainEncoder(), Encoder)
    assert not isinstance(PlainSource(), Encoder)


@pytest.mark.parametrize("cached", [False, True])
def test_codes_are_those_of_the_crops(
    cached: bool, study: Study, store: EmbeddingStore, tmp_path: Path
) -> None:
    cache = CropCache(tmp_path / "crops.zarr", CropSpec(32, 32))
    if cached:
        cache.fill(study)
    report = embed(study, PlainEncoder(), store, cache=cache, batch=50)
    assert (report.done, report.skipped, report.failed) == (study.names, (), ())
    assert report.messages == ("tracked: 40 frames without codes: no crop, or no readable picture.",)
    for one in study:
        found = store.read(one.name)
        numbers, crops, valid = (
            np.concatenate(parts) for parts in zip(*iter_crops(one, CropSpec(32, 32)), strict=True)
        )
        np.testing.assert_array_equal(found.frames, numbers)
        np.testing.assert_array_equal(found.valid, valid)
        np.testing.assert_array_equal(found.posture[valid], fields(crops[valid]))
        assert np.isnan(found.posture[~valid]).all()
        assert found.posture.dtype == found.behaviour.dtype == np.float32
    whole, tracked = store.read("whole"), store.read("tracked")
    np.testing.assert_allclose(whole.times, np.arange(FRAMES) / 25)
    np.testing.assert_allclose(whole.behaviour[50], whole.posture[48:53].mean(axis=0), rtol=1e-6)
    inside = [*range(5 + REACH, 40 - REACH), *range(70 + REACH, 95 - REACH)]
    assert np.flatnonzero(tracked.behaviour_valid).tolist() == inside
    assert (tracked.subject, tracked.group, tracked.session, tracked.fps) == ("b", "h", "3", 25)


def test_complete_crops_are_read_instead_of_the_video(
    clip, store: EmbeddingStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, cache = (
        recording(clip("h264 GOP 12"), name="one"),
        CropCache(tmp_path / "crops.zarr", CropSpec(32, 32)),
    )
    cache.fill([one])

    def refuse(*arguments: object) -> None:
        raise VideoError("The video is not needed.")

    monkeypatch.setattr("napari_ubam.video.video_file.VideoFile.read_luma", refuse)
    assert embed([one], PlainEncoder(), store, cache=cache).done == ("one",)
    report = embed([one], PlainEncoder(size=40), store, cache=cache)  # crops of another size are of no use
    assert report.failed == (("one", "The video is not needed."),)


def test_what_is_done_is_skipped_until_something_changes(study: Study, store: EmbeddingStore) -> None:
    embed(study, PlainSource(), store)
    assert embed(study, PlainSource(), store).skipped == study.names
    other = PlainSource(version="2")
    assert embed(study.select("name=part"), other, store).done == ("part",)
    assert embed(study, other, store).skipped == ("part",)


def test_what_is_left_out_has_no_codes_and_splits_windows(
    clip, store: EmbeddingStore, tmp_path: Path
) -> None:
    video, other = clip("h264 GOP 12"), recording(clip("mpeg4 avi"), name="other")
    embed([recording(video, name="one"), other], PlainEncoder(), store)
    before = store.read("one")
    cut = recording(video, name="one", intervals="Exclude:1-2;light:0-4")  # 25 frames per second
    cache = CropCache(tmp_path / "crops.zarr", CropSpec(32, 32))
    cache.fill([cut])
    assert cache.open(cut).runs == ((0, 25), (50, FRAMES))
    for kept in (None, cache):
        report = embed([cut, other], PlainEncoder(), store, cache=kept)
        assert (report.done, report.skipped, report.messages) == (("one",), ("other",), ())
        found = store.read("one")
        assert np.flatnonzero(~found.valid).tolist() == [*range(25, 50)]
        np.testing.assert_array_equal(found.posture[50:], before.posture[50:])
        lost = np.flatnonzero(before.behaviour_valid & ~found.behaviour_valid)
        assert lost.tolist() == [*range(25 - REACH, 50 + REACH)]
        other_label = recording(video, name="one", intervals="light:1-2")
        assert embed([other_label], PlainEncoder(), store).done == ("one",)  # nothing is left out any more
    everything = recording(video, name="one", intervals="exclude:0-9")
    assert embed([everything], PlainEncoder(), store).failed[0][1].startswith("one: no frame can be cropped")


def test_one_that_fails_does_not_stop_the_others(clip, store: EmbeddingStore, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    all_gap = Track(frames=[5000], boxes=[[0, 0, 9, 9]])
    recordings = [
        recording(tmp_path / "bad.mp4"),
        recording(clip("h264 GOP 12"), name="gap", track=all_gap),
        recording(damaged(clip("mjpeg avi"), tmp_path / "broken.avi")),
    ]
    events: list[Progress] = []
    report = embed(recordings, PlainEncoder(), store, progress=events.append)
    assert report.done == ("broken",)
    assert [name for name, _ in report.failed] == ["bad", "gap"]
    assert dict(report.failed)["gap"] == (
        "gap: no frame can be cropped; check the video, the track and the intervals with the label exclude."
    )
    found = store.read("broken")
    assert np.flatnonzero(~found.valid).tolist() == [30]
    assert np.flatnonzero(~found.behaviour_valid[2:-2]).tolist() == [26, 27, 28, 29, 30]
    assert (events[-1].step, events[-1].of) == (200, 200)
    assert store.names == ("broken",)


def test_a_failing_model_is_told_for_each_recording(study: Study, store: EmbeddingStore) -> None:
    class Failing(PlainEncoder):
        def posture(self, crops: np.ndarray) -> np.ndarray:
            return np.full((len(crops), 4), np.nan, np.float32)

    report = embed(study, Failing(), store)
    assert [name for name, _ in report.failed] == list(study.names)
    assert (
        report.failed[0][1]
        == "whole: the model gives codes that are not finite numbers; train the model again."
    )
    assert not list(store.folder.parent.glob("*.partial"))


def test_batches_grow_to_the_limit_and_shrink_with_the_memory(clip, store: EmbeddingStore) -> None:
    one = recording(clip("h264 GOP 12"), name="one")
    fast = PlainEncoder()
    embed([one], fast, store, batch=64)
    assert max(fast.batches) <= 64
    small = PlainEncoder(version="2", largest=5)
    assert embed([one], small, store).done == ("one",)
    assert max(small.batches) <= 5
    assert sum(small.batches) == FRAMES


def test_a_slow_model_gets_small_batches(clip, store: EmbeddingStore) -> None:
    class Slow(PlainEncoder):
        def posture(self, crops: np.ndarray) -> np.ndarray:
            time.sleep(0.03 * len(crops))
            return super().posture(crops)

    slow = Slow()
    embed([recording(clip("h264 GOP 12"), stop=60)], slow, store)
    assert max(slow.batches) <= 16


def test_cancel_is_quick_and_keeps_what_is_done(study: Study, store: EmbeddingStore) -> None:
    cancel = threading.Event()

    def watch(event: Progress) -> None:
        if event.detail == "part" and event.step > FRAMES:
            cancel.set()
            cancelled.append(time.monotonic())

    cancelled: list[float] = []
    with pytest.raises(Cancelled):
        embed(study, PlainEncoder(seconds=0.05), store, batch=8, progress=watch, cancel=cancel)
    assert time.monotonic() - cancelled[0] < 2
    assert store.names == ("whole",)
    assert not list(store.folder.parent.glob("*.partial"))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("napari-ubam")]
    assert embed(study, PlainEncoder(), store).done == ("part", "tracked")


def test_decoding_and_encoding_overlap(clip, store: EmbeddingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_ubam.video.video_file import VideoFile

    read = VideoFile.read_luma

    def slow(self: VideoFile, frame: int, keep: bool = True) -> np.ndarray:
        time.sleep(0.015)
        return read(self, frame, keep)

    monkeypatch.setattr(VideoFile, "read_luma", slow)
    begin = time.monotonic()
    embed([recording(clip("h264 GOP 12"))], PlainEncoder(seconds=0.22), store, batch=16)
    assert time.monotonic() - begin < 2.7  # one after the other they take 3 s, each alone 1.5 s


def test_progress_tells_frames_and_the_time_left(study: Study, store: EmbeddingStore) -> None:
    events: list[Progress] = []
    embed(study, PlainEncoder(), store, progress=events.append)
    opening = [event for event in events if event.stage == "videos"]
    counting = [event for event in events if event.stage == "embed" and event.of and not event.message]
    assert {event.stage for event in events} == {"videos", "embed"}
    assert [(event.step, event.of) for event in opening] == [(number, 3) for number in range(3)]
    assert {event.of for event in counting} == {FRAMES + 74 + FRAMES}
    steps = [event.step for event in counting]
    assert len(steps) > 3
    assert steps == sorted(steps)
    assert steps[-1] == counting[-1].of
    assert counting[-1].eta == 0
    assert all(later.step - one.step <= 256 for one, later in itertools.pairwise(counting))


def test_without_distributed_the_extra_is_named(
    study: Study, store: EmbeddingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EmbeddingError, match=r"install napari-ubam\[cluster\]"):
        embed(study, PlainSource(), store, scheduler="tcp://127.0.0.1:8786")
