"""The reference: which frames others are compared with, and which of them are left out for each frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .codes import Codes
from .errors import DeviationError
from .unit_vectors import unit_vectors
from .window_grid import WindowGrid, WindowSize

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]

BLOCKS = 10  # blocks of time, if the reference is one subject
MARGIN = 2.0  # seconds on each side of a block's edge that are not used as reference
_MIN_FRAMES = 5  # in each block of time
CADENCES = (1.0, 0.87, 1.15)  # lengths of the windows of the reference, relative to those of the queries
_RUN = 256  # consecutive windows that are chosen together where a subject has too many


@dataclass(frozen=True)
class ReferenceCodes:
    """Codes of one kind that others are compared with.

    Parameters
    ----------
    codes : ndarray of float32, shape (m, d)
        Codes of length 1.
    fold : ndarray of int, shape (m,)
        Fold of each frame, or of the window that begins at a row; -1 where no window begins.
    window : WindowSize or None
        None if a row is compared with one row.
    """

    codes: npt.NDArray[np.float32]
    fold: Ints
    window: WindowSize | None = None


@dataclass(frozen=True)
class Reference:
    """Frames that define normal, in folds as in a cross-validation.

    A frame of the reference is never compared with frames of its own fold. A fold is a subject or, if there
    is one subject only, a block of time.

    Parameters
    ----------
    subjects : tuple of str
        Reference subjects. If there are several, the fold of a subject is its place here.
    posture, behaviour : ReferenceCodes
        Codes of the reference frames and of their windows.
    own : mapping of str to ndarray of int, shape (t,)
        For recordings of the reference subjects, by name: the fold that each frame is not compared with.
    counts : mapping of str to int
        Number of reference frames, by subject.
    """

    subjects: tuple[str, ...]
    posture: ReferenceCodes
    behaviour: ReferenceCodes
    own: Mapping[str, Ints]
    counts: Mapping[str, int]

    @property
    def folds(self) -> int:
        """Number of folds."""
        return BLOCKS if len(self.subjects) == 1 else len(self.subjects)

    @property
    def window_counts(self) -> Mapping[str, int]:
        """Number of reference windows at all speeds, by subject."""
        fold = self.behaviour.fold
        if len(self.subjects) == 1:
            return {self.subjects[0]: int((fold >= 0).sum())}
        return {subject: int((fold == number).sum()) for number, subject in enumerate(self.subjects)}


class Means:
    """Mean posture of each subject in each session, over all of its recordings there.

    Parameters
    ----------
    codes : sequence of Codes
        All recordings.
    """

    def __init__(self, codes: Sequence[Codes]) -> None:
        self._found: dict[tuple[str, str], npt.NDArray[np.float64]] = {}
        for key in dict.fromkeys((one.subject, one.session) for one in codes):
            own = [one for one in codes if (one.subject, one.session) == key and one.window is not None]
            if own:
                count = max(sum(int(one.has_posture.sum()) for one in own), 1)
                self._found[key] = np.sum([one.posture_sum() for one in own], axis=0) / count

    def of(self, one: Codes) -> npt.NDArray[np.float64]:
        """Give the mean that belongs to a recording.

        Parameters
        ----------
        one : Codes
            One of the recordings, whose windows are compared by posture.

        Returns
        -------
        ndarray of float64, shape (d,)
        """
        return self._found[one.subject, one.session]


def choose_reference(
    codes: Sequence[Codes], names: Sequence[str], max_frames: int, means: Means
) -> Reference:
    """Choose the frames of the reference.

    Parameters
    ----------
    codes : sequence of Codes
        All recordings.
    names : sequence of str
        Names of the reference recordings.
    max_frames : int
        Number of frames of one subject at most, evenly spread over its valid frames, and of its windows,
        which are taken in runs.
    means : Means
        Mean postures of the subjects.

    Returns
    -------
    Reference

    Raises
    ------
    DeviationError
        If there is no recording or no valid frame, or a single subject has too few frames.
    """
    chosen = [one for one in codes if one.name in set(names) and one.valid.any()]
    if not chosen:
        raise DeviationError(
            "The recordings of the reference have no valid frame; choose others or check their tracks."
        )
    subjects = tuple(dict.fromkeys(one.subject for one in chosen))
    if len(subjects) == 1:
        own = time_blocks(chosen)
        usable = {one.name: one.valid & ~_near_an_edge(one, own[one.name], _margin(chosen)) for one in chosen}
    else:
        own = {
            one.name: np.full(len(one), subjects.index(one.subject))
            for one in codes
            if one.subject in subjects
        }
        usable = {one.name: one.valid for one in chosen}
    picked = {
        name: picks for subject in subjects for name, picks in _spread(chosen, subject, usable, max_frames)
    }
    parts = [(one, picked[one.name]) for one in chosen]
    fold = np.concatenate([own[one.name][rows] for one, rows in parts])
    _refuse_few(subjects, fold)

    def frames(kind: str) -> ReferenceCodes:
        codes = np.concatenate([getattr(one, kind)[rows] for one, rows in parts])
        return ReferenceCodes(unit_vectors(codes), fold)

    window = chosen[0].window
    return Reference(
        subjects,
        frames("posture"),
        frames("behaviour") if window is None else _windows(chosen, window, own, usable, max_frames, means),
        own,
        {subject: sum(len(rows) for one, rows in parts if one.subject == subject) for subject in subjects},
    )


def _windows(
    chosen: Sequence[Codes],
    window: WindowSize,
    own: Mapping[str, Ints],
    usable: Mapping[str, npt.NDArray[np.bool_]],
    max_windows: int,
    means: Means,
) -> ReferenceCodes:
    """Postures of the reference at equal time steps, and the folds of the windows that begin at them."""
    codes, folds = [], []
    for subject in dict.fromkeys(one.subject for one in chosen):
        recordings = [one for one in chosen if one.subject == subject]
        # The grids are made twice, since those of all recordings together may not fit into memory.
        total = sum(
            int(begins.sum())
            for one in recordings
            for _, begins in _at_all_speeds(one, window, usable[one.name], means)
        )
        share, before = max_windows / max(total, 1), 0
        for one in recordings:
            for grid, begins in _at_all_speeds(one, window, usable[one.name], means):
                flags = _thinned(begins, share, before)
                before += int(begins.sum())
                if not flags.any():
                    continue
                needed = np.convolve(flags, np.ones(window.steps))[: len(flags)] > 0.5
                codes.append(grid.postures[needed])
                folds.append(np.where(flags, own[one.name][grid.centre], -1)[needed])
    if not folds:
        raise DeviationError(
            f"No recording of the reference has a whole window of {window.milliseconds:g} ms without a gap; "
            "choose longer recordings, or train with a shorter window."
        )
    return ReferenceCodes(np.concatenate(codes), np.concatenate(folds), window)


def _at_all_speeds(
    one: Codes, window: WindowSize, usable: npt.NDArray[np.bool_], means: Means
) -> Iterator[tuple[WindowGrid, npt.NDArray[np.bool_]]]:
    """Read a recording at several speeds: a movement that is only a little faster or slower finds its like.

    Yields each grid and the points at which windows of usable frames begin; nothing if the recording is too
    short for a window at its own speed.
    """
    for cadence in CADENCES:
        grid = one.grid(replace(window, milliseconds=window.milliseconds * cadence), means.of(one))
        begins = _begins(grid, usable)
        if cadence == 1 and not begins.any():
            return
        yield grid, begins


def _begins(grid: WindowGrid, usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Points of a grid at which a window of a usable frame begins."""
    found: npt.NDArray[np.bool_] = grid.begins & usable[grid.centre]
    return found


