"""Nearest neighbours against a search that sorts everything."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ubam.analysis import DeviationError, Neighbours, neighbours
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.progress import Cancelled, Progress

Codes = NDArray[np.float64]
Subjects = NDArray[np.int64]


def cosine_distance(queries: Codes, references: Codes) -> Codes:
    """All distances (n, m) in double precision; 1 to a code of zeros."""
    norms = [np.linalg.norm(codes, axis=1, keepdims=True) for codes in (queries, references)]
    a, b = (
        codes / np.where(norm > 0, norm, 1) for codes, norm in zip((queries, references), norms, strict=True)
    )
    return 1 - a @ b.T


def sorted_search(
    distance: Codes, own: Subjects | None, subjects: Subjects, k: int, per_subject: int
) -> Codes:
    """Distances (n, k) of the nearest, by going through all references from the nearest to the farthest."""
    result = np.full((len(distance), k), np.inf)
    for row, values in enumerate(distance):
        left = dict.fromkeys(subjects.tolist(), per_subject)
        if own is not None:
            left[int(own[row])] = 0
        found = []
        for column in np.argsort(values):
            subject = int(subjects[column])
            if left[subject]:
                left[subject] -= 1
                found.append(values[column])
        found = found[:k]
        result[row, : len(found)] = found
    return result


def check(
    found: Neighbours, distance: Codes, own: Subjects | None, subjects: Subjects, k: int, p: int
) -> None:
    """Compare with the sorted search; the choice between equal distances is free."""
    expected = sorted_search(distance, own, subjects, k, p)
    assert found.distance.shape == found.index.shape == (len(distance), k)
    assert found.distance.dtype == np.float32
    assert found.index.dtype == np.int64
    np.testing.assert_allclose(found.distance, expected, atol=3e-6)
    assert ((found.index < 0) == np.isinf(expected)).all()
    for row, index in enumerate(found.index):
        chosen = index[index >= 0]
        assert len(set(chosen.tolist())) == len(chosen)
        np.testing.assert_allclose(distance[row, chosen], found.distance[row, : len(chosen)], atol=3e-6)
        assert np.bincount(subjects[chosen], minlength=1).max(initial=0) <= p
        if own is not None:
            assert own[row] not in subjects[chosen]


@st.composite
def problems(draw: st.DrawFn) -> tuple[Codes, Codes, Subjects | None, Subjects]:
    """Codes with many ties, duplicates and zeros, and subjects of one frame up to all."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m, d = draw(st.integers(1, 12)), draw(st.integers(1, 60)), draw(st.integers(1, 5))
    few_values = draw(st.booleans())
    codes = rng.integers(-1, 2, (n + m, d)).astype(float) if few_values else rng.normal(size=(n + m, d))
    codes *= 10.0 ** rng.integers(-12, 12, (n + m, 1))
    subjects = rng.integers(0, draw(st.integers(1, 8)), m)
    own = rng.integers(0, 9, n) if draw(st.booleans()) else None
    return codes[:n], codes[n:], own, subjects


@given(
    problems(),
    st.integers(1, 12),
    st.integers(1, 5),
    st.sampled_from([1, 64, 256, 4 * 2**20]),
    st.integers(1, 2),
)
def test_the_nearest_are_found(
    problem: tuple[Codes, Codes, Subjects | None, Subjects], k: int, p: int, block_bytes: int, threads: int
) -> None:
    queries, references, own, subjects = problem
    found = neighbours(
        queries,
        references,
        k=k,
        query_subjects=own,
        reference_subjects=subjects,
        per_subject=p,
        block_bytes=block_bytes,
        threads=threads,
    )
    check(found, cosine_distance(queries, references), own, subjects, k, p)


