"""Exact nearest neighbours by cosine distance, with a limit for each reference subject."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .errors import DeviationError
from .unit_vectors import unit_vectors

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Cosines = npt.NDArray[np.float32]

BLOCK_BYTES = 4 * 2**20
_WIDTH = 4096  # references in a block: one row of products and the codes of the block fit into the cache
_PART = 512  # a row of products is searched in parts of at least this width
# Numbers that each thread reserves. Only from 32 MiB on does the system reliably use large pages, which save
# a tenth of the time. Pages that are never touched take no memory.
_RESERVED = 2**23
_ROWS = 4096  # queries in a block at most, where subjects have few frames


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
    check_cancelled(cancel)
    if k < 1 or per_subject < 1:
        raise DeviationError(f"k is {k} and per_subject is {per_subject}; both must be at least 1.")
    own = None if query_subjects is None else np.asarray(query_subjects)
    codes = queries if unit_length else _finite_units(queries, "query", np.arange(len(queries)))
    search = _Search(codes, own, k, per_subject)
    report = _Reporter(progress or silent, search.work(references, subjects, block_bytes))
    workers = threads or _blas_threads()
    buffers = _buffers(workers, block_bytes)

    def work(task: _Task) -> None:
        check_cancelled(cancel)
        buffer = buffers.get()
        try:
            search.run(task, buffer)
        finally:
            buffers.put(buffer)

    # BLAS uses one thread for a block, so that the search for the largest products also runs in parallel.
    with _blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        for block in reference_blocks(references, subjects, unit_length=unit_length):
            for _ in pool.map(work, search.tasks(block, block_bytes)):
                report.step()
    return search.result()


@dataclass(frozen=True)
class ReferenceBlock:
    """Some frames of one reference subject.

    Parameters
    ----------
    subject : int
        The subject.
    index : ndarray of int, shape (w,)
        Rows of the references.
    codes : ndarray of float32, shape (w, d)
        Their codes, of length 1.
    first, last : bool
        Whether this is the first or the last block of the subject.
    """

    subject: int
    index: npt.NDArray[np.int64]
    codes: Cosines
    first: bool
    last: bool


@dataclass(frozen=True)
class _Task:
    block: ReferenceBlock
    rows: slice

    @property
    def parts(self) -> int:
        """Number of parts of equal width that a row of products is split into."""
        return max(len(self.block.index) // _PART, 1)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and of references, the latter rounded up so that all parts are equally wide."""
        return self.rows.stop - self.rows.start, -(-len(self.block.index) // self.parts) * self.parts


def reference_blocks(
    references: Floats, subjects: Ints, *, unit_length: bool = False
) -> Iterator[ReferenceBlock]:
    """Split the references into blocks of one subject each.

    Parameters
    ----------
    references : ndarray of float, shape (m, d)
        Codes.
    subjects : ndarray of int, shape (m,)
        Subject of each. References with a negative number are skipped.
    unit_length : bool
        The codes are float32 of length 1 already.

    Yields
    ------
    ReferenceBlock
        One subject after the other.
    """
    for subject, indices in _by_subject(subjects):
        for number, index in enumerate(indices):
            codes = references[index]
            if not unit_length:
                codes = _finite_units(codes, "reference", index)
            yield ReferenceBlock(subject, index, codes, number == 0, number == len(indices) - 1)


def query_blocks(count: int, width: int, block_bytes: int) -> list[slice]:
    """Split the queries so that a block of float32 products has a given size.

    Parameters
    ----------
    count : int
        Number of queries.
    width : int
        Number of references that they are multiplied with.
    block_bytes : int
        Size of a block of products in bytes.

    Returns
    -------
    list of slice
        Rows of the queries, in slices of nearly equal length.
    """
    rows = int(np.clip(block_bytes // (4 * width), 1, _ROWS))
    edges = np.linspace(0, count, -(-count // rows) + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


class _Search:
    """Best neighbours so far: those of the subject that is searched now, and those of all before it."""

    def __init__(self, codes: Cosines, subjects: Ints | None, k: int, per_subject: int) -> None:
        self._codes, self._subjects = codes, subjects
        count = len(codes)
        self._best = np.full((count, k), -np.inf, np.float32)  # cosines, descending
        self._index = np.full((count, k), -1, np.int64)
        self._own_best = np.empty((count, per_subject), np.float32)
        self._own_index = np.empty((count, per_subject), np.int64)

    def work(self, references: Floats, subjects: Ints, block_bytes: int) -> int:
        """Count the tasks."""
        widths = (len(index) for _, indices in _by_subject(subjects) for index in indices)
        return sum(len(query_blocks(len(self._codes), width, block_bytes)) for width in widths)

    def tasks(self, block: ReferenceBlock, block_bytes: int) -> Iterator[_Task]:
        """Combine a block of references with all blocks of queries."""
        for rows in query_blocks(len(self._codes), len(block.index), block_bytes):
            yield _Task(block, rows)

    def run(self, task: _Task, buffer: Cosines) -> None:
        """Search a block. Threads can search different rows at the same time."""
        block, rows = task.block, task.rows
        if block.first:
            self._own_best[rows] = -np.inf
            self._own_index[rows] = -1
        wanted = np.ones(rows.stop - rows.start, bool)
        if self._subjects is not None:
            wanted = self._subjects[rows] != block.subject
        if wanted.any():
            products = buffer[: prod(task.shape)].reshape(task.shape)
            scratch = buffer[prod(task.shape) :]
            width = len(block.index)
            np.matmul(self._codes[rows], block.codes.T, out=products[:, :width])
            products[:, width:] = -np.inf
            self._take(products, np.flatnonzero(wanted), task, scratch)
        if block.last:
            self._merge(rows)

    def _take(self, products: Cosines, rows: Ints, task: _Task, scratch: Cosines) -> None:
        """Keep the largest products of each row, up to the limit for a subject."""
        best, index = self._own_best[task.rows], self._own_index[task.rows]
        least = self._best[task.rows, -1]  # a smaller product cannot be among the k nearest
        parts = products.reshape(len(products) * task.parts, -1)
        # All products are read only here. After this, only the best part of each row is read.
        top = parts.max(1).reshape(len(products), task.parts)
        for left in reversed(range(best.shape[1])):
            part = top[rows].argmax(1)
            values = top[rows, part]
            better = values > np.maximum(best[rows].min(1), least[rows])
            rows, part, values = rows[better], part[better], values[better]
            if not len(rows):
                return
            line = rows * task.parts + part
            # The copy goes into reserved memory: new memory for each block would take as long as the search.
            copy = scratch[: len(rows) * parts.shape[1]].reshape(len(rows), -1)
            parts.take(line, axis=0, out=copy, mode="clip")
            column = copy.argmax(1)
            place = best[rows].argmin(1)
            best[rows, place] = values
            index[rows, place] = task.block.index[part * parts.shape[1] + column]
            if not left:
                return
            copy[np.arange(len(rows)), column] = parts[line, column] = -np.inf
            top[rows, part] = copy.max(1)

    def _merge(self, rows: slice) -> None:
        """Merge the best of this subject with the best of all subjects."""
        changed = np.flatnonzero(self._own_best[rows].max(1) > self._best[rows, -1]) + rows.start
        values = np.concatenate([self._best[changed], self._own_best[changed]], axis=1)
        index = np.concatenate([self._index[changed], self._own_index[changed]], axis=1)
        order = np.argsort(-values, axis=1, kind="stable")[:, : self._best.shape[1]]
        self._best[changed] = np.take_along_axis(values, order, axis=1)
        self._index[changed] = np.take_along_axis(index, order, axis=1)

    def result(self) -> Neighbours:
        """Convert cosines to distances."""
        distance = np.clip(1 - self._best, 0, None)
        distance[self._index >= 0] = np.minimum(distance[self._index >= 0], 2)
        return Neighbours(distance, self._index)


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


def _buffers(count: int, block_bytes: int) -> queue.SimpleQueue[Cosines]:
    """Memory for a block of products and for a copy of parts of it, for each thread."""
    buffers: queue.SimpleQueue[Cosines] = queue.SimpleQueue()
    for _ in range(count):
        buffers.put(np.empty(max(block_bytes, _RESERVED), np.float32))
    return buffers


def _by_subject(subjects: Ints) -> Iterator[tuple[int, list[npt.NDArray[np.int64]]]]:
    """Rows of each subject, split into blocks of nearly equal width."""
    order = np.argsort(subjects, kind="stable")
    order = order[subjects[order] >= 0]
    found, starts = np.unique(subjects[order], return_index=True)
    for subject, rows in zip(found.tolist(), np.split(order, starts)[1:], strict=True):
        yield subject, np.array_split(rows, -(-len(rows) // _WIDTH))


def _finite_units(codes: Floats, name: str, rows: npt.NDArray[np.int64]) -> Cosines:
    """Codes of length 1; the error names the first row that is not finite."""
    units = unit_vectors(codes)
    bad = np.isnan(units[:, :1]).any(axis=1)  # such a code is NaN as a whole
    if bad.any():
        row = int(rows[bad.argmax()])
        raise DeviationError(
            f"The code of {name} {row} contains values that are not finite; leave out such frames."
        )
    return units


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
