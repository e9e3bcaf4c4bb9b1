"""What every kind of recording offers to the array that users hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


class FrameSource(ABC):
    """Frames by number, from whatever holds them.

    Attributes
    ----------
    shape : tuple of int
        ``(t, y, x, c)``.
    dtype, luma_dtype : numpy.dtype
        Type of `read` and of `read_luma`.
    times : ndarray of float64, shape (t,)
        Seconds since the first frame.
    fps : float
        Frames per second, apart from gaps.
    stated_fps : float or None
        What the file itself says of it, None where it says nothing.
    name : str
        Short name, such as the file's stem.
    path : Path or None
        File or folder, None for arrays in memory.
    notes : tuple of str
        What the user should know, one sentence each.
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
            False where frames are read one after the other and none will be asked for again soon.

        Returns
        -------
        ndarray, shape (y, x, c)
            The image, the caller's own.
        """

    def read_luma(self, frame: int, keep: bool = True) -> npt.NDArray[Any]:
        """Read the brightness of one frame, shape (y, x); see `read`."""
        return to_luma(self.read(frame, keep))

    def undisturbed(self) -> AbstractContextManager[Any]:
        """Keep other threads out while a run of frames is read, where they would force seeking."""
        return nullcontext()

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the content, the same wherever the recording lies."""
        return self.compute_fingerprint()

    @abstractmethod
    def compute_fingerprint(self) -> str:
        """Work out `fingerprint`."""

    @abstractmethod
    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """Say how another process makes the same source: a function and its arguments, all picklable."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files; reading opens them again."""


def constant_times(frames: int, fps: float) -> npt.NDArray[np.float64]:
    """Give the times of a constant frame rate, in seconds, shape (frames,)."""
    return np.arange(frames, dtype=np.float64) / fps


def to_luma(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Brightness of an image.

    Parameters
    ----------
    pixels : ndarray, shape (y, x, c)
        Grey (c = 1) or RGB (c = 3).

    Returns
    -------
    ndarray, shape (y, x)
        Grey as it is; of RGB the weighted mean of ITU-R BT.601, of the same type.
    """
    if pixels.shape[-1] == 1:
        return pixels[..., 0]
    luma: npt.NDArray[Any] = pixels[..., :3] @ np.array([0.299, 0.587, 0.114])
    return (luma if pixels.dtype.kind == "f" else np.rint(luma)).astype(pixels.dtype)


def sampled_frames(total: int, samples: int = 8) -> Sequence[int]:
    """Frame numbers spread evenly from first to last, for fingerprints of arrays."""
    return sorted({round(i) for i in np.linspace(0, total - 1, min(samples, total))})
