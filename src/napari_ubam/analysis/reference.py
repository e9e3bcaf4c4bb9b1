"""The reference: which frames others are compared with, and which of them are left out for each frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .codes import Codes
from .durations import frame_seconds
from .errors import DeviationError
from .recorded import Recorded
from .reference_limits import Limits, largest_share
from .unit_vectors import unit_vectors
from .window_grid import WindowGrid, WindowSize

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]

BLOCKS = 10  # blocks of time, if the reference is one subject
MARGIN = 2.0  # seconds on each side of a block's edge that are not used as reference
_MIN_FRAMES = 5  # in each block of time
CADENCES = (1.0, 0.87, 1.15)  # lengths of the windows of the reference, relative to those of the queries
TOO_SHORT = "too short to be split into stretches"  # in a warning
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
    available : mapping of str to int
        Number of frames that could have been used, by subject.
    warnings : tuple of str
        Sentences for the user.
    """

    subjects: tuple[str, ...]
    posture: ReferenceCodes
    behaviour: ReferenceCodes
    own: Mapping[str, Ints]
    counts: Mapping[str, int]
    available: Mapping[str, int]
    warnings: tuple[str, ...] = ()

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
    recordings : sequence of Recorded
        All recordings.
    """

    def __init__(self, recordings: Sequence[Recorded]) -> None:
        self._found: dict[tuple[str, str], npt.NDArray[np.float64]] = {}
        sums: dict[tuple[str, str], list[npt.NDArray[np.float64]]] = {}
        counts: dict[tuple[str, str], int] = {}
        for one in recordings:
            if one.posture_sum is None:
                continue
            key = one.subject, one.session
            sums.setdefault(key, []).append(one.posture_sum)
            counts[key] = counts.get(key, 0) + int(one.has_posture.sum())
        for key, parts in sums.items():
            self._found[key] = np.sum(parts, axis=0) / max(counts[key], 1)

    def of(self, one: Recorded | Codes) -> npt.NDArray[np.float64]:
        """Give the mean that belongs to a recording.

        Parameters
        ----------
        one : Recorded or Codes
            One of the recordings, whose windows are compared by posture.

        Returns
        -------
        ndarray of float64, shape (d,)
        """
        return self._found[one.subject, one.session]


def choose_reference(
    recordings: Sequence[Recorded],
    names: Sequence[str],
    limits: Limits,
    means: Means,
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> Reference:
    """Choose the frames of the reference. The codes of one recording are in memory at a time.

    Parameters
    ----------
    recordings : sequence of Recorded
        All recordings.
    names : sequence of str
        Names of the reference recordings.
    limits : Limits
        Number of frames of one subject at most and of all subjects together, and of windows. Frames are
        evenly spread over the valid frames of a subject, windows are taken in runs.
    means : Means
        Mean postures of the subjects.
    progress, cancel : optional
        Called with the progress of the stage ``"reading"``; checked at each recording.

    Returns
    -------
    Reference

    Raises
    ------
    DeviationError
        If there is no recording or no valid frame, or a single subject has too few frames.
    """
    wanted = set(names)
    chosen = [one for one in recordings if one.name in wanted and one.valid.any()]
    if not chosen:
        raise DeviationError(
            "The recordings of the reference have no valid frame; choose others or check their tracks."
        )
    subjects = tuple(dict.fromkeys(one.subject for one in chosen))
    said: tuple[str, ...] = ()
    if len(subjects) == 1:
        own: dict[str, Ints] = time_blocks(chosen)
        margin = _margin(chosen)
        usable = {one.name: one.valid & ~_near_an_edge(one, own[one.name], margin) for one in chosen}
        said = _short_baseline(chosen, margin)
    else:
        place = {subject: number for number, subject in enumerate(subjects)}
        own = {
            one.name: np.full(len(one), place[one.subject], np.int32)
            for one in recordings
            if one.subject in place
        }
        usable = {one.name: one.valid for one in chosen}
    available = _sums(chosen, {name: int(flags.sum()) for name, flags in usable.items()})
    most = largest_share(list(available.values()), limits)
    picked = {name: picks for subject in subjects for name, picks in _spread(chosen, subject, usable, most)}
    _refuse_few(subjects, np.concatenate([own[one.name][picked[one.name]] for one in chosen]))
    kept = _Windows(chosen, usable, limits)
    parts: dict[str, list[npt.NDArray[np.float32]]] = {"posture": [], "behaviour": []}
    for number, one in enumerate(chosen):
        check_cancelled(cancel)
        progress(Progress("reading", number, len(chosen), detail=one.name))
        codes = one.load()
        for kind in ("posture",) if one.window is not None else ("posture", "behaviour"):
            parts[kind].append(unit_vectors(getattr(codes, kind)[picked[one.name]]))
        if one.window is not None:
            kept.add(one, codes, own[one.name], means)
    fold = np.concatenate([own[one.name][picked[one.name]] for one in chosen])
    posture = ReferenceCodes(np.concatenate(parts["posture"]), fold)
    if chosen[0].window is None:
        behaviour = ReferenceCodes(np.concatenate(parts["behaviour"]), fold)
    else:
        behaviour = kept.together(chosen[0].window)
    counts = _sums(chosen, {name: len(rows) for name, rows in picked.items()})
    return Reference(subjects, posture, behaviour, own, counts, available, said)


def _sums(chosen: Sequence[Recorded], counts: Mapping[str, int]) -> dict[str, int]:
    """Sum numbers of recordings by subject."""
    found: dict[str, int] = {}
    for one in chosen:
        found[one.subject] = found.get(one.subject, 0) + counts[one.name]
    return found


class _Windows:
    """Chooses the windows of the reference: first how many there are, then their postures."""

    def __init__(
        self, chosen: Sequence[Recorded], usable: Mapping[str, npt.NDArray[np.bool_]], limits: Limits
    ) -> None:
        self._usable = usable
        # Only places are worked out here: postures at equal steps of all recordings may not fit into memory.
        self._begins = {
            one.name: [_begins(grid, usable[one.name]) for grid in _layouts(one, usable[one.name])]
            for one in chosen
            if one.window is not None
        }
        totals = {name: sum(int(flags.sum()) for flags in own) for name, own in self._begins.items()}
        self._totals = _sums([one for one in chosen if one.name in totals], totals)
        self._most = largest_share(list(self._totals.values()), limits)
        self._before = dict.fromkeys(self._totals, 0)
        self._codes: dict[str, list[npt.NDArray[np.float32]]] = {subject: [] for subject in self._totals}
        self._folds: dict[str, list[Ints]] = {subject: [] for subject in self._totals}

    def add(self, one: Recorded, codes: Codes, fold: Ints, means: Means) -> None:
        """Take the chosen windows of a recording."""
        share = self._most / max(self._totals[one.subject], 1)
        for cadence, begins in zip(CADENCES, self._begins[one.name], strict=False):
            flags = _thinned(begins, share, self._before[one.subject])
            self._before[one.subject] += int(begins.sum())
            if not flags.any() or one.window is None:
                continue
            grid = codes.grid(_at(one.window, cadence), means.of(one))
            needed = np.convolve(flags, np.ones(one.window.steps))[: len(flags)] > 0.5
            self._codes[one.subject].append(grid.postures[needed])
            self._folds[one.subject].append(np.where(flags, fold[grid.centre], -1)[needed])

    def together(self, window: WindowSize) -> ReferenceCodes:
        """Put the windows of all subjects together."""
        folds = [part for own in self._folds.values() for part in own]
        if not folds:
            raise DeviationError(
                f"No recording of the reference has a whole window of {window.milliseconds:g} ms without a "
                "gap; choose longer recordings, or train with a shorter window."
            )
        codes = np.concatenate([part for own in self._codes.values() for part in own])
        self._codes.clear()
        return ReferenceCodes(codes, np.concatenate(folds), window)


def _layouts(one: Recorded, usable: npt.NDArray[np.bool_]) -> Iterator[WindowGrid]:
    """Places of the windows at several speeds: a movement a little faster or slower finds its like.

    Nothing if the recording is too short for a window at its own speed.
    """
    for cadence in CADENCES if one.window is not None else ():
        grid = one.windows(_at(one.window, cadence))  # type: ignore[arg-type]
        if cadence == 1 and not _begins(grid, usable).any():
            return
        yield grid


def _at(window: WindowSize, cadence: float) -> WindowSize:
    """Size of a window that is a little faster or slower."""
    return replace(window, milliseconds=window.milliseconds * cadence)


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


def time_blocks(chosen: Sequence[Recorded | Codes]) -> dict[str, Ints]:
    """Split the recordings of one subject into blocks of time with equal numbers of valid frames.

    Parameters
    ----------
    chosen : sequence of Recorded or Codes
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


