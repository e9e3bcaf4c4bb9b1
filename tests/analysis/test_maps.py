"""Frames on a plane."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.analysis import DeviationError
from napari_ubam.analysis.maps import draw_evenly, fit_map
from napari_ubam.progress import Cancelled, Progress


def blobs(many: int, dimensions: int = 24, kinds: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Codes around a few directions, and which of them."""
    random = np.random.default_rng(0)
    centres = np.eye(dimensions)[:kinds] * 5
    kind = random.integers(0, kinds, many)
    return (centres[kind] + random.normal(0, 0.6, (many, dimensions))).astype(np.float32), kind


def apart(points: np.ndarray, kind: np.ndarray) -> float:
    """Share of points whose nearest other point is of the same kind."""
    far = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(far, np.inf)
    return float((kind[far.argmin(1)] == kind).mean())


@pytest.mark.parametrize("method", ["umap", "pca"])
def test_like_codes_lie_together_also_those_outside_of_the_sample(method) -> None:  # type: ignore[no-untyped-def]
    codes, kind = blobs(600)
    made = fit_map(codes, np.arange(600) % 5, method=method, sample=200, n_neighbors=15)
    assert made.points.shape == (600, 2)
    assert apart(made.points, kind) > 0.95
    if method == "umap":
        assert made.sampled.sum() == 200
        between = ~made.sampled
        assert apart(made.points[between], kind[between]) > 0.95


def test_length_does_not_count_and_the_seed_repeats() -> None:
    codes, _ = blobs(150)
    lengths = np.random.default_rng(1).uniform(0.1, 9, (150, 1)).astype(np.float32)
    groups = np.zeros(150, int)
    first = fit_map(codes, groups, n_neighbors=10, seed=3).points
    assert np.array_equal(first, fit_map(codes, groups, n_neighbors=10, seed=3).points)
    plain, scaled = (fit_map(one, groups, method="pca").points for one in (codes, codes * lengths))
    assert np.allclose(plain, scaled, atol=1e-3)


def test_too_few_frames_are_refused_and_cancelling_is_heard() -> None:
    with pytest.raises(DeviationError, match="embed a recording"):
        fit_map(np.ones((2, 8)), [0, 0])
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        fit_map(blobs(50)[0], np.zeros(50, int), cancel=cancel)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(DeviationError, match="no map method 'tsne'; choose umap or pca"):
        fit_map(blobs(50)[0], np.zeros(50, int), method="tsne")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["umap", "pca"])
def test_progress_never_goes_back(method) -> None:  # type: ignore[no-untyped-def]
    events: list[Progress] = []
    codes, kind = blobs(120)
    fit_map(codes, kind, method=method, sample=40, n_neighbors=5, progress=events.append)
    assert [event.step for event in events] == sorted(event.step for event in events)
    assert len({event.of for event in events}) == 1
    assert events[-1].step == events[-1].of


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6), count=st.integers(1, 120))
def test_a_sample_is_drawn_evenly(sizes: list[int], count: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rows = draw_evenly(groups, count, 0)
    assert len(set(rows.tolist())) == len(rows) == min(count, sum(sizes))
    taken = np.bincount(groups[rows], minlength=len(sizes))
    short = [size for size, many in zip(sizes, taken, strict=True) if many < size]
    if short:  # nobody gives less than another who also has more to give
        left = [many for size, many in zip(sizes, taken, strict=True) if many < size]
        assert max(left) - min(left) <= 1
        assert taken.max() - min(left) <= 1
