"""The individual in codes: how it is taken out, and what is left."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_ubam.analysis.individual import codes_without_individual, individuals_of
from napari_ubam.analysis.unit_vectors import unit_vectors


def turning(offset: np.ndarray, frames: int = 400, start: float = 0.0) -> np.ndarray:
    """Codes that turn in a plane around the place of an individual."""
    angle = 2 * np.pi * (np.arange(frames) / 40 + start)
    plane = np.stack([np.cos(angle), np.sin(angle)], 1)
    return unit_vectors(np.hstack([plane, np.tile(offset, (frames, 1))]))


def test_codes_of_the_same_movement_are_the_same_without_the_individual() -> None:
    one, other = turning(np.array([1.0, 0.0, 0.5])), turning(np.array([0.0, 1.0, 0.5]))
    units = np.concatenate([one, other])
    found = codes_without_individual(units, np.repeat([0, 1], 400))
    assert (one * other).sum(1).max() < 0.6
    assert (found[:400] * found[400:]).sum(1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert (found[0] * found[20]).sum() < 0  # the movement itself stays: opposite phases


def test_one_individual_alone_and_frames_of_nobody_stay_as_they_are() -> None:
    units = np.concatenate([turning(np.array([1.0, 0.0])), turning(np.array([0.0, 1.0]))])
    alone = codes_without_individual(units, np.zeros(800, int))
    np.testing.assert_allclose(alone, units, atol=1e-6)
    nobody = codes_without_individual(units, np.full(800, -1))
    np.testing.assert_array_equal(nobody, units)
    part = codes_without_individual(units, np.repeat([0, -1], 400))
    np.testing.assert_allclose(part[400:], units[400:], atol=1e-6)
    assert len(codes_without_individual(units[:0], np.zeros(0, int))) == 0


def test_the_stored_codes_are_not_changed() -> None:
    units = np.concatenate([turning(np.array([1.0, 0.0])), turning(np.array([0.0, 1.0]))])
    before = units.copy()
    codes_without_individual(units, np.repeat([0, 1], 400))
    np.testing.assert_array_equal(units, before)


def test_an_individual_is_a_subject_in_a_session_with_enough_frames() -> None:
    def part(recording: str, subject: str, session: str, frames: int, rate: float = 25.0) -> pd.DataFrame:
        time = np.arange(frames) / rate
        return pd.DataFrame({"recording": recording, "subject": subject, "session": session, "time": time})

    frames = pd.concat(
        [
            part("a1", "a", "0", 40),  # 1.6 s, and the next recording of this session as long
            part("a2", "a", "0", 80, rate=50.0),
            part("a3", "a", "1", 100),
            part("b1", "b", "0", 49),  # a little less than 2 s
            part("c1", "c", "0", 1),
        ],
        ignore_index=True,
    )
    found = frames.assign(number=individuals_of(frames, 2.0)).groupby("recording")["number"].unique()
    assert {name: one.tolist() for name, one in found.items()} == {
        "a1": [0],
        "a2": [0],
        "a3": [1],
        "b1": [-1],
        "c1": [-1],
    }