def _margin(chosen: Sequence[Recorded]) -> float:
    """Seconds left out on each side of an edge: a quarter of a block, two seconds at most.

    Never so few that windows on two sides of an edge share frames, if the blocks are long enough for that.
    """
    block = sum(float(np.ptp(one.times)) for one in chosen) / BLOCKS
    usual, apart = min(MARGIN, block / 4), _apart(chosen)
    enough = block - 2 * apart >= _MIN_FRAMES * max(frame_seconds(one.times) for one in chosen)
    return max(usual, apart) if enough else usual


def _apart(chosen: Sequence[Recorded]) -> float:
    """Seconds from an edge to the middle of the next window of the reference, so that none shares frames."""
    seconds = max(0.0 if one.window is None else one.window.milliseconds / 1000 for one in chosen)
    return seconds * (1 + max(CADENCES)) / 2


def _short_baseline(chosen: Sequence[Recorded], margin: float) -> tuple[str, ...]:
    """Say whether windows on two sides of an edge share frames."""
    apart = _apart(chosen)
    if margin >= apart:
        return ()
    frames = _MIN_FRAMES * max(frame_seconds(one.times) for one in chosen)
    return (
        f"The reference recordings of {chosen[0].subject} are {TOO_SHORT} without frames that their windows "
        "have in common, so they deviate too little from each other, and later recordings seem to deviate "
        f"more; choose reference recordings of {np.ceil(BLOCKS * (2 * apart + frames)):.0f} seconds or more.",
    )


def _near_an_edge(one: Recorded, blocks: Ints, margin: float) -> npt.NDArray[np.bool_]:
    near = np.zeros(len(one), bool)
    for place in np.flatnonzero(np.diff(blocks)):
        edge = (one.times[place] + one.times[place + 1]) / 2
        near |= np.abs(one.times - edge) < margin
    return near


def _spread(
    chosen: Sequence[Recorded], subject: str, usable: Mapping[str, npt.NDArray[np.bool_]], max_frames: int
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
