"""Codes scaled to length 1: the dot product of two of them is the cosine of the angle between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ROWS = 4096  # converted to double precision at once


def unit_vectors(codes: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Scale each code to length 1.

    Lengths are computed in double precision, one block of rows after the other.

    Parameters
    ----------
    codes : array_like of float, shape (n, d)
        One code in each row.

    Returns
    -------
    ndarray of float32, shape (n, d)
        A code of zeros stays zero. A code with a value that is not finite becomes NaN.
    """
    values = np.asarray(codes)
    result = np.empty(values.shape, np.float32)
    for start in range(0, len(values), _ROWS):
        block = values[start : start + _ROWS].astype(np.float64)
        length = np.linalg.norm(block, axis=1, keepdims=True)
        length[length == 0] = 1
        length[~np.isfinite(length)] = np.nan
        result[start : start + _ROWS] = block / length
    return result
