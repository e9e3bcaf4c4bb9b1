"""The dask array: the same results as dask, and fast single frames."""

from __future__ import annotations

import pickle
import statistics
import time

import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.video import LazyVideo, open_video
from numbered_videos import FRAMES, number_in

DATA = np.random.default_rng(1).integers(0, 255, (30, 6, 8, 3), dtype=np.uint8)


@pytest.fixture
def video(clip):
    return open_video(clip("h264 GOP 12"))


def test_is_a_dask_array(video) -> None:
    lazy = video.to_dask(chunk=16)
    assert isinstance(lazy, da.Array)
    assert (lazy.shape, lazy.dtype) == (video.shape, video.dtype)
    assert lazy.chunks[0] == (16,) * 6 + (4,)
    np.testing.assert_array_equal(lazy.compute(), video[:])


def test_reductions_and_rechunking_are_those_of_dask(video) -> None:
    lazy, data = video.to_dask(chunk=16), video[:]
    np.testing.assert_allclose(lazy.mean(0).compute(), data.mean(0))
    np.testing.assert_array_equal(lazy.rechunk((50, 48, 64, 3)).max((1, 2)).compute(), data.max((1, 2)))
    np.testing.assert_array_equal((lazy[10:20] + 1).compute(), data[10:20] + 1)
    np.testing.assert_array_equal(lazy[lazy.shape[0] // 2].sum().compute(), data[FRAMES // 2].sum())
    np.testing.assert_array_equal(lazy[:, 10:20, ::2, 0].compute(), data[:, 10:20, ::2, 0])
    np.testing.assert_array_equal(lazy[[5, 3, 3]].compute(), data[[5, 3, 3]])
    np.testing.assert_array_equal(da.stack([lazy[3], lazy[9]]).compute(), data[[3, 9]])


@given(
    start=st.integers(-35, 35),
    stop=st.integers(-35, 35),
    step=st.integers(-7, 7).filter(bool),
    again=st.integers(-5, 5),
    chunk=st.integers(1, 40),
)
def test_slices_of_slices(start: int, stop: int, step: int, again: int, chunk: int) -> None:
    lazy = open_video(DATA, fps=10).to_dask(chunk)[start:stop:step]
    expected = DATA[start:stop:step]
    np.testing.assert_array_equal(lazy.compute(), expected)
    np.testing.assert_array_equal(lazy[again:].compute(), expected[again:])
    if -len(expected) <= again < len(expected):
        np.testing.assert_array_equal(np.asarray(lazy[again]), expected[again])
        np.testing.assert_array_equal(lazy[again].compute(), expected[again])


def test_single_frames_are_read_directly(video, monkeypatch: pytest.MonkeyPatch) -> None:
    """No scheduler, no chunk: only the requested frame is read."""
    read: list[int] = []
    frame = type(video).frame
    monkeypatch.setattr(type(video), "frame", lambda self, number: read.append(number) or frame(self, number))
    with dask.config.set(scheduler=lambda *_, **__: pytest.fail("the scheduler was asked")):
        lazy = video.to_dask()
        assert number_in(np.asarray(lazy[70])) == 70
        assert number_in(np.asarray(lazy[10:90:2][-1])) == 88
        assert number_in(np.asarray(lazy[np.int64(5)])) == 5
        assert number_in(np.asarray(lazy[33:34])[0]) == 33  # as napari slices for its projections
    assert read == [70, 88, 5, 33]


def test_assignment_is_that_of_dask(video) -> None:
    lazy = video.to_dask()
    lazy[10] = 0
    assert not np.asarray(lazy[10]).any()
    assert not np.asarray(lazy[10:11]).any()
    assert not pickle.loads(pickle.dumps(lazy))[10].compute().any()
    assert number_in(np.asarray(lazy[11])) == 11
    assert number_in(np.asarray(video.to_dask()[10])) == 10


def test_an_hour_costs_under_a_millisecond_a_slice() -> None:
    hour = open_video(np.broadcast_to(np.zeros((4, 4), np.uint8), (3600 * 30, 4, 4)), fps=30)
    lazy = hour.to_dask()

    def cost(work) -> float:
        samples = []
        for _ in range(50):
            begin = time.perf_counter()
            work()
            samples.append(time.perf_counter() - begin)
        return statistics.median(samples)

    reading = cost(lambda: hour[50_000])
    assert cost(lambda: np.asarray(lazy[50_000])) - reading < 1e-3
    assert cost(lambda: np.asarray(lazy[50_000, :, :, 0])) - reading < 10e-3


@pytest.mark.parametrize("index", [200, -101, (0, 0, 0, 0, 0)])
def test_wrong_indices_are_refused(video, index) -> None:
    with pytest.raises(IndexError):
        video.to_dask()[index]


def test_empty_chunks_are_refused(video) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        video.to_dask(0)


def test_pickles_are_small_and_keep_the_class(video) -> None:
    lazy = video.to_dask()[10:50]
    pickled = pickle.dumps(lazy)
    assert len(pickled) < 2000
    again = pickle.loads(pickled)
    assert isinstance(again, LazyVideo)
    assert number_in(np.asarray(again[0])) == 10
    assert number_in(np.asarray(pickle.loads(pickle.dumps(lazy[3])))) == 13


def test_names_are_the_same_for_the_same_frames(video) -> None:
    assert video.to_dask().name == video.to_dask().name
    assert video.to_dask().name != video.to_dask()[1:].name
    assert video.to_dask().name != video.luma().to_dask().name


def test_schedulers_agree(video) -> None:
    lazy = video.luma().to_dask(chunk=7)
    expected = video.luma()[:].mean((1, 2))
    for scheduler in ("threads", "synchronous", "processes"):
        np.testing.assert_allclose(lazy.mean((1, 2)).compute(scheduler=scheduler, num_workers=2), expected)


@pytest.mark.slow
def test_on_a_cluster_of_two_processes(video) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster,
        distributed.Client(cluster),
    ):
        lazy = video.to_dask(chunk=9)
        np.testing.assert_allclose(lazy.mean(0).compute(), video[:].mean(0))
        np.testing.assert_array_equal(lazy[41].compute(), video[41])
