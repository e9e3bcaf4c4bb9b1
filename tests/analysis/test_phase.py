"""Frames at the same phase: paths that follow a movement and do not jump, and postures told by others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.analysis import Codes, DeviationError
from napari_ubam.analysis.phase import aligned, cross_subject_match, same_phase_rows
from napari_ubam.analysis.phase_alignment import phase_alignment

RATE = 30.0


def walk(
    name: str, *, subject: str = "", frames: int = 200, cycle: float = 15.0, start: float = 0.0
) -> Codes:
    """Posture and window of an animal whose phase goes round once a cycle."""
    phase = 2 * np.pi * (np.arange(frames) / cycle + start)
    posture = np.stack([np.cos(phase), np.sin(phase), np.cos(2 * phase), np.full(frames, 0.3)], 1)
    valid = np.ones(frames, bool)
    valid[:3] = valid[-3:] = False
    return Codes(
        name, subject or name, "g", "0", posture, posture, np.arange(frames) / RATE, np.arange(frames), valid
    )


def phase_of(codes: Codes, rows: np.ndarray) -> np.ndarray:
    return np.arctan2(codes.posture[rows, 1], codes.posture[rows, 0])


def steps_of(codes: Codes, path: np.ndarray) -> np.ndarray:
    """Radians of the movement's cycle from each frame of a path to the next."""
    return np.angle(np.exp(1j * np.diff(phase_of(codes, path))))


@given(start=st.floats(0, 1), cycle=st.floats(11, 21))
def test_a_path_follows_the_phase_without_jumping(start: float, cycle: float) -> None:
    query, other = walk("a"), walk("b", cycle=cycle, start=start)
    path, cost = aligned(query.behaviour, other.behaviour)
    apart = np.angle(np.exp(1j * (phase_of(query, np.arange(200)) - phase_of(other, path))))
    assert np.median(np.abs(apart)) < 0.5
    # A jump, as where the other recording ends, leads to the same phase of another cycle.
    assert np.abs(steps_of(other, path)).max() < 1.6
    np.testing.assert_allclose(
        cost, 1 - (_unit(query.behaviour) * _unit(other.behaviour)[path]).sum(1), atol=1e-5
    )


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_a_deviant_moment_does_not_lead_away() -> None:
    query, other = walk("a"), walk("b")
    changed = query.behaviour.copy()
    changed[90:120, 2] += 1.5
    changed[90:120, 3] -= 1.0
    path, _ = aligned(changed, other.behaviour)
    apart = np.angle(np.exp(1j * (phase_of(query, np.arange(200)) - phase_of(other, path))))
    assert np.abs(apart).max() < 0.5
    assert np.abs(steps_of(other, path)).max() < 1.6


def test_twice_the_frame_rate_is_followed_at_its_pace() -> None:
    query, other = walk("a"), walk("b", cycle=30, frames=400)
    path, _ = aligned(query.behaviour, other.behaviour, ratio=2.0)
    assert np.median(np.diff(path)) == 2


def test_postures_are_borrowed_from_other_subjects_only() -> None:
    one, same, other = walk("a"), walk("a2", subject="a"), walk("b", start=0.03)
    told = cross_subject_match([one, same, other], one)
    good = np.isfinite(told[:, 0])
    assert 0.5 < good[one.valid].mean() < 0.7
    assert not good[~one.valid].any()
    assert not np.isfinite(cross_subject_match([one, same], one)).any()
    np.testing.assert_allclose(told[good], _unit(one.posture)[good], atol=0.25)


def test_what_is_alike_is_at_another_time_and_the_same_phase() -> None:
    one = walk("a")
    found = same_phase_rows(one, m=4)
    rows = np.flatnonzero(one.valid)
    assert (found[rows] >= 0).any(1).all()
    for row in rows[::17]:
        there = found[row][found[row] >= 0]
        assert (np.abs(there - row) >= 0.4 * RATE).all()
        assert (
            np.abs(np.angle(np.exp(1j * (phase_of(one, there) - phase_of(one, np.array([row])))))).max() < 0.7
        )
    assert (found[~one.valid] == -1).all()


def test_the_guide_leaves_out_the_own_subject() -> None:
    own, same = walk("a"), walk("a2", subject="a")
    others = [walk("b", start=0.2), walk("c", start=0.5)]
    window = slice(3, 197)
    found = phase_alignment(own, [same, *others], window=window)
    assert found.names == ("b", "c")
    np.testing.assert_allclose(found.weights.sum(1), 1, rtol=1e-5)
    shown = found.mean([one.posture for one in others])
    np.testing.assert_allclose(shown[10:-10], own.posture[window][10:-10], atol=0.45)
    assert phase_alignment(own, [same], window=window).names == ("a2",)  # there are no others


def test_a_guide_needs_a_reference_and_codes() -> None:
    own = walk("a")
    with pytest.raises(DeviationError, match="itself"):
        phase_alignment(own, [own], window=slice(3, 197))
    with pytest.raises(DeviationError, match="no code"):
        phase_alignment(own, [walk("b")], window=slice(0, 50))
