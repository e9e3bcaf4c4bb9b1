"""Codes of made-up subjects with a known difference between groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_ubam.analysis import Codes

FRAMES, SIZE, POSTURES = 120, 12, 5
STEP = 1 / 30  # seconds


def subjects_with_codes(
    generator: np.random.Generator,
    counts: Sequence[int],
    shift: float = 0.0,
    *,
    identity: float = 0.3,
    recordings: int = 1,
) -> list[Codes]:
    """Make codes: a third of the frames of each subject of a later group is moved in one direction.

    Parameters
    ----------
    generator : Generator
    counts : sequence of int
        Number of subjects in each group.
    shift : float
        How far, for the second group; twice for the third one.
    identity : float
        Size of what is constant in a subject.
    recordings : int
        Number of recordings of each subject.
    """
    postures = generator.normal(size=(POSTURES, SIZE))
    directions = generator.normal(size=(len(counts), SIZE))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = []
    for number, group in enumerate(np.repeat(np.arange(len(counts)), counts)):
        own = identity * generator.normal(size=SIZE)
        for part in range(recordings):
            codes = postures[generator.integers(0, POSTURES, FRAMES)] + own
            codes += 0.3 * generator.normal(size=(FRAMES, SIZE))
            start = int(generator.integers(0, 2 * FRAMES // 3))
            codes[start : start + FRAMES // 3] += shift * bool(group) * directions[group]
            found.append(as_codes(codes, f"s{number}-{part}", f"s{number}", "abc"[group]))
    return found


def as_codes(values: np.ndarray, name: str, subject: str, group: str, session: str = "0") -> Codes:
    """Give the same codes for postures and windows, at 30 frames per second."""
    codes = values.astype(np.float32)
    count = len(codes)
    times, frames, valid = np.arange(count) * STEP, np.arange(count), np.ones(count, bool)
    return Codes(name, subject, group, session, codes, codes, times, frames, valid)


def groups_of(codes: Sequence[Codes]) -> dict[str, str]:
    """Group of each subject."""
    return {one.subject: one.group for one in codes}
