"""Frames of others at the same phase of the movement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.progress import Cancel, check_cancelled

from .codes import Codes
from .neighbours import neighbours

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

JUMP = 0.3  # cosine distance that a jump to another moment must save to be worth it
SPEEDS = 3  # a reference may go on by up to so many frames for one of the query, at equal rates
BLOCK = 512  # frames whose costs are worked out at once


def aligned(
    query: Floats,
    reference: Floats,
    ratio: float = 1.0,
    jump: float = JUMP,
    cancel: Cancel | None = None,
) -> tuple[Ints, Floats]:
    """Follow a movement through a recording of another subject, without jumping between its cycles.

    The path of least cost (Viterbi 1967) through the cosine distances of windows: from frame to frame the
    reference stands still or goes on by a few frames, or it jumps, which costs.

    Parameters
    ----------
    query : (t, e) array
        Behaviour codes of consecutive frames.
    reference : (j, e) array
        Behaviour codes of consecutive frames of the reference.
    ratio : float
        Frame rate of the reference by that of the query.
    jump : float
        Cost of a jump.
    cancel : Cancel, optional

    Returns
    -------
    path : (t,) int64 array
        Row of the reference at each frame.
    cost : (t,) float array
        Cosine distance there.
    """
    one, other = _unit(query), _unit(reference)
    count, width = len(one), len(other)
    steps = np.arange(max(round(SPEEDS * ratio), 1) + 1)
    strain = 0.1 * jump * np.abs(steps - ratio) / max(ratio, 1.0)
    back = np.full((count, width), -1, np.int16)  # step to here, or -1 for a jump
    best = np.zeros(count, np.int64)  # where a jump to this frame comes from
    total: npt.NDArray[Any] = np.zeros(width)
    for start in range(0, count, BLOCK):
        check_cancelled(cancel)
        for row, cost in enumerate(1 - one[start : start + BLOCK] @ other.T, start):
            if row:
                best[row] = int(total.argmin())
                reached, came = np.full(width, total[best[row]] + jump), np.full(width, -1, np.int16)
                for step, extra in zip(steps.tolist(), strain.tolist(), strict=True):
                    if step >= width:
                        break
                    on = total[: width - step] + extra
                    better = on < reached[step:]
                    reached[step:][better] = on[better]
                    came[step:][better] = step
                total, back[row] = reached, came
            total = total + cost
    path = np.empty(count, np.int64)
    path[-1] = int(total.argmin())
    for row in range(count - 1, 0, -1):
        step = int(back[row, path[row]])
        path[row - 1] = best[row] if step < 0 else path[row] - step
    return path, 1 - (one * other[path]).sum(1)


def _unit(codes: Floats) -> npt.NDArray[np.float32]:
    values = np.asarray(codes, np.float32)
    unit: npt.NDArray[np.float32] = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    return unit


def cross_subject_match(
    codes: Sequence[Codes], own: Codes, k: int = 4, share: float = 0.6, cancel: Cancel | None = None
) -> npt.NDArray[np.float32]:
    """Tell the postures of a recording by the nearest ones of other subjects.

    Parameters
    ----------
    codes : sequence of Codes
        All recordings.
    own : Codes
        The one that is told.
    k : int
        Nearest frames whose mean is taken, each of another subject.
    share : float
        Part of the frames, those that have the nearest ones, that are told.
    cancel : Cancel, optional

    Returns
    -------
    (t, d) float32 array
        Mean unit codes; NaN where no other subject's posture is near enough.
    """
    others = [one for one in codes if one.subject != own.subject and one.valid.any()]
    told = np.full(own.posture.shape, np.nan, np.float32)
    rows = np.flatnonzero(own.valid)
    if not others or not len(rows):
        return told
    names = {subject: number for number, subject in enumerate(dict.fromkeys(one.subject for one in others))}
    pool = np.concatenate([_unit(one.posture[one.valid]) for one in others])
    whose = np.concatenate([np.full(int(one.valid.sum()), names[one.subject]) for one in others])
    found = neighbours(
        own.posture[rows],
        pool,
        k=min(k, len(names)),
        reference_subjects=whose,
        per_subject=1,
        cancel=cancel,
    )
    near = found.distance.mean(1)
    good = near <= np.quantile(near, share)
    told[rows[good]] = pool[found.index[good]].mean(1)
    return told


def same_phase_rows(own: Codes, m: int = 6, apart: float = 0.4, cancel: Cancel | None = None) -> Ints:
    """Find frames of a recording at the same phase of the movement, at other times.

    Parameters
    ----------
    own : Codes
    m : int
        Frames to find for each.
    apart : float
        Seconds that they are away at least, from the frame and from each other.
    cancel : Cancel, optional

    Returns
    -------
    (t, m) int64 array
        Rows; -1 where there are fewer.
    """
    found = np.full((len(own), m), -1, np.int64)
    rows = np.flatnonzero(own.valid)
    if not len(rows):
        return found
    # Pieces of the recording stand for subjects, so that no two neighbours are next to each other.
    pieces = np.floor((own.times - own.times[0]) / (2 * apart)).astype(np.int64)
    got = neighbours(
        own.behaviour[rows],
        own.behaviour[rows],
        k=3 * m,
        reference_subjects=pieces[rows],
        per_subject=1,
        cancel=cancel,
    )
    for row, index in zip(rows, got.index, strict=True):
        others = rows[index[index >= 0]]
        others = others[np.abs(own.times[others] - own.times[row]) >= apart][:m]
        found[row, : len(others)] = others
    return found
