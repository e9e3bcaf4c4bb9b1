"""Codes of length 1."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ubam.analysis.unit_vectors import unit_vectors


@pytest.mark.parametrize("rows", [0, 1, 9000])
def test_directions_stay_and_lengths_are_1(rows: int) -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(rows, 7)) * 10.0 ** rng.integers(-30, 30, (rows, 1))
    found = unit_vectors(codes)
    assert found.dtype == np.float32
    assert found.shape == codes.shape
    expected = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_zeros_stay_zero_and_rows_that_are_not_finite_become_nan() -> None:
    codes = np.array([[0, 0], [3, 4], [np.nan, 1], [np.inf, 1]], np.float32)
    before = codes.copy()
    expected = [[0, 0], [0.6, 0.8], [np.nan, np.nan], [np.nan, np.nan]]
    np.testing.assert_allclose(unit_vectors(codes), expected, rtol=1e-6)
    np.testing.assert_array_equal(codes, before)


def test_small_float32_codes_keep_their_direction() -> None:
    codes = np.full((3, 4), 1e-30, np.float32)  # their squares are zero in float32
    np.testing.assert_allclose(unit_vectors(codes), 0.5)
