"""Codes of subjects that walk in a circle of postures, with a style of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_ubam.analysis import Codes

D = 12


def walk(
    subject: str,
    seed: int,
    *,
    frames: int = 400,
    group: str = "healthy",
    session: str = "0",
    bouts: Sequence[slice] = (),
    style: float = 0.1,
) -> Codes:
    """Codes of a recording at 30 frames a second; in bouts it moves in directions that nobody else does.

    Parameters
    ----------
    subject, group, session : str
        Labels; the name is subject and session.
    seed : int
        Of the style and the noise.
    frames : int
        Length.
    bouts : sequence of slice
        Where it deviates.
    style : float
        How much subjects differ.
    """
    rng = np.random.default_rng(seed)
    own = style * rng.normal(size=(2, D))
    own[:, -3:] = 0  # room for what nobody else does
    phase = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0.4, 0.15, frames))
    codes = []
    for part in range(2):
        circle = np.zeros((frames, D))
        circle[:, part] = np.cos(phase)
        circle[:, part + 1] = np.sin(phase)
        code = circle + own[part] + 0.15 * rng.normal(size=(frames, D))
        for bout in bouts:
            code[bout, -3:] += 2
        codes.append(code.astype(np.float32))
    return Codes(
        f"{subject}_{session}",
        subject,
        group,
        session,
        *codes,
        times=np.arange(frames) / 30,
        frames=np.arange(frames),
        valid=np.ones(frames, bool),
    )


def herd(count: int, seed: int = 0, name: str = "rat", frames: int = 400) -> list[Codes]:
    """Draw recordings of subjects that are alike."""
    return [walk(f"{name}{number}", 1000 * seed + number, frames=frames) for number in range(count)]


def without(codes: Codes, invalid: slice) -> Codes:
    """Mark frames as not valid; their codes are rubbish."""
    valid = codes.valid.copy()
    valid[invalid] = False
    posture = codes.posture.copy()
    posture[invalid] = np.nan
    return replace(codes, valid=valid, posture=posture)


def names(codes: Sequence[Codes]) -> list[str]:
    """Names of recordings."""
    return [one.name for one in codes]
