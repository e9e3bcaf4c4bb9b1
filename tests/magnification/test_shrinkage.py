"""What of a change stands out from the differences between reference recordings."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ubam.analysis.phase_alignment import PhaseAlignment
from napari_ubam.magnification.shrinkage import standing_out

FRAMES, RECORDINGS, SIZE = 300, 6, 4
BOUT = slice(120, 180)


@pytest.fixture
def reference() -> tuple[PhaseAlignment, list[np.ndarray]]:
    """Give recordings that differ by a constant of length 1 each, and by noise of length 0.2 a frame."""
    generator = np.random.default_rng(0)
    constants = generator.normal(size=(RECORDINGS, SIZE))
    constants /= np.linalg.norm(constants, axis=1, keepdims=True)
    noise = generator.normal(0, 0.2 / np.sqrt(SIZE), (RECORDINGS, FRAMES, SIZE))
    rows = np.repeat(np.arange(FRAMES)[:, None], RECORDINGS, 1)
    weights = np.full((FRAMES, RECORDINGS), 1 / RECORDINGS, np.float32)
    names = tuple(f"healthy{number}" for number in range(RECORDINGS))
    return PhaseAlignment(names, rows, weights), list((constants[:, None] + noise).astype(np.float32))


def change(constant: float, bout: float) -> np.ndarray:
    found = np.zeros((FRAMES, SIZE), np.float32)
    found[:, 0] = constant
    found[BOUT, 1] = bout
    return found


def kept(measured: np.ndarray, reference: tuple[PhaseAlignment, list[np.ndarray]]) -> np.ndarray:
    alignment, values = reference
    return standing_out(measured, alignment, values, alignment.mean(values), 1 / 30)


def test_a_large_change_is_kept_whole(reference: tuple[PhaseAlignment, list[np.ndarray]]) -> None:
    measured = change(3.0, 1.0)
    found = kept(measured, reference)
    np.testing.assert_allclose(found[:100, 0], 3.0, atol=1e-5)
    np.testing.assert_allclose(found[135:165], measured[135:165], atol=0.02)
    assert found.dtype == np.float32


def test_what_reference_recordings_also_do_is_taken_out(
    reference: tuple[PhaseAlignment, list[np.ndarray]],
) -> None:
    assert np.abs(kept(change(0.8, 0.0), reference)).max() == 0
    assert np.abs(kept(change(0.0, 0.15), reference)).max() < 0.01


def test_a_bout_is_compared_with_the_noise_and_not_with_the_individuals(
    reference: tuple[PhaseAlignment, list[np.ndarray]],
) -> None:
    found = kept(change(0.8, 0.6), reference)  # shorter than the difference between individuals
    np.testing.assert_allclose(found[135:165, 1], 0.6, atol=0.02)
    assert np.abs(found[:, 0]).max() == 0
    assert np.abs(found[:60]).max() < 1e-3


def test_the_share_grows_with_the_change(reference: tuple[PhaseAlignment, list[np.ndarray]]) -> None:
    sizes = [float(np.abs(kept(change(one, 0.0), reference)).max()) / one for one in (0.9, 1.15, 1.3, 1.6)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.2 < sizes[2]
    assert sizes[-1] == pytest.approx(1.0)


def test_one_reference_recording_tells_nothing(reference: tuple[PhaseAlignment, list[np.ndarray]]) -> None:
    alignment, values = reference
    one = PhaseAlignment(alignment.names[:1], alignment.rows[:, :1], np.ones((FRAMES, 1), np.float32))
    measured = change(0.1, 0.1)
    assert standing_out(measured, one, values[:1], values[0], 1 / 30) is measured
