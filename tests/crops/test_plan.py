"""Choice of chunks if not all of them fit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.crops.plan import Content, allocate

CHUNK_BYTES = 1000


def content(chunks: int, seconds: float = 2.0) -> Content:
    return Content(np.arange(chunks), seconds, CHUNK_BYTES)


def runs(chunks: np.ndarray) -> list[np.ndarray]:
    return np.split(chunks, np.flatnonzero(np.diff(chunks) > 1) + 1)


def test_all_chunks_are_kept_if_they_fit() -> None:
    contents = [content(10), content(300)]
    for one, chosen in zip(contents, allocate(contents, 310 * CHUNK_BYTES), strict=True):
        np.testing.assert_array_equal(chosen, one.chunks)


def test_recordings_get_the_same_seconds_and_short_ones_are_complete() -> None:
    contents = [content(10), content(300), content(600, seconds=1.0)]
    short, long, fast = allocate(contents, 310 * CHUNK_BYTES)
    assert len(short) == 10
    assert len(long) == 100  # 200 s each: 100 chunks of 2 s, 200 of 1 s
    assert len(fast) == 200


def test_a_sample_is_spread_evenly_in_runs_of_about_twenty_seconds() -> None:
    (chosen,) = allocate([content(1800)], 100 * CHUNK_BYTES)
    assert len(chosen) == 100
    parts = runs(chosen)
    assert [len(part) for part in parts] == [10] * 10
    starts = np.array([part[0] for part in parts])
    assert (np.diff(starts) == 180).all()
    assert starts[0] == 1800 - (parts[-1][-1] + 1)


def test_each_recording_gets_at_least_one_chunk() -> None:
    assert [len(chosen) for chosen in allocate([content(50), content(60)], 0)] == [1, 1]


@given(
    st.lists(st.tuples(st.integers(1, 400), st.floats(0.05, 10)), min_size=1, max_size=8),
    st.integers(0, 2_000_000),
)
def test_the_budget_is_respected_and_nearly_used_up(sizes: list[tuple[int, float]], budget: int) -> None:
    contents = [content(*size) for size in sizes]
    chosen = allocate(contents, budget)
    for one, chunks in zip(contents, chosen, strict=True):
        assert len(chunks) >= 1
        assert (np.diff(chunks) > 0).all()
        assert np.isin(chunks, one.chunks).all()
    used = sum(map(len, chosen)) * CHUNK_BYTES
    assert used <= max(budget, 0) + len(contents) * CHUNK_BYTES
    whole = sum(len(one.chunks) for one in contents) * CHUNK_BYTES
    assert used >= min(budget, whole) - 2 * len(contents) * CHUNK_BYTES
