"""Subjects that each do something of their own are told from those who do what all do."""

from __future__ import annotations

import numpy as np
import pytest

from generated_codes import as_codes
from napari_ubam.analysis import Codes
from napari_ubam.analysis.classify import Settings, classify_subjects
from napari_ubam.analysis.classify.distances import NEAREST, SUBJECTS, Distances


def of_their_own(generator: np.random.Generator, shift: float) -> list[Codes]:
    """Make 8 and 8 subjects; each of the second group moves a fifth of its frames in its own direction."""
    postures, found = generator.normal(size=(5, 12)), []
    for number in range(16):
        codes = postures[generator.integers(0, 5, 120)] + 0.3 * generator.normal(size=12)
        codes += 0.3 * generator.normal(size=codes.shape)
        direction = generator.normal(size=12)
        if number >= 8:
            codes[40:64] += shift * direction / np.linalg.norm(direction)
        found.append(as_codes(codes.astype(np.float32), f"r{number}", f"s{number}", "ab"[number // 8]))
    return found


def test_a_group_without_a_common_deviation_is_told() -> None:
    codes = of_their_own(np.random.default_rng(0), 4.0)
    result = classify_subjects(codes, {one.subject: one.group for one in codes}, Settings(permutations=200))
    assert result.accuracy >= 0.85
    assert result.p <= 0.01


def brute_force(own: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Mean distance from the nearest windows of the nearest subjects."""
    each = [np.sort(1 - own @ one.T, axis=1)[:, :NEAREST].mean(1) for one in others]
    return np.sort(np.stack(each), axis=0)[:SUBJECTS].mean(0)


def test_a_subject_that_is_left_out_is_compared_with_as_many_others() -> None:
    generator = np.random.default_rng(1)
    samples = [generator.normal(size=(20, 6)).astype(np.float32) for _ in range(7)]
    units = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in samples]
    distances = Distances(samples)
    known = distances.known(left_out=0)
    assert len(known) == 6
    np.testing.assert_allclose(np.exp(known[0]), brute_force(units[1], units[2:]), rtol=1e-4)
    ways = [brute_force(units[0], units[1:place] + units[place + 1 :]) for place in range(1, 7)]
    asked = distances.asked(samples[0], left_out=0)
    np.testing.assert_allclose(np.exp(asked), np.mean(ways, axis=0), rtol=1e-4)


def test_few_subjects_have_distances() -> None:
    samples = [np.eye(4, dtype=np.float32) for _ in range(4)]
    distances = Distances(samples)
    assert np.isfinite(distances.asked(samples[0], 0)).all()
    assert np.exp(distances.known(0)[0]) == pytest.approx(0.5)  # one window is alike, the next one is not
