"""What is kept from training: whole subjects, or the last fifth of the time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.training.checks.holdout import EarlyCrops, boundary, held_out
from toy_study import TurningBars


@pytest.mark.parametrize(("subjects", "count"), [(1, 0), (4, 0), (5, 1), (9, 1), (19, 1), (20, 2), (57, 5)])
def test_one_in_ten_from_five_subjects_on(subjects: int, count: int) -> None:
    names = [f"s{number}" for number in range(subjects)]
    chosen = held_out(names * 3, seed=0)
    assert len(chosen) == count
    assert chosen <= set(names)
    assert chosen == held_out(reversed(names), seed=0)


def test_every_subject_can_be_chosen() -> None:
    names = [f"s{number}" for number in range(6)]
    assert set().union(*(held_out(names, seed) for seed in range(60))) == set(names)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)), min_size=1, max_size=6))
def test_a_fifth_of_the_frames_with_a_crop_is_late(parts: list[tuple[int, int]]) -> None:
    runs, at = [], 3
    for length, gap in parts:
        runs.append((at, at + length))
        at += length + gap + 1
    end = boundary(runs)
    frames = np.concatenate([np.arange(*run) for run in runs])
    assert abs((frames >= end).sum() - 0.2 * len(frames)) <= 0.5


def test_training_reads_only_what_is_early() -> None:
    crops = TurningBars(0, frames=90)
    early = EarlyCrops(crops)
    assert crops.runs == ((0, 45), (50, 90))
    assert early.runs == [(0, 45), (50, boundary(crops.runs))]
    assert sum(stop - start for start, stop in early.runs) == 68
    assert early.fps == crops.fps
    np.testing.assert_array_equal(early.read(50, 60), crops.read(50, 60))


class Pieces(TurningBars):
    """Crops with two short runs at the end."""

    runs = ((0, 30), (40, 42), (50, 53))


def test_short_runs_at_the_end_are_left_out_as_a_whole() -> None:
    assert EarlyCrops(Pieces(0)).runs == [(0, 28)]
