"""Sums along the diagonals of a matrix: windows of frames are compared frame by frame, in their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


def diagonal_sums(matrix: Matrix, length: int, out: Matrix, spare: Matrix) -> None:
    """Sum ``length`` consecutive numbers of each diagonal.

    ``out[i, j]`` is the sum of ``matrix[i + s, j + s]`` over ``s`` from 0 to ``length - 1``. The sums of two
    numbers are added to sums of four, these to sums of eight and so on, so few passes are needed.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n + length - 1, m + length - 1)
        Is overwritten.
    length : int
        How many numbers are summed.
    out : ndarray of float32, shape (n, m)
        Gets the sums. It must not share memory with ``matrix``.
    spare : ndarray of float32, shape (k,)
        Memory for at least as many numbers as ``matrix`` has, apart from both.
    """
    rows, columns = out.shape
    level, other = matrix, spare[: matrix.size].reshape(matrix.shape)
    span, done = 1, 0
    while True:
        if length & span:
            part = level[done : done + rows, done : done + columns]
            if done:
                np.add(out, part, out=out)
            else:
                np.copyto(out, part)
            done += span
        if done == length:
            return
        shape = level.shape[0] - span, level.shape[1] - span
        longer = other[: shape[0], : shape[1]]
        np.add(level[: shape[0], : shape[1]], level[span:, span:], out=longer)
        level, other = longer, _whole(level, matrix, spare)
        span *= 2


def _whole(level: Matrix, matrix: Matrix, spare: Matrix) -> Matrix:
    """Give all of the memory that a level lies in, which is free for the next one."""
    if np.shares_memory(level, matrix):
        return matrix
    return spare[: matrix.size].reshape(matrix.shape)
