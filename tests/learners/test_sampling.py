"""Batches depend on seed and step alone, and their runs never reach over a gap."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ubam.learners.sampling import Sampler


@dataclass
class Numbered:
    """Crops that show which recording and frame they are."""

    number: int
    runs: list[tuple[int, int]]
    fps: float = 30.0
    sample_at: list[tuple[int, int]] = field(default_factory=list)

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Write the numbers into the pixels."""
        assert any(first <= start < stop <= last for first, last in self.runs), "reads across a gap"
        self.sample_at.append((start, stop))
        crops = np.zeros((stop - start, 2, 2), np.uint8)
        crops[:, 0, 0] = self.number
        crops[:, 0, 1] = np.arange(start, stop) % 256
        return crops


STUDY = [
    Numbered(0, [(0, 100)]),
    Numbered(1, [(7, 9), (20, 90), (500, 501)], fps=60.0),
    Numbered(2, [(3, 4)]),
    Numbered(3, [(0, 6), (10, 40)], fps=5.0),
]


@given(step=st.integers(0, 10**6), count=st.integers(2, 7), seed=st.integers(0, 2**40))
def test_crops_are_those_of_the_frames_and_runs_stay_inside(step: int, count: int, seed: int) -> None:
    sampler = Sampler(STUDY, runs=3, length=4, step_ms=50.0, seed=seed)
    sample = sampler.draw(step, count)
    assert sample.crops.shape == (count, 12, 2, 2)
    assert sample.frames.shape == sample.times.shape == (count, 12)
    np.testing.assert_array_equal(sample.crops[:, :, 0, 0], np.repeat(sample.recordings[:, None], 12, 1))
    np.testing.assert_array_equal(sample.crops[:, :, 0, 1], sample.frames % 256)
    for number, frames, times in zip(sample.recordings, sample.frames, sample.times, strict=True):
        np.testing.assert_allclose(times, frames / STUDY[number].fps)
        for run in frames.reshape(3, 4):
            assert any(first <= run[0] <= run[-1] < last for first, last in STUDY[number].runs)
            assert (np.diff(run) >= 0).all()
            assert (np.diff(run) <= sampler.hops[number]).all()
    assert len(set(sample.recordings)) == min(count, len(STUDY))


def test_the_same_step_is_the_same_batch_and_others_are_not() -> None:
    def frames(step: int, seed: int = 3) -> bytes:
        return Sampler(STUDY, 3, 4, 50.0, seed).draw(step, 4).frames.tobytes()

    one = Sampler(STUDY, 3, 4, 50.0, 3)
    one.draw(8, 3)  # what was drawn before does not matter
    assert one.draw(5, 4).frames.tobytes() == frames(5)
    assert len({frames(5), frames(6), frames(5, seed=4)}) == 3


def test_frames_of_a_run_lie_the_wanted_time_apart() -> None:
    study = [Numbered(0, [(0, 1000)], fps=120.0), Numbered(1, [(0, 1000)], fps=5.0)]
    sampler = Sampler(study, 2, 5, 33.0, 0)
    assert sampler.hops == [4, 1]
    sample = sampler.draw(0, 2)
    for number, frames in zip(sample.recordings, sample.frames, strict=True):
        assert (np.diff(frames.reshape(2, 5)) == sampler.hops[number]).all()


def test_long_runs_are_drawn_more_often_and_all_frames_are() -> None:
    study = [Numbered(0, [(0, 10), (20, 50)])]
    drawn = np.concatenate(
        [Sampler(study, 4, 1, 33.0, 0).draw(step, 2).frames.ravel() for step in range(300)]
    )
    assert set(drawn) == {*range(10), *range(20, 50)}
    assert np.mean(drawn < 10) == pytest.approx(0.25, abs=0.04)


def test_one_recording_fills_a_batch() -> None:
    sample = Sampler(STUDY[:1], 2, 3, 33.0, 0).draw(0, 6)
    assert sample.recordings.tolist() == [0] * 6
    assert len({frames.tobytes() for frames in sample.frames}) > 1