def _thinned(begins: npt.NDArray[np.bool_], share: float, before: int) -> npt.NDArray[np.bool_]:
    """Keep a share of the windows, in runs that are evenly spread: windows nearby have rows in common.

    ``before`` counts the windows of the subject's recordings before this one, so that the first of many short
    recordings is kept, and not none of them.
    """
    if share >= 1:
        return begins
    run = (before + np.cumsum(begins) - 1) // _RUN
    kept = np.floor(run * share) > np.floor((run - 1) * share)
    found: npt.NDArray[np.bool_] = begins & kept
    return found


def time_blocks(chosen: Sequence[Codes]) -> dict[str, Ints]:
    """Split the recordings of one subject into blocks of time with equal numbers of valid frames.

    Parameters
    ----------
    chosen : sequence of Codes
        Recordings of one subject.

    Returns
    -------
    dict of str to ndarray of int, shape (t,)
        Block of every frame, 0 to ``BLOCKS - 1``, by name of recording.
    """
    total, before, blocks = sum(int(one.valid.sum()) for one in chosen), 0, {}
    for one in chosen:
        place = before + np.cumsum(one.valid) - one.valid
        blocks[one.name] = np.minimum(place * BLOCKS // total, BLOCKS - 1)
        before += int(one.valid.sum())
    return blocks


def _margin(chosen: Sequence[Codes]) -> float:
    """Seconds left out on each side of an edge; at most a quarter of a block."""
    return min(MARGIN, sum(float(np.ptp(one.times)) for one in chosen) / BLOCKS / 4)


def _near_an_edge(one: Codes, blocks: Ints, margin: float) -> npt.NDArray[np.bool_]:
    near = np.zeros(len(one), bool)
    for place in np.flatnonzero(np.diff(blocks)):
        edge = (one.times[place] + one.times[place + 1]) / 2
        near |= np.abs(one.times - edge) < margin
    return near


def _spread(
    chosen: Sequence[Codes], subject: str, usable: Mapping[str, npt.NDArray[np.bool_]], max_frames: int
) -> list[tuple[str, Ints]]:
    """Rows of each recording of a subject, evenly spread over all its usable frames."""
    rows = {one.name: np.flatnonzero(usable[one.name]) for one in chosen if one.subject == subject}
    total = sum(map(len, rows.values()))
    places = np.unique(np.linspace(0, total - 1, min(max_frames, total)).round().astype(int))
    result, before = [], 0
    for name, own in rows.items():
        inside = places[(places >= before) & (places < before + len(own))] - before
        result.append((name, own[inside]))
        before += len(own)
    return result


def _refuse_few(subjects: tuple[str, ...], fold: Ints) -> None:
    if len(subjects) == 1 and np.bincount(fold, minlength=BLOCKS).min() < _MIN_FRAMES:
        raise DeviationError(
            f"The reference is the one subject {subjects[0]} with too few valid frames to compare with each "
            "other; choose more reference subjects or longer recordings."
        )
