"""Queries and references in blocks, so that a search needs little memory and products stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import DeviationError
from .unit_vectors import unit_vectors

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Cosines = npt.NDArray[np.float32]

BLOCK_BYTES = 4 * 2**20
_WIDTH = 4096  # references in a block: one row of products and the codes of the block fit into the cache
_WINDOWS = 512  # the same for windows: three matrices of this width are in the cache
_PART = 512  # a row of products is searched in parts of at least this width
_ROWS = 4096  # queries in a block at most, where subjects have few frames
_PAUSE = 64  # rows without a window within a block at most; they cost as much as others


@dataclass(frozen=True)
class ReferenceBlock:
    """Some frames of one reference subject, or windows that begin at some frames.

    Parameters
    ----------
    subject : int
        The subject.
    index : ndarray of int, shape (w,)
        Rows of the references.
    codes : ndarray of float32, shape (w + window - 1, d)
        Their codes, of length 1, and those up to the end of the last window.
    first, last : bool
        Whether this is the first or the last block of the subject.
    skipped : ndarray of int, shape (s,)
        Places in ``index`` where no whole window begins.
    """

    subject: int
    index: npt.NDArray[np.int64]
    codes: Cosines
    first: bool
    last: bool
    skipped: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """A block of references and a block of queries.

    Parameters
    ----------
    block : ReferenceBlock
    rows : slice
        Rows of the queries.
    """

    block: ReferenceBlock
    rows: slice

    @property
    def parts(self) -> int:
        """Number of parts of equal width that a row of products is split into."""
        return parts_of(len(self.block.index))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and of references, the latter rounded up so that all parts are equally wide."""
        return self.rows.stop - self.rows.start, padded(len(self.block.index))


def parts_of(width: int) -> int:
    """Count the parts of equal width that a row of ``width`` products is split into."""
    return max(width // _PART, 1)


def padded(width: int) -> int:
    """Round the width of a row of products up, so that all its parts are equally wide."""
    return -(-width // parts_of(width)) * parts_of(width)


def reference_blocks(
    references: Floats, subjects: Ints, *, unit_length: bool = False, window: int = 1
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
    window : int
        Number of consecutive rows that are compared with as many rows of the queries.

    Yields
    ------
    ReferenceBlock
        One subject after the other.
    """
    for subject, indices in rows_by_subject(subjects, window):
        for number, index in enumerate(indices):
            rows = index if window == 1 else np.arange(index[0], index[-1] + window)
            codes = references[rows]
            if not unit_length:
                codes = finite_units(codes, "reference", rows)
            skipped = np.flatnonzero(subjects[index] != subject)
            yield ReferenceBlock(subject, index, codes, number == 0, number == len(indices) - 1, skipped)


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


def rows_by_subject(subjects: Ints, window: int = 1) -> Iterator[tuple[int, list[npt.NDArray[np.int64]]]]:
    """Split the rows of each subject into blocks of nearly equal width.

    Parameters
    ----------
    subjects : ndarray of int, shape (m,)
        Subject of each row. Rows with a negative number are skipped.
    window : int
        Above 1, the rows of a block follow each other; a few without a window may be among them.

    Yields
    ------
    subject : int
    blocks : list of ndarray of int, shape (w,)
        Rows of each block.
    """
    order = np.argsort(subjects, kind="stable")
    order = order[subjects[order] >= 0]
    found, starts = np.unique(subjects[order], return_index=True)
    for subject, rows in zip(found.tolist(), np.split(order, starts)[1:], strict=True):
        if window == 1:
            yield subject, np.array_split(rows, -(-len(rows) // _WIDTH))
        else:
            runs = np.split(rows, np.flatnonzero(np.diff(rows) > _PAUSE) + 1)
            spans = [np.arange(run[0], run[-1] + 1) for run in runs]
            yield (
                subject,
                [part for span in spans for part in np.array_split(span, -(-len(span) // _WINDOWS))],
            )


def finite_units(codes: Floats, name: str, rows: npt.NDArray[np.int64]) -> Cosines:
    """Scale codes to length 1, and refuse those that are not finite.

    Parameters
    ----------
    codes : ndarray of float, shape (n, d)
    name : str
        What a code is called in the error.
    rows : ndarray of int, shape (n,)
        Number of each code in the error.

    Returns
    -------
    ndarray of float32, shape (n, d)

    Raises
    ------
    DeviationError
        If a code is not finite.
    """
    units = unit_vectors(codes)
    bad = np.isnan(units[:, :1]).any(axis=1)  # such a code is NaN as a whole
    if bad.any():
        row = int(rows[bad.argmax()])
        raise DeviationError(
            f"The code of {name} {row} contains values that are not finite; leave out such frames."
        )
    return units
