"""Which frames are compared: the same for every range, evenly spaced, from the cache or the video."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from magnified_part import ONE
from napari_ubam.crops import CropCache
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.magnification.own_frames import BLOCK, COUNT, chosen_rows, part_of, read_crops
from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import read_recording
from napari_ubam.video import open_video


@given(start=st.integers(0, 500), length=st.integers(1, 20_000), data=st.data())
def test_the_parts_of_a_recording_cover_it_once(start: int, length: int, data: st.DataObject) -> None:
    frames = range(start, start + length)
    number = data.draw(st.sampled_from([frames[0], frames[-1], frames[length // 2], frames[length // 3]]))
    part = part_of(number, frames)
    assert number in part
    assert part_of(part[0], frames) == part_of(part[-1], frames) == part
    assert len(part) <= 1.5 * BLOCK
    assert len(part) >= min(length, 0.6 * BLOCK)
    assert part.stop == frames.stop or part_of(part.stop, frames).start == part.stop


@given(gap=st.integers(0, 900), length=st.integers(1, 3000))
def test_frames_are_evenly_spaced_among_those_with_a_code(gap: int, length: int) -> None:
    known = (
        np.concatenate([np.arange(gap), np.arange(gap + 50, length + 50)])
        if gap < length
        else np.arange(length)
    )
    rows = chosen_rows(known, range(0, 2000))
    inside = int((known < 2000).sum())
    assert len(rows) == min(inside, COUNT)
    assert len(set(rows.tolist())) == len(rows)
    assert (known[rows] < 2000).all()
    steps = np.diff(rows)
    assert len(steps) == 0 or steps.max() - steps.min() <= 1


def test_crops_are_the_same_from_the_cache_and_from_the_video(own_run: Run) -> None:
    encoder, recording = ModelEncoder.load(own_run.folder), read_recording(own_run.folder, ONE)
    numbers = np.array([3, 10, 11, 70])
    with open_video(recording.video) as video:
        CropCache(own_run.folder / "crops.zarr", encoder.spec).fill([recording])
        cached, there = read_crops(own_run.folder, recording, encoder.spec, numbers, video)
        decoded, valid = read_crops(own_run.folder / "nowhere", recording, encoder.spec, numbers, video)
    np.testing.assert_array_equal(cached, decoded)
    assert there.all()
    assert valid.all()
