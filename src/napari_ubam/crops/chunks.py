"""Chunks of crops as files.

In zarr format 3, an uncompressed chunk is a separate file with the bytes of the array. To read 16 frames
directly takes 0.03 ms; zarr reads the whole chunk and takes 0.7 ms. Chunks are also written atomically here,
with every version of zarr.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .folders import move


def chunk_file(array: Path, number: int, axes: int) -> Path:
    """Return the file of a chunk.

    Parameters
    ----------
    array : Path
        Folder of the array.
    number : int
        Number of the chunk along the time axis.
    axes : int
        Number of axes of a frame. There is one chunk along each of them.

    Returns
    -------
    Path
        The file. It need not exist.
    """
    return array.joinpath("c", str(number), *["0"] * axes)


def write_chunk(array: Path, number: int, crops: NDArray[np.uint8], length: int) -> None:
    """Write a chunk atomically.

    Parameters
    ----------
    array : Path
        Folder of the array.
    number : int
        Number of the chunk.
    crops : ndarray of uint8, shape (n, y, x[, 3])
        Frames of the chunk. The last chunk can have fewer than ``length``.
    length : int
        Frames of a full chunk. The rest is padded with zeros, because all zarr chunks have the same length.

    Raises
    ------
    OSError
        If the chunk cannot be written.
    """
    path = chunk_file(array, number, crops.ndim - 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{uuid.uuid4().hex}.partial")
    rest = np.zeros((length - len(crops), *crops.shape[1:]), np.uint8)
    try:
        with partial.open("wb", buffering=0) as file:
            for part in (crops, rest):
                if part.size and file.write(np.ascontiguousarray(part).data) != part.nbytes:
                    raise OSError(f"{partial} could not be written completely")
        move(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_chunk(array: Path, number: int, skip: int, crops: NDArray[np.uint8]) -> bool:
    """Read some frames of a chunk.

    Parameters
    ----------
    array : Path
        Folder of the array.
    number : int
        Number of the chunk.
    skip : int
        Number of frames to skip at the start of the chunk.
    crops : ndarray of uint8, shape (n, y, x[, 3])
        Contiguous output array for the next n frames.

    Returns
    -------
    bool
        False if the chunk or some of the frames do not exist.
    """
    try:
        with chunk_file(array, number, crops.ndim - 1).open("rb", buffering=0) as file:
            file.seek(skip * crops[0].nbytes)
            return file.readinto(crops.data.cast("B")) == crops.nbytes
    except OSError:
        return False
