"""The search for nearest neighbours in one block after the other."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from .diagonals import diagonal_sums
from .neighbour_blocks import (
    Cosines,
    Floats,
    Ints,
    ReferenceBlock,
    Task,
    padded,
    query_blocks,
    rows_by_subject,
)

Flags = npt.NDArray[np.bool_]

# Numbers that each thread reserves. Only from 32 MiB on does the system reliably use large pages, which save
# a tenth of the time. Pages that are never touched take no memory.
RESERVED = 2**23


class Search:
    """Best neighbours so far: those of the subject that is searched now, and those of all before it.

    Parameters
    ----------
    codes : ndarray of float32, shape (n, d)
        Queries, of length 1.
    subjects : ndarray of int, shape (n,), optional
        Subject of each query, which is not searched.
    k, per_subject : int
        Number of neighbours, and of those of one subject at most.
    window : int
        Number of consecutive rows that are compared.
    valid : ndarray of bool, shape (n,), optional
        Whether a whole window begins at a row.
    """

    def __init__(
        self,
        codes: Cosines,
        subjects: Ints | None,
        k: int,
        per_subject: int,
        window: int = 1,
        valid: Flags | None = None,
    ) -> None:
        self._codes, self._subjects, self._window, self._valid = codes, subjects, window, valid
        count = len(codes)
        self._begins = max(count - window + 1, 0)  # rows at which a window can begin
        self._best = np.full((count, k), -np.inf, np.float32)  # sums of cosines, descending
        self._index = np.full((count, k), -1, np.int64)
        self._own_best = np.empty((count, per_subject), np.float32)
        self._own_index = np.empty((count, per_subject), np.int64)

    def work(self, subjects: Ints, block_bytes: int) -> int:
        """Count the tasks.

        Parameters
        ----------
        subjects : ndarray of int, shape (m,)
            Subject of each reference.
        block_bytes : int
            Size of a block of products in bytes.

        Returns
        -------
        int
        """
        widths = (len(index) for _, indices in rows_by_subject(subjects, self._window) for index in indices)
        return sum(len(query_blocks(self._begins, width, block_bytes)) for width in widths)

    def numbers(self, subjects: Ints, block_bytes: int) -> int:
        """Count the numbers that a thread has to keep for the largest task.

        Parameters
        ----------
        subjects : ndarray of int, shape (m,)
            Subject of each reference.
        block_bytes : int
            Size of a block of products in bytes.

        Returns
        -------
        int
        """
        more, most = self._window - 1, 0
        for width in {len(index) for _, found in rows_by_subject(subjects, self._window) for index in found}:
            blocks = query_blocks(self._begins, width, block_bytes)
            rows = max((one.stop - one.start for one in blocks), default=0)
            products = rows * padded(width)
            # Windows need the cosines of single rows, and as much memory for their sums. Both need a copy.
            scratch = max(products, 2 * (rows + more) * (width + more) if more else 0)
            most = max(most, products + scratch)
        return most

    def tasks(self, block: ReferenceBlock, block_bytes: int) -> Iterator[Task]:
        """Combine a block of references with all blocks of queries.

        Parameters
        ----------
        block : ReferenceBlock
        block_bytes : int
            Size of a block of products in bytes.

        Yields
        ------
        Task
        """
        for rows in query_blocks(self._begins, len(block.index), block_bytes):
            yield Task(block, rows)

    def run(self, task: Task, buffer: Cosines) -> None:
        """Search a block. Threads can search different rows at the same time.

        Parameters
        ----------
        task : Task
        buffer : ndarray of float32
            Memory of the thread.
        """
        block, rows = task.block, task.rows
        if block.first:
            self._own_best[rows] = -np.inf
            self._own_index[rows] = -1
        wanted = np.ones(rows.stop - rows.start, bool)
        if self._subjects is not None:
            wanted &= self._subjects[rows] != block.subject
        if self._valid is not None:
            wanted &= self._valid[rows]
        if wanted.any():
            products = buffer[: prod(task.shape)].reshape(task.shape)
            scratch = buffer[prod(task.shape) :]
            self._multiply(task, products, scratch)
            self._take(products, np.flatnonzero(wanted), task, scratch)
        if block.last:
            self._merge(rows)

    def _multiply(self, task: Task, products: Cosines, scratch: Cosines) -> None:
        """Compute the cosine of each query and each reference, or the sum over their windows."""
        block, rows, width = task.block, task.rows, len(task.block.index)
        if self._window == 1:
            np.matmul(self._codes[rows], block.codes.T, out=products[:, :width])
        else:
            queries = self._codes[rows.start : rows.stop + self._window - 1]
            shape = len(queries), len(block.codes)
            single = scratch[: prod(shape)].reshape(shape)
            np.matmul(queries, block.codes.T, out=single)
            diagonal_sums(single, self._window, products[:, :width], scratch[prod(shape) :])
            products[:, block.skipped] = -np.inf
        products[:, width:] = -np.inf

    def _take(self, products: Cosines, rows: Ints, task: Task, scratch: Cosines) -> None:
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

    def result(self) -> tuple[Floats, npt.NDArray[Any]]:
        """Give the distances, ascending, and the rows of the references.

        Returns
        -------
        distance : ndarray of float32, shape (n, k)
            ``inf`` where there are fewer neighbours.
        index : ndarray of int64, shape (n, k)
            -1 where there are fewer neighbours.
        """
        distance = np.clip(1 - self._best / self._window, 0, None)
        distance[self._index >= 0] = np.minimum(distance[self._index >= 0], 2)
        return distance, self._index