def window_distance(queries: Codes, references: Codes, window: int) -> Codes:
    """Mean distance (n, m) over the windows that begin at two rows; of no meaning where one is not whole."""
    single = np.pad(cosine_distance(queries, references), ((0, window), (0, window)))
    n, m = len(queries), len(references)
    return np.mean([single[step : step + n, step : step + m] for step in range(window)], axis=0)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[Codes, Codes, NDArray[np.bool_], Subjects, Subjects, int]:
    """Draw queries and references in segments, with the rows where a whole window begins."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    window, d = draw(st.integers(2, 14)), draw(st.integers(1, 4))
    sides = []
    for _ in range(2):
        lengths = draw(st.lists(st.integers(1, 40), min_size=1, max_size=6))
        begins = np.concatenate([np.arange(length) <= length - window for length in lengths])
        owners = np.repeat(rng.integers(0, 3, len(lengths)), lengths)
        sides.append((rng.normal(size=(sum(lengths), d)), begins, owners))
    (queries, valid, own), (references, begins, subjects) = sides
    return queries, references, valid, own, np.where(begins, subjects, -1), window


@given(recordings(), st.integers(1, 9), st.integers(1, 3), st.sampled_from([1, 256, 4 * 2**20]))
def test_windows_are_compared_row_by_row(
    problem: tuple[Codes, Codes, NDArray[np.bool_], Subjects, Subjects, int], k: int, p: int, block_bytes: int
) -> None:
    queries, references, valid, own, subjects, window = problem
    found = neighbours(
        queries,
        references,
        k=k,
        query_subjects=own,
        reference_subjects=subjects,
        per_subject=p,
        window=window,
        query_valid=valid,
        block_bytes=block_bytes,
    )
    assert (found.index[~valid] == -1).all()
    distance, kept = window_distance(queries, references, window)[valid], np.flatnonzero(subjects >= 0)
    places = np.full(len(subjects) + 1, -1)
    places[kept] = np.arange(len(kept))  # the last one is for -1
    valid_found = Neighbours(found.distance[valid], places[found.index[valid]])
    check(valid_found, distance[:, kept], own[valid], subjects[kept], k, p)


def test_windows_of_long_recordings_with_gaps_are_compared() -> None:
    rng = np.random.default_rng(1)
    references, subjects = rng.normal(size=(5000, 4)), np.repeat([0, 1, 0], [2600, 1400, 1000])
    begins = np.ones(5000, bool)
    for end in (700, 720, 1900, 2600, 4000, 5000):  # gaps within a block, and between two
        begins[end - 12 : end] = False
    begins[1900:2100] = False
    queries = rng.normal(size=(60, 4))
    subjects = np.where(begins, subjects, -1)
    found = neighbours(queries, references, k=5, reference_subjects=subjects, window=13)
    kept, places = np.flatnonzero(subjects >= 0), np.full(5001, -1)
    places[kept] = np.arange(len(kept))
    part = Neighbours(found.distance[:48], places[found.index[:48]])
    check(part, window_distance(queries, references, 13)[:48, kept], None, subjects[kept], 5, 2)
    assert (found.index[48:] == -1).all()


def test_windows_of_a_thousand_steps_are_compared() -> None:
    rng = np.random.default_rng(3)
    window, count = 1000, 3000
    references, queries = (rng.normal(size=(length, 2)).astype(np.float32) for length in (count, 3090))
    references, queries = unit_vectors(references), unit_vectors(queries)
    queries[700 : 700 + window] = references[1500 : 1500 + window]
    subjects = np.where(np.arange(count) <= count - window, 0, -1)
    found = neighbours(
        queries, references, k=1, reference_subjects=subjects, unit_length=True, window=window, threads=2
    )
    assert found.index[700, 0] == 1500
    assert found.distance[700, 0] == pytest.approx(0, abs=1e-5)
    assert found.distance[0, 0] > 0.5


def test_a_window_that_reaches_over_the_end_of_the_references_is_refused() -> None:
    codes = np.eye(6)
    with pytest.raises(DeviationError, match="last 2 references"):
        neighbours(codes, codes, reference_subjects=[0, 0, 0, 0, 0, -1], window=3)
    with pytest.raises(DeviationError, match="6 queries and 5 values"):
        neighbours(codes, codes, reference_subjects=[-1] * 6, window=3, query_valid=[True] * 5)
    with pytest.raises(DeviationError, match="window is 0"):
        neighbours(codes, codes, reference_subjects=[0] * 6, window=0)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_subjects_longer_than_a_block_are_searched_whole(p: int) -> None:
    rng = np.random.default_rng(p)
    # Not divisible by the width of a block nor of its parts; one subject with a single frame.
    subjects = rng.permutation(np.repeat([4, 0, 2], [9001, 1, 3003]))
    references = rng.normal(size=(len(subjects), 8))
    references[1::7] = references[::7][: len(references[1::7])]  # duplicates
    queries, own = rng.normal(size=(70, 8)), rng.choice([0, 2, 4, 6], 70)
    found = neighbours(
        queries, references, k=6, query_subjects=own, reference_subjects=subjects, per_subject=p
    )
    check(found, cosine_distance(queries, references), own, subjects, 6, p)


def test_only_the_own_subject_leaves_nothing() -> None:
    codes = np.eye(3)
    found = neighbours(codes, codes, k=2, query_subjects=[5] * 3, reference_subjects=[5] * 3)
    assert np.isinf(found.distance).all()
    assert (found.index == -1).all()


def test_references_with_a_negative_subject_are_skipped() -> None:
    rng = np.random.default_rng(0)
    references, subjects = rng.normal(size=(300, 5)), rng.integers(-1, 4, 300)
    found = neighbours(references[:20], references, k=8, reference_subjects=subjects)
    kept = np.flatnonzero(subjects >= 0)
    expected = neighbours(references[:20], references[kept], k=8, reference_subjects=subjects[kept])
    np.testing.assert_array_equal(found.distance, expected.distance)
    np.testing.assert_array_equal(found.index, kept[expected.index])


def test_codes_of_length_1_are_used_as_they_are() -> None:
    rng = np.random.default_rng(0)
    codes, subjects = unit_vectors(rng.normal(size=(200, 6))), np.arange(200) % 5
    plain = neighbours(codes, codes, query_subjects=subjects, reference_subjects=subjects)
    found = neighbours(codes, codes, query_subjects=subjects, reference_subjects=subjects, unit_length=True)
    np.testing.assert_allclose(found.distance, plain.distance, atol=1e-6)
    half = neighbours(codes, codes / 2, k=1, reference_subjects=subjects, unit_length=True)
    np.testing.assert_allclose(half.distance, 0.5, atol=1e-6)  # 0 if they were scaled


def test_the_error_names_the_row_of_the_reference() -> None:
    references = np.eye(4)
    references[2] = np.nan
    with pytest.raises(DeviationError, match="code of reference 2 contains"):
        neighbours(np.eye(4), references, reference_subjects=[7, 7, 3, 3])


def test_no_queries_give_no_rows() -> None:
    found = neighbours(np.empty((0, 3)), np.eye(3), reference_subjects=[0, 1, 2])
    assert found.distance.shape == found.index.shape == (0, 10)


def test_no_references_give_no_neighbours() -> None:
    found = neighbours(np.eye(3), np.empty((0, 3)), k=1, reference_subjects=np.empty(0, int))
    assert found.index.tolist() == [[-1]] * 3


def test_progress_ends_at_the_last_step() -> None:
    events: list[Progress] = []
    rng = np.random.default_rng(0)
    codes, subjects = rng.normal(size=(900, 4)), np.arange(900) % 3
    neighbours(codes, codes, reference_subjects=subjects, block_bytes=2**12, progress=events.append)
    assert {event.stage for event in events} == {"score"}
    assert [event.step for event in events] == sorted(event.step for event in events)
    assert events[-1].step == events[-1].of > 1
    assert events[-1].eta == 0


def test_a_search_can_be_cancelled() -> None:
    rng = np.random.default_rng(0)
    codes, subjects = rng.normal(size=(900, 4)), np.arange(900) % 3
    stop = threading.Event()
    with pytest.raises(Cancelled):
        neighbours(
            codes,
            codes,
            reference_subjects=subjects,
            block_bytes=2**12,
            progress=lambda _: stop.set(),
            cancel=stop,
        )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"queries": np.zeros((2, 4))}, "cannot be compared"),
        ({"references": [[0, 1, np.nan]] * 3}, "reference 0 contains values that are not finite"),
        ({"queries": [[0, 0, 1], [0, np.inf, 1]]}, "query 1 contains values that are not finite"),
        ({"reference_subjects": [1, 2]}, "3 references and 2 subjects"),
        ({"query_subjects": [1, 2, 3]}, "2 queries and 3 subjects"),
        ({"k": 0}, "k is 0 and"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, object], words: str) -> None:
    given = {"queries": np.eye(3)[:2], "references": np.eye(3), "reference_subjects": [1, 2, 3]}
    with pytest.raises(DeviationError, match=words):
        neighbours(**(given | changed))  # type: ignore[arg-type]
