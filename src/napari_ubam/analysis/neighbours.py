"""Exact nearest neighbours by cosine distance, with at most a few from each reference subject."""

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

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Cosines = npt.NDArray[np.float32]

BLOCK_BYTES = 4 * 2**20
_WIDTH = 4096  # references a block: the row that is searched and the codes behind it stay in the cache
_PART = 512  # products at least whose maximum is taken at once
# Numbers a thread reserves: only from 32 MiB on does the system surely give large pages, which save a tenth
# of the time. What is not touched takes no memory.
_RESERVED = 2**23
_ROWS = 4096  # queries a block at most, where subjects have few frames


@dataclass(frozen=True)
class Neighbours:
    """The nearest references of each query.

    Parameters
    ----------
    distance : ndarray of float32, shape (n, k)
        Cosine distance, 0 to 2, ascending in each row; ``inf`` where there are fewer than ``k`` neighbours.
    index : ndarray of int64, shape (n, k)
        Row of the neighbour in the references as they were given; -1 where there is none.
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
    block_bytes: int = BLOCK_BYTES,
    threads: int | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Neighbours:
    """Find the nearest references of each query, few from each subject and none from the own.

    The search is exact: all products are formed, in blocks that stay in the cache. Beside the result it needs
    the normalised queries, a block of references and, for each thread, a block of products.

    Parameters
    ----------
    queries : array_like, shape (n, d)
        Codes to be compared.
    references : array_like, shape (m, d)
        Codes to be compared with; converted to float32 block by block.
    k, per_subject : int
        Neighbours a query, and at most from one subject.
    query_subjects : array_like of int, shape (n,), optional
        Subject of each query; it gets no neighbour of the same subject.
    reference_subjects : array_like of int, shape (m,)
        Subject of each reference.
    block_bytes : int
        Size of a block of products in bytes.
    threads : int, optional
        Blocks worked on at once; as many as the BLAS library would use where it is left out.
    progress : callable, optional
        Gets :class:`~napari_ubam.progress.Progress` events of the stage ``"score"``.
    cancel : object with ``is_set()``, optional
        Asks the search to stop.

    Returns
    -------
    Neighbours
        Always ``k`` columns; where the subjects allow fewer neighbours, the rest is ``inf`` and -1. Between
        equal distances the choice is open. The distance to a code of zeros is 1.

    Raises
    ------
    ValueError
        Where shapes do not fit, or a code is not finite.
    Cancelled
        When ``cancel`` is set.
    """
    queries, references = np.asarray(queries), np.asarray(references)
    subjects = np.asarray(reference_subjects)
    _check_shapes(queries, references, subjects, query_subjects)
    check_cancelled(cancel)
    if k < 1 or per_subject < 1:
        raise ValueError(f"k is {k} and per_subject {per_subject}; both must be at least 1.")
    own = None if query_subjects is None else np.asarray(query_subjects)
    search = _Search(_unit(queries, "query"), own, k, per_subject)
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

    # One BLAS thread a block, so that finding the largest products runs in parallel too.
    with _blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        for block in reference_blocks(references, subjects):
            for _ in pool.map(work, search.tasks(block, block_bytes)):
                report.step()
    return search.result()


@dataclass(frozen=True)
class ReferenceBlock:
    """Part of the frames of one reference subject.

    Parameters
    ----------
    subject : int
        Whose frames.
    index : ndarray of int, shape (w,)
        Rows of the references.
    codes : ndarray of float32, shape (w, d)
        Codes of unit length.
    first, last : bool
        Whether the subject's frames begin or end here.
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
        """Parts of equal width that a row of products is cut into."""
        return max(len(self.block.index) // _PART, 1)

    @property
    def shape(self) -> tuple[int, int]:
        """Queries, and references rounded up so that all parts are of equal width."""
        return self.rows.stop - self.rows.start, -(-len(self.block.index) // self.parts) * self.parts


def reference_blocks(references: Floats, subjects: Ints) -> Iterator[ReferenceBlock]:
    """Cut the references into blocks of one subject each.

    Parameters
    ----------
    references : ndarray, shape (m, d)
        Codes.
    subjects : ndarray of int, shape (m,)
        Subject of each.

    Yields
    ------
    ReferenceBlock
        One subject after the other.
    """
    for subject, indices in _by_subject(subjects):
        for number, index in enumerate(indices):
            codes = _unit(references[index], "reference")
            yield ReferenceBlock(subject, index, codes, number == 0, number == len(indices) - 1)


def query_blocks(count: int, width: int, block_bytes: int) -> list[slice]:
    """Cut the queries so that a block of float32 products with ``width`` references has the size asked for.

    Parameters
    ----------
    count, width : int
        Number of queries and of references.
    block_bytes : int
        Size in bytes.

    Returns
    -------
    list of slice
        Of nearly equal length.
    """
    rows = int(np.clip(block_bytes // (4 * width), 1, _ROWS))
    edges = np.linspace(0, count, -(-count // rows) + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


class _Search:
    """What was found so far: the best of the subject that is being searched, and of all before it."""

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
        """Pair a block of references with all blocks of queries."""
        for rows in query_blocks(len(self._codes), len(block.index), block_bytes):
            yield _Task(block, rows)

    def run(self, task: _Task, buffer: Cosines) -> None:
        """Search a block; different rows may be searched at once."""
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
        """Enter the largest products of each row, as many as may count."""
        best, index = self._own_best[task.rows], self._own_index[task.rows]
        least = self._best[task.rows, -1]  # what is no better than this cannot be among the k nearest
        parts = products.reshape(len(products) * task.parts, -1)
        # The only look at all products; what follows looks at the best part of a row.
        top = parts.max(1).reshape(len(products), task.parts)
        for left in reversed(range(best.shape[1])):
            part = top[rows].argmax(1)
            values = top[rows, part]
            better = values > np.maximum(best[rows].min(1), least[rows])
            rows, part, values = rows[better], part[better], values[better]
            if not len(rows):
                return
            line = rows * task.parts + part
            # Copied to where memory is at hand: fresh memory for each block would cost as much as the search.
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
        """Join the best of a subject with the best of all."""
        changed = np.flatnonzero(self._own_best[rows].max(1) > self._best[rows, -1]) + rows.start
        values = np.concatenate([self._best[changed], self._own_best[changed]], axis=1)
        index = np.concatenate([self._index[changed], self._own_index[changed]], axis=1)
        order = np.argsort(-values, axis=1, kind="stable")[:, : self._best.shape[1]]
        self._best[changed] = np.take_along_axis(values, order, axis=1)
        self._index[changed] = np.take_along_axis(index, order, axis=1)

    def result(self) -> Neighbours:
        """Turn cosines into distances."""
        distance = np.clip(1 - self._best, 0, None)
        distance[self._index >= 0] = np.minimum(distance[self._index >= 0], 2)
        return Neighbours(distance, self._index)


class _Reporter:
    """Tells the steps done, a few times a second."""

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
    """Memory for a block of products and what is copied of it, one for each thread."""
    buffers: queue.SimpleQueue[Cosines] = queue.SimpleQueue()
    for _ in range(count):
        buffers.put(np.empty(max(block_bytes, _RESERVED), np.float32))
    return buffers


def _by_subject(subjects: Ints) -> Iterator[tuple[int, list[npt.NDArray[np.int64]]]]:
    """Rows of each subject, cut into blocks of nearly equal width."""
    order = np.argsort(subjects, kind="stable")
    found, starts = np.unique(subjects[order], return_index=True)
    for subject, rows in zip(found.tolist(), np.split(order, starts)[1:], strict=True):
        yield subject, np.array_split(rows, -(-len(rows) // _WIDTH))


def _unit(codes: Floats, what: str) -> Cosines:
    """Codes of unit length in float32; a code of zeros stays one."""
    result = np.empty(codes.shape, np.float32)
    for start in range(0, len(codes), _WIDTH):
        part = codes[start : start + _WIDTH].astype(np.float64)
        norm = np.linalg.norm(part, axis=1, keepdims=True)
        if not np.isfinite(norm).all():
            row = start + int(np.flatnonzero(~np.isfinite(norm))[0])
            raise ValueError(
                f"The code of {what} {row} holds values that are not finite; leave such frames out."
            )
        result[start : start + _WIDTH] = part / np.where(norm > 0, norm, 1)
    return result


def _blas_threads() -> int:
    """As many threads as matrix products would use."""
    return max((info["num_threads"] for info in _blas().info() if info["user_api"] == "blas"), default=1)


@cache
def _blas() -> Any:
    """Find what sets the threads of NumPy's BLAS; looking takes longer than a small search."""
    return ThreadpoolController()


def _check_shapes(
    queries: Floats, references: Floats, subjects: Ints, query_subjects: npt.ArrayLike | None
) -> None:
    if queries.ndim != 2 or references.ndim != 2 or queries.shape[1] != references.shape[1]:
        raise ValueError(
            f"Queries of shape {queries.shape} and references of shape {references.shape} cannot be "
            "compared; give (n, d) and (m, d)."
        )
    if subjects.shape != references.shape[:1]:
        raise ValueError(
            f"There are {len(references)} references and {subjects.size} subjects; name one for each."
        )
    if query_subjects is not None and np.shape(query_subjects) != queries.shape[:1]:
        raise ValueError(
            f"There are {len(queries)} queries and {np.size(query_subjects)} subjects; name one for each."
        )
