"""Indices of a recording, converted to frame numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def split_key(key: Any, ndim: int) -> tuple[Any, tuple[Any, ...]]:
    """Split an index into the index of the frame axis and the rest.

    Parameters
    ----------
    key : object
        Index as given in brackets.
    ndim : int
        Number of axes.

    Returns
    -------
    first : int, slice or array
        Index of the first axis.
    rest : tuple
        Indices of the other axes, empty if they select everything.

    Raises
    ------
    IndexError
        If there are more indices than axes, or the index contains None.
    """
    items = list(key) if isinstance(key, tuple) else [key]
    if any(item is None for item in items):
        raise IndexError("A video cannot get new axes; read the frames first: video[10:20][:, None].")
    dots = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(items) - len(dots) > ndim or len(dots) > 1:
        raise IndexError(f"A video with {ndim} axes cannot be indexed with {len(items) - len(dots)} indices.")
    if dots:
        items[dots[0] : dots[0] + 1] = [slice(None)] * (ndim - len(items) + 1)
    first, *rest = items or [slice(None)]
    everything = all(isinstance(item, slice) and item == slice(None) for item in rest)
    return first, () if everything else tuple(rest)


def frame_numbers(first: Any, frames: int, name: str) -> npt.NDArray[np.int64]:
    """Convert an index of the first axis to frame numbers.

    Parameters
    ----------
    first : slice, sequence of int or sequence of bool
        The index.
    frames : int
        Number of frames in the video.
    name : str
        Name of the video, for errors.

    Returns
    -------
    ndarray of int64, shape (n,)
        Frame numbers, in the order of the index.

    Raises
    ------
    IndexError
        If a number is out of range, or the index has another type.
    """
    if isinstance(first, slice):
        return np.arange(*first.indices(frames), dtype=np.int64)
    wanted = np.asarray(first)
    if wanted.dtype == bool and wanted.shape == (frames,):
        return np.flatnonzero(wanted)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise IndexError(f"{name}: select frames with an integer, a slice or a list of integers.")
    return np.array([wrap(int(number), frames, name) for number in wanted], np.int64)


def wrap(number: int, frames: int, name: str) -> int:
    """Convert an index, positive or negative, to a frame number.

    Parameters
    ----------
    number : int
        Index. Negative values count from the end.
    frames : int
        Number of frames in the video.
    name : str
        Name of the video, for the error.

    Returns
    -------
    int
        Frame number from 0 to frames - 1.

    Raises
    ------
    IndexError
        If there is no such frame.
    """
    if not -frames <= number < frames:
        raise IndexError(f"{name}: there is no frame {number}, frames are 0 to {frames - 1}.")
    return number % frames
