"""Exact nearest neighbours by cosine distance, with a limit for each reference subject."""

from __future__ import annotations

import queue
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .errors import DeviationError
from .neighbour_blocks import BLOCK_BYTES, Cosines, Floats, Ints, Task, finite_units, reference_blocks
from .neighbour_search import RESERVED, Search


@dataclass(frozen=True)
class Neighbours:
    """The nearest references of each query.

    Parameters
    ----------
    distance : ndarray of float32, shape (n, k)
        Cosine distance, 0 to 2, ascending in each row. ``inf`` where there are fewer than ``k`` neighbours.
    index : ndarray of int64, shape (n, k)
        Row of each neighbour in the references. -1 where there is none.
    """

    distance: npt.NDArray[np.float32]
    index: npt.NDArray[np.int64]


def neighbours(
    queries: npt.ArrayLike,
    references: npt.ArrayLike,
    *,
    k: int = 10,
    query_subjects: npt.ArrayLike | None = None,
    reference_subjects: npt.ArrayLike,
    per_subject: int = 2,
    unit_length: bool = False,
    window: int = 1,
    query_valid: npt.ArrayLike | None = None,
    block_bytes: int = BLOCK_BYTES,
    threads: int | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Neighbours:
    """Find the nearest references of each query, with a limit for each subject.

    The search is exact: it computes all products, in blocks that fit into the cache. In addition to the
    result it needs memory for the queries of length 1, one block of references and, in each thread, one block
    of products.

    Parameters
    ----------
    queries : array_like of float, shape (n, d)
        Codes to search neighbours for.
    references : array_like of float, shape (m, d)
        Codes to search in. They are converted to float32 block by block.
    k : int
        Number of neighbours of each query.
    query_subjects : array_like of int, shape (n,), optional
        Subject of each query. A query gets no neighbour of its own subject.
    reference_subjects : array_like of int, shape (m,)
        Subject of each reference. References with a negative number are skipped.
    per_subject : int
        Number of neighbours from one subject at most.
    unit_length : bool
        Queries and references are float32 of length 1 already, and are neither scaled nor checked.
    window : int
        Number of consecutive rows that are compared with each other: the distance of two rows is the mean
        distance over the windows that begin there. A window of references belongs to the subject of its first
        row; give rows a negative number where no whole window begins. This costs little more than a search
        for single rows, since the products of a pair of rows serve all windows that hold it.
    query_valid : array_like of bool, shape (n,), optional
        Whether a whole window begins at a row of the queries; such rows get no neighbours otherwise. By
        default, one begins at every row that has enough rows after it.
    block_bytes : int
        Size of a block of products in bytes.
    threads : int, optional
        Number of blocks that are searched at the same time. As many as BLAS would use if left out.
    progress : callable, optional
        Called with :class:`~napari_ubam.progress.Progress` events of the stage ``"score"``.
    cancel : object with ``is_set()``, optional
        Stops the search when set.

    Returns
    -------
    Neighbours
        Always ``k`` columns. If there are fewer neighbours, the remaining distances are ``inf`` and the
        indices -1. The order of equal distances is not defined. The distance to a code of zeros is 1.

    Raises
    ------
    DeviationError
        If shapes do not match, or a code is not finite.
    Cancelled
        When ``cancel`` is set.
    """
    queries, references = np.asarray(queries), np.asarray(references)
    subjects = np.asarray(reference_subjects)
    _check_shapes(queries, references, subjects, query_subjects)
    _check_window(window, len(queries), subjects, query_valid)
    check_cancelled(cancel)
    if k < 1 or per_subject < 1:
        raise DeviationError(f"k is {k} and per_subject is {per_subject}; both must be at least 1.")
    own = None if query_subjects is None else np.asarray(query_subjects)
    codes = queries if unit_length else finite_units(queries, "query", np.arange(len(queries)))
    valid = None if query_valid is None else np.asarray(query_valid, bool)
    search = Search(codes, own, k, per_subject, window, valid)
    report = _Reporter(progress or silent, search.work(subjects, block_bytes))
    workers = threads or _blas_threads()
    buffers = _buffers(workers, search.numbers(subjects, block_bytes))

    def work(task: Task) -> None:
        check_cancelled(cancel)
        buffer = buffers.get()
        try:
            search.run(task, buffer)
        finally:
            buffers.put(buffer)

    # BLAS uses one thread for a block, so that the search for the largest products also runs in parallel.
    with _blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        for block in reference_blocks(references, subjects, unit_length=unit_length, window=window):
            for _ in pool.map(work, search.tasks(block, block_bytes)):
                report.step()
    return Neighbours(*search.result())


class _Reporter:
    """Reports the finished steps, a few times a second."""

    def __init__(self, progress: ProgressCallback, of: int) -> None:
        self._progress, self._of = progress, of
        self._done, self._begin, self._told = 0, time.monotonic(), 0.0

    def step(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._told > 0.2 or self._done == self._of:
            self._told = now
            eta = (now - self._begin) / self._done * (self._of - self._done)
            self._progress(Progress("score", self._done, self._of, eta=eta))


def _buffers(count: int, numbers: int) -> queue.SimpleQueue[Cosines]:
    """Memory for each thread: a block of products, and what is computed beside it."""
    buffers: queue.SimpleQueue[Cosines] = queue.SimpleQueue()
    for _ in range(count):
        buffers.put(np.empty(max(numbers, RESERVED), np.float32))
    return buffers


def _blas_threads() -> int:
    """Count the threads that matrix products would use."""
    return max((info["num_threads"] for info in _blas().info() if info["user_api"] == "blas"), default=1)


@cache
def _blas() -> Any:
    """Find the controller of BLAS threads. It is kept, since this takes longer than a small search."""
    return ThreadpoolController()


def _check_shapes(
    queries: Floats, references: Floats, subjects: Ints, query_subjects: npt.ArrayLike | None
) -> None:
    if queries.ndim != 2 or references.ndim != 2 or queries.shape[1] != references.shape[1]:
        raise DeviationError(
            f"Queries of shape {queries.shape} and references of shape {references.shape} cannot be "
            "compared; pass arrays (n, d) and (m, d)."
        )
    if subjects.shape != references.shape[:1]:
        raise DeviationError(
            f"There are {len(references)} references and {subjects.size} subjects; pass one subject for each."
        )
    if query_subjects is not None and np.shape(query_subjects) != queries.shape[:1]:
        raise DeviationError(
            f"There are {len(queries)} queries and {np.size(query_subjects)} subjects; pass one subject for "
            "each."
        )


def _check_window(window: int, queries: int, subjects: Ints, query_valid: npt.ArrayLike | None) -> None:
    if window < 1:
        raise DeviationError(f"window is {window}; it must be at least 1.")
    if query_valid is not None and np.shape(query_valid) != (queries,):
        raise DeviationError(
            f"There are {queries} queries and {np.size(query_valid)} values in query_valid; pass one for "
            "each."
        )
    if window > 1 and (subjects[max(len(subjects) - window + 1, 0) :] >= 0).any():
        raise DeviationError(
            f"The last {window - 1} references have a subject, but no window of {window} begins there; give "
            "them a negative number."
        )
