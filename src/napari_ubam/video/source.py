"""Common interface of all kinds of recordings, used by `VideoArray`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


class FrameSource(ABC):
    """Base class of all sources of frames.

    Attributes
    ----------
    shape : tuple of int
        ``(t, y, x, c)``.
    dtype, luma_dtype : numpy.dtype
        Data type of `read` and of `read_luma`.
    times : ndarray of float64, shape (t,)
        Seconds since the first frame.
    fps : float
        Frames per second, without gaps.
    stated_fps : float or None
        Frame rate in the file, None if there is none.
    name : str
        Short name, such as the file name without extension.
    path : Path or None
        File or folder, None for arrays in memory.
    notes : tuple of str
        Sentences for the user.
    """

    shape: tuple[int, int, int, int]
    dtype: np.dtype
    luma_dtype: np.dtype
    times: npt.NDArray[np.float64]
    fps: float
    stated_fps: float | None = None
    name: str
    path: Any  # Path | None; sources of files narrow it
    notes: tuple[str, ...] = ()

    @abstractmethod
    def read(self, frame: int, keep: bool = True) -> npt.NDArray[Any]:
        """Read the image of one frame.

        Parameters
        ----------
        frame : int
            Frame number, in range.
        keep : bool
            Whether to cache the frame. False for sequential reading, where no frame is needed again soon.

        Returns
        -------
        ndarray, shape (y, x, c)
            A new array.

        Raises
        ------
        FrameError
            If the frame cannot be read.
        """

    def read_luma(self, frame: int, keep: bool = True) -> npt.NDArray[Any]:
        """Read the brightness of one frame.

        Parameters
        ----------
        frame : int
            Frame number, in range.
        keep : bool
            As in `read`.

        Returns
        -------
        ndarray, shape (y, x)
            A new array.
        """
        return to_luma(self.read(frame, keep))

    def exclusive_access(self) -> AbstractContextManager[Any]:
        """Block other threads while several frames are read, because they could force extra seeking.

        Returns
        -------
        context manager
            The block ends when it exits.
        """
        return nullcontext()

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the content. It does not depend on the location of the recording."""
        return self.compute_fingerprint()

    @abstractmethod
    def compute_fingerprint(self) -> str:
        """Compute `fingerprint`.

        Returns
        -------
        str
            Hash as hexadecimal digits.
        """

    @abstractmethod
    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """Return how another process can create the same source. All parts can be pickled.

        Returns
        -------
        tuple of (callable, tuple)
            The function and its arguments.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the files. The next read opens them again."""


def constant_times(frames: int, fps: float) -> npt.NDArray[np.float64]:
    """Compute the times of a constant frame rate.

    Parameters
    ----------
    frames : int
        Number of frames.
    fps : float
        Frames per second.

    Returns
    -------
    ndarray of float64, shape (frames,)
        Seconds since the first frame.
    """
    return np.arange(frames, dtype=np.float64) / fps


def to_luma(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convert an image to brightness.

    Parameters
    ----------
    pixels : ndarray, shape (y, x, c)
        Grey (c = 1) or RGB (c = 3).

    Returns
    -------
    ndarray, shape (y, x)
        Grey values are unchanged. RGB becomes the weighted mean of ITU-R BT.601. The data type is the same.
    """
    if pixels.shape[-1] == 1:
        return pixels[..., 0]
    luma: npt.NDArray[Any] = pixels[..., :3] @ np.array([0.299, 0.587, 0.114])
    return (luma if pixels.dtype.kind == "f" else np.rint(luma)).astype(pixels.dtype)


def sampled_frames(total: int, samples: int = 8) -> Sequence[int]:
    """Select evenly spaced frames from first to last, for fingerprints of arrays.

    Parameters
    ----------
    total : int
        Number of frames.
    samples : int
        Maximum number of selected frames.

    Returns
    -------
    sequence of int
        Frame numbers, ascending.
    """
    return sorted({round(i) for i in np.linspace(0, total - 1, min(samples, total))})
