"""Spaced neighbours against a search that goes through all references, from the nearest on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ubam.analysis import DeviationError
from napari_ubam.analysis.neighbours_apart_in_time import spaced_neighbours
from napari_ubam.analysis.unit_vectors import unit_vectors

Ints = NDArray[np.int64]


def one_by_one(
    distance: NDArray[np.float32],
    subjects: Ints,
    recordings: Ints,
    times: NDArray[np.float64],
    spacing: float,
    k: int,
    per_subject: int,
) -> list[int]:
    """Rows by the definition."""
    chosen: list[int] = []
    for row in np.argsort(distance, kind="stable").tolist():
        if subjects[row] < 0 or sum(subjects[one] == subjects[row] for one in chosen) >= per_subject:
            continue
        if any(
            recordings[one] == recordings[row] and abs(times[one] - times[row]) < spacing for one in chosen
        ):
            continue
        chosen.append(row)
        if len(chosen) == k:
            break
    return chosen


@given(
    seed=st.integers(0, 2**32 - 1),
    counts=st.lists(st.integers(1, 25), min_size=1, max_size=8),
    spacing=st.sampled_from([0.0, 0.1, 0.35, 1.0, 9.0]),
    k=st.integers(1, 12),
    per_subject=st.integers(1, 5),
)
def test_neighbours_are_those_of_the_definition(
    seed: int, counts: list[int], spacing: float, k: int, per_subject: int
) -> None:
    rng = np.random.default_rng(seed)
    recordings = np.repeat(np.arange(len(counts)), counts)
    subjects = rng.integers(-1, 3, len(counts))[recordings]  # several recordings of a subject
    times = np.concatenate([np.arange(count) / 10 for count in counts])
    codes = unit_vectors(rng.normal(size=(len(times), 4)))
    query = unit_vectors(rng.normal(size=(1, 4)))[0]
    found = spaced_neighbours(
        query,
        codes,
        subjects=subjects,
        recordings=recordings,
        times=times,
        spacing=spacing,
        k=k,
        per_subject=per_subject,
    )
    assert found.distance.shape == found.index.shape == (1, k)
    expected = one_by_one(1 - codes @ query, subjects, recordings, times, spacing, k, per_subject)
    assert found.index[0].tolist() == expected + [-1] * (k - len(expected))
    np.testing.assert_allclose(found.distance[0, : len(expected)], (1 - codes @ query)[expected], atol=1e-5)
    assert np.isinf(found.distance[0, len(expected) :]).all()


def test_subjects_stay_as_they_were() -> None:
    subjects, codes = np.array([0, 0, 1]), unit_vectors(np.eye(3))
    spaced_neighbours(
        codes[0], codes, subjects=subjects, recordings=subjects, times=np.arange(3.0), spacing=5.0
    )
    assert subjects.tolist() == [0, 0, 1]


def test_no_neighbour_is_no_question() -> None:
    codes, ones = unit_vectors(np.eye(3)), np.ones(3, int)
    with pytest.raises(DeviationError, match="per_subject is 0"):
        spaced_neighbours(
            codes[0],
            codes,
            subjects=ones,
            recordings=ones,
            times=np.arange(3.0),
            spacing=1.0,
            per_subject=0,
        )
