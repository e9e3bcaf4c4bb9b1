"""Matching frames of other subjects, and of other times."""

from __future__ import annotations

import numpy as np

from analysis.cycles import RATE, phase_of, walk
from napari_ubam.analysis.matches import cross_subject_match, same_phase_rows
from napari_ubam.analysis.unit_vectors import unit_vectors


def test_postures_are_matched_with_other_subjects_only() -> None:
    one, same, other = walk("a"), walk("a2", subject="a"), walk("b", start=0.03)
    matched = cross_subject_match([one, same, other], one)
    good = np.isfinite(matched[:, 0])
    assert 0.5 < good[one.valid].mean() < 0.7
    assert not good[~one.valid].any()
    assert not np.isfinite(cross_subject_match([one, same], one)).any()
    np.testing.assert_allclose(matched[good], unit_vectors(one.posture)[good], atol=0.25)


def test_rows_of_the_same_phase_are_at_other_times() -> None:
    one = walk("a")
    found = same_phase_rows(one, count=4)
    rows = np.flatnonzero(one.valid)
    assert (found[rows] >= 0).any(1).all()
    for row in rows[::17]:
        there = found[row][found[row] >= 0]
        assert (np.abs(there - row) >= 0.4 * RATE).all()
        assert (
            np.abs(np.angle(np.exp(1j * (phase_of(one, there) - phase_of(one, np.array([row])))))).max() < 0.7
        )
    assert (found[~one.valid] == -1).all()
