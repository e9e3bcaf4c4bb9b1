"""Phase alignment: paths that follow a movement without jumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.cycles import phase_of, walk
from napari_ubam.analysis import Codes, DeviationError
from napari_ubam.analysis.phase_alignment import align_phase, phase_alignment
from napari_ubam.analysis.unit_vectors import unit_vectors


def steps_of(codes: Codes, path: np.ndarray) -> np.ndarray:
    """Radians of the movement's cycle from each frame of a path to the next."""
    return np.angle(np.exp(1j * np.diff(phase_of(codes, path))))


@given(start=st.floats(0, 1), cycle=st.floats(11, 21))
def test_a_path_follows_the_phase_without_jumping(start: float, cycle: float) -> None:
    query, other = walk("a"), walk("b", cycle=cycle, start=start)
    path, distance = align_phase(query.behaviour, other.behaviour)
    apart = np.angle(np.exp(1j * (phase_of(query, np.arange(200)) - phase_of(other, path))))
    assert np.median(np.abs(apart)) < 0.5
    # A jump, as where the other recording ends, leads to the same phase of another cycle.
    assert np.abs(steps_of(other, path)).max() < 1.6
    np.testing.assert_allclose(
        distance, 1 - (unit_vectors(query.behaviour) * unit_vectors(other.behaviour)[path]).sum(1), atol=1e-5
    )


def test_a_deviant_moment_does_not_lead_away() -> None:
    query, other = walk("a"), walk("b")
    changed = query.behaviour.copy()
    changed[90:120, 2] += 1.5
    changed[90:120, 3] -= 1.0
    path, _ = align_phase(changed, other.behaviour)
    apart = np.angle(np.exp(1j * (phase_of(query, np.arange(200)) - phase_of(other, path))))
    assert np.abs(apart).max() < 0.5
    assert np.abs(steps_of(other, path)).max() < 1.6


def test_twice_the_frame_rate_is_followed_at_its_pace() -> None:
    query, other = walk("a"), walk("b", cycle=30, frames=400)
    path, _ = align_phase(query.behaviour, other.behaviour, rate_ratio=2.0)
    assert np.median(np.diff(path)) == 2


def test_recordings_of_the_same_subject_are_left_out() -> None:
    own, same = walk("a"), walk("a2", subject="a")
    others = [walk("b", start=0.2), walk("c", start=0.5)]
    window = slice(3, 197)
    found = phase_alignment(own, [same, *others], window=window)
    assert found.names == ("b", "c")
    np.testing.assert_allclose(found.weights.sum(1), 1, rtol=1e-5)
    shown = found.mean([one.posture for one in others])
    np.testing.assert_allclose(shown[10:-10], own.posture[window][10:-10], atol=0.45)
    assert phase_alignment(own, [same], window=window).names == ("a2",)  # there are no others


def marked(codes: Codes, mark: tuple[float, ...]) -> Codes:
    """Add to the windows what an individual always shows."""
    return replace(codes, behaviour=unit_vectors(codes.behaviour + np.array(mark)))


def test_the_phase_is_followed_whoever_moves() -> None:
    own = marked(walk("a"), (1.5, -1.0, 0.0, 0.5))
    other = marked(walk("b", cycle=17.0, start=0.4), (-1.0, 1.5, 0.5, 0.0))
    window = slice(3, 197)

    def far(rows: np.ndarray) -> float:
        """Give the distance of phases that a tenth of the frames exceeds."""
        unmarked = walk("b", cycle=17.0, start=0.4)
        apart = phase_of(walk("a"), np.arange(3, 197)) - phase_of(unmarked, rows)
        return float(np.quantile(np.abs(np.angle(np.exp(1j * apart))), 0.9))

    with_individuals, _ = align_phase(own.behaviour[window], other.behaviour[window])
    assert far(phase_alignment(own, [other], window=window).rows[:, 0]) < 1.0
    assert far(with_individuals + 3) > 2.0


def test_a_short_recording_is_aligned_as_it_is() -> None:
    own, other = walk("a", frames=50), walk("b", start=0.2)  # 44 frames with a code, 1.5 s
    found = phase_alignment(own, [other], window=slice(3, 47))
    apart = phase_of(own, np.arange(3, 47)) - phase_of(other, found.rows[:, 0])
    assert np.median(np.abs(np.angle(np.exp(1j * apart)))) < 0.5


def test_an_alignment_needs_a_reference_and_codes() -> None:
    own = walk("a")
    with pytest.raises(DeviationError, match="itself"):
        phase_alignment(own, [own], window=slice(3, 197))
    with pytest.raises(DeviationError, match="no code"):
        phase_alignment(own, [walk("b")], window=slice(0, 50))


def test_recordings_of_a_subject_in_a_session_share_what_is_taken_out() -> None:
    query, other = walk("a"), walk("b")
    half = [replace(other, name=name, **_part(other, part)) for name, part in HALVES.items()]
    half[1] = replace(half[1], behaviour=half[1].behaviour + [0.2, 0, 0, 0])
    together = phase_alignment(query, half, window=slice(3, 197))
    apart = phase_alignment(
        query, [half[0], replace(half[1], session="1")], window=slice(3, 197)
    )  # each has its own mean, so the change of the second one is taken out
    assert np.abs(together.weights[:, 0] - 0.5).mean() > 2 * np.abs(apart.weights[:, 0] - 0.5).mean()


HALVES = {"b1": slice(0, 100), "b2": slice(100, 200)}


def _part(codes: Codes, part: slice) -> dict[str, np.ndarray]:
    """Arrays of a part of a recording."""
    names = ("posture", "behaviour", "times", "frames", "valid")
    return {name: getattr(codes, name)[part] for name in names}
