"""The search for the nearest reference frames of whole recordings, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_ubam.kinds import KINDS
from napari_ubam.progress import Cancel, Progress, ProgressCallback

from .codes import Codes
from .neighbours import neighbours
from .recorded import Recorded
from .reference import Means, ReferenceCodes
from .unit_vectors import unit_vectors

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Deviations = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class SearchTask:
    """All that the deviation of a recording is computed from, besides its codes. It can be pickled.

    Parameters
    ----------
    posture, behaviour : ReferenceCodes
        Codes of the reference.
    folds : int
        Number of folds of the reference.
    means : Means
        Mean postures of the subjects.
    k, per_subject : int
        Number of nearest frames, and of those of one subject at most.
    """

    posture: ReferenceCodes
    behaviour: ReferenceCodes
    folds: int
    means: Means
    k: int
    per_subject: int

    def deviations(
        self,
        one: Codes,
        own: Ints | None,
        progress: Callable[[Progress], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Deviations:
        """Compute the deviation of every frame of a recording.

        Parameters
        ----------
        one : Codes
        own : ndarray of int, shape (t,), optional
            Fold that each frame is not compared with; None if the subject is not in the reference.
        progress, cancel : optional
            As `deviation` takes them.

        Returns
        -------
        dict of str to ndarray of float32, shape (t,)
            By kind, NaN where a frame is not valid.
        """
        return {kind: self._deviations(one, kind, own, progress, cancel) for kind in KINDS}

    def _deviations(
        self,
        one: Codes,
        kind: str,
        own: Ints | None,
        progress: Callable[[Progress], None] | None,
        cancel: Cancel | None,
    ) -> npt.NDArray[np.float32]:
        compared: ReferenceCodes = getattr(self, kind)
        grid = None if compared.window is None else one.grid(compared.window, self.means.of(one))
        if grid is None:
            queries = unit_vectors(getattr(one, kind)[one.valid])
            folds = None if own is None else own[one.valid]
        else:
            queries, folds = grid.postures, None if own is None else own[grid.centre]
        nearest = neighbours(
            queries,
            compared.codes,
            k=self.k + self.per_subject,  # at least k remain, no matter which subject is left out
            query_subjects=folds,
            reference_subjects=compared.fold,
            per_subject=self.per_subject,
            unit_length=True,
            window=1 if compared.window is None else compared.window.steps,
            query_valid=None if grid is None else grid.begins,
            progress=progress,
            cancel=cancel,
        )
        if own is None:
            found = np.where(nearest.index < 0, -1, compared.fold[nearest.index])
            values = _leave_one_out_mean(nearest.distance, found, self.folds, self.k)
        else:
            values = _mean_distance(nearest.distance, self.k)
        if grid is not None:
            return grid.at_frames(values)
        result = np.full(len(one), np.nan, np.float32)
        result[one.valid] = values
        return result


class Searcher(Protocol):
    """Searches all recordings of a study, here or elsewhere."""

    def __call__(
        self,
        task: SearchTask,
        recordings: Sequence[Recorded],
        own: dict[str, Ints],
        progress: ProgressCallback,
        cancel: Cancel | None,
    ) -> Iterator[tuple[str, Deviations]]:
        """Give the name and the deviations of each recording, in any order.

        Parameters
        ----------
        task : SearchTask
        recordings : sequence of Recorded
        own : dict of str to ndarray of int, shape (t,)
            Fold that each frame is not compared with, by name; nothing for subjects outside the reference.
        progress, cancel
            As `deviation` takes them.

        Yields
        ------
        (str, dict of str to ndarray of float32)
        """
        ...


def search_in_turn(
    task: SearchTask,
    recordings: Sequence[Recorded],
    own: dict[str, Ints],
    progress: ProgressCallback,
    cancel: Cancel | None,
) -> Iterator[tuple[str, Deviations]]:
    """Search one recording after the other in this process, each on all cores.

    Parameters
    ----------
    task, recordings, own, progress, cancel
        As for `Searcher`.

    Yields
    ------
    (str, dict of str to ndarray of float32)
    """
    steps = _Steps(progress, len(KINDS) * sum(int(one.valid.sum()) for one in recordings))
    for one in recordings:
        yield one.name, task.deviations(one.load(), own.get(one.name), steps.of(one), cancel)


def _mean_distance(distance: Floats, k: int) -> npt.NDArray[np.float64]:
    """Mean (n,) of the first k of the ascending distances (n, m), without ``inf``; NaN if none is left."""
    nearest = distance[:, :k].astype(np.float64)
    found = np.isfinite(nearest)
    count = found.sum(axis=1)
    total = np.where(found, nearest, 0).sum(axis=1)
    mean: npt.NDArray[np.float64] = total / np.where(count, count, np.nan)
    return mean


def _leave_one_out_mean(distance: Floats, folds: Ints, count: int, k: int) -> npt.NDArray[np.float64]:
    """Mean distance (n,) to the k nearest, averaged over leaving out each of the ``count`` folds in turn.

    A reference frame is compared with all reference subjects but its own. Without this average, a frame of
    another subject would be compared with one subject more, and so have nearer neighbours.
    """
    whole = _mean_distance(distance, k)
    total = count * whole
    for fold in range(count):
        # Only these rows change when this fold is left out.
        rows = np.flatnonzero((folds[:, :k] == fold).any(axis=1))
        left = np.where(folds[rows] == fold, np.inf, distance[rows])
        total[rows] += _mean_distance(np.sort(left, axis=1), k) - whole[rows]
    return total / count


class _Steps:
    """Progress of all searches as progress of one stage."""

    def __init__(self, progress: ProgressCallback, frames: int) -> None:
        self._progress, self._frames = progress, frames
        self._before, self._begin = 0, time.monotonic()

    def of(self, one: Recorded) -> Callable[[Progress], None]:
        """Report the events of the next search in this recording."""
        length = int(one.valid.sum())

        def report(event: Progress) -> None:
            done = self._before + event.share * length
            eta = (time.monotonic() - self._begin) * (self._frames / done - 1) if done else None
            self._progress(Progress("score", int(done), self._frames, detail=one.name, eta=eta))
            if event.step == event.of:
                self._before += length

        return report
