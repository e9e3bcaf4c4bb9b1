"""Times at which a recording looks like at no other time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_ubam.check.study_against_video import fit_problems
from napari_ubam.check.unusual import unusual_spans
from napari_ubam.study import Recording

from .facts import fact

TIMES = np.arange(60) / 2


def animal() -> np.ndarray:
    """Pictures of a bright animal that walks through a third of a dark arena, with noise."""
    rng = np.random.default_rng(0)
    pictures = rng.normal(60, 5, (60, 20, 30))
    for number in range(60):
        column = 5 + number % 15
        pictures[number, 8:14, column : column + 8] = 140
    return pictures


def test_a_hand_and_darkness_are_found_and_the_animal_is_not() -> None:
    pictures = animal()
    assert unusual_spans(pictures, TIMES, 30) == ()
    pictures[:3, :, 8:] = 220  # a sleeve
    pictures[30:34] = 5  # no light
    pictures[57:, 5:] = 180
    assert unusual_spans(pictures, TIMES, 30) == ((0.0, 1.2), (14.8, 16.8), (28.2, 30.0))


def test_what_lasts_is_not_unusual() -> None:
    pictures = animal()
    pictures[:, :, ::2] += 3 * np.sin(np.arange(60))[:, None, None]
    pictures[25:] += 60  # a lamp was switched on
    assert unusual_spans(pictures, TIMES, 30) == ()
    assert unusual_spans(pictures[:5], TIMES[:5], 3) == ()


def test_the_cell_can_be_copied() -> None:
    one = Recording(video=Path("a.mp4"), subject="1", group="g", session="0")
    [found] = fit_problems(one, fact("a", "1", "g", unusual=((0.0, 2.5), (12.0, 13.5))))
    assert "leave it out with exclude:0-2.5;exclude:12-13.5 in the column intervals" in found.text
