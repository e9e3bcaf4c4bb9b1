"""Arrays in memory and dask arrays as sources of frames, and what they share with stacks in files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from dask.base import is_dask_collection

from .errors import FrameError, VideoError
from .source import FrameSource, constant_times, sampled_frames
from .times import ASSUMED_RATE


class Stack(Protocol):
    """Any object that returns an image for a frame number."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape (t, y, x) or (t, y, x, c)."""

    @property
    def dtype(self) -> Any:
        """Data type of the pixels."""

    def __getitem__(self, frame: int, /) -> Any:
        """Return one image that NumPy can convert."""


class StackSource(FrameSource):
    """Frames of an image stack. See `ArraySource` for arrays in memory.

    Parameters
    ----------
    open_stack : callable
        Function without arguments that returns the stack. It is called again after `close`.
    fps : float, optional
        Frames per second. Default: `ASSUMED_RATE`, with a note.
    name : str
        Short name.
    path : Path, optional
        File or folder of the stack.
    notes : tuple of str
        Sentences for the user about the stack.

    Raises
    ------
    VideoError
        If the shape or the data type is not that of a video.
    """

    def __init__(
        self,
        open_stack: Callable[[], Stack],
        fps: float | None = None,
        name: str = "array",
        path: Path | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._open_stack = open_stack
        self._stack: Stack | None = open_stack()
        shape = tuple(int(length) for length in self._stack.shape)
        dtype = np.dtype(self._stack.dtype)
        _check_is_video(shape, dtype, path or name)
        self.shape = (shape[0], shape[1], shape[2], 3 if len(shape) == 4 and shape[3] >= 3 else 1)
        self.dtype = self.luma_dtype = dtype.newbyteorder("=")
        self.stated_fps = getattr(self._stack, "rate", None)
        fps = fps or self.stated_fps
        self.fps = fps or ASSUMED_RATE
        self.times = constant_times(shape[0], self.fps)
        self.name = name
        self.path = path
        assumed = f"The stack has no frame rate: {ASSUMED_RATE:g} frames per second are assumed; set fps."
        found: tuple[str, ...] = getattr(self._stack, "notes", ())
        self.notes = (*notes, *found) if fps else (*notes, *found, assumed)

    def read(self, frame: int, keep: bool = True) -> npt.NDArray[Any]:
        """Read one frame. See `FrameSource.read`.

        Parameters
        ----------
        frame : int
            Frame number, in range.
        keep : bool
            Not used.

        Returns
        -------
        ndarray, shape (y, x, c)
            A new array.

        Raises
        ------
        FrameError
            If the frame cannot be read.
        """
        if self._stack is None:
            self._stack = self._open_stack()
        try:
            image = _in_memory(self._stack[frame])
        except FrameError:
            raise
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            raise FrameError(self.path or self.name, frame, first_line(error)) from error
        image = image[..., np.newaxis] if image.ndim == 2 else image[..., : self.shape[3]]
        return image.astype(self.dtype, copy=True)

    def compute_fingerprint(self) -> str:
        """Hash the shape, the data type and a few frames.

        Returns
        -------
        str
            32 hexadecimal digits.
        """
        digest = hashlib.blake2b(f"{self.shape}{self.dtype.str}".encode(), digest_size=16)
        for frame in sampled_frames(self.shape[0]):
            try:
                digest.update(np.ascontiguousarray(self.read(frame)).tobytes())
            except FrameError:
                digest.update(b"cannot be read")
        return digest.hexdigest()

    def close(self) -> None:
        """Close the stack. The next read opens it again."""
        close = getattr(self._stack, "close", None)
        if close is not None:
            close()
        self._stack = None


class ArraySource(StackSource):
    """Frames of a NumPy array, a dask array or a similar object.

    Parameters
    ----------
    data : array_like, shape (t, y, x) or (t, y, x, c)
        Grey (c = 1 or no channel axis), RGB (c = 3) or RGBA (c = 4). The alpha channel is ignored.
    fps : float, optional
        Frames per second.
    name : str
        Short name.
    """

    def __init__(self, data: Any, fps: float | None = None, name: str = "array") -> None:
        self._data = data
        super().__init__(lambda: data, fps, name)
        self._fps_given = fps

    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """See `FrameSource.recipe`. The arguments include the data itself.

        Returns
        -------
        tuple of (callable, tuple)
            The function and its arguments.
        """
        return ArraySource, (self._data, self._fps_given, self.name)

    def close(self) -> None:
        """Do nothing: the array belongs to the caller."""


class LeadingAxis:
    """View of a stack with extra axes of length 1. The first axis of the view is time.

    Parameters
    ----------
    data : array_like, shape (..., y, x) or (..., y, x, c)
        The stack.
    colour : bool
        Whether the last axis is colour.
    where : Path or str
        Source of the data, for the error.

    Raises
    ------
    VideoError
        If more than one axis before (y, x) is longer than 1.
    """

    def __init__(self, data: Any, colour: bool, where: Path | str) -> None:
        image_axes = 3 if colour else 2
        leading = tuple(int(length) for length in data.shape[:-image_axes])
        long = [axis for axis, length in enumerate(leading) if length > 1]
        if len(long) > 1:
            raise VideoError(
                f"{where}: there are axes of length {' x '.join(map(str, leading))} before height and width, "
                "but a video has only time there; save one channel and one plane as a separate stack."
            )
        self._data = data
        self._leading = leading
        self._time = long[0] if long else 0
        frames = leading[self._time] if leading else 1
        self.shape = (frames, *(int(length) for length in data.shape[-image_axes:]))
        self.dtype = np.dtype(data.dtype)

    def __getitem__(self, frame: int, /) -> npt.NDArray[Any]:
        """Return the image of one frame."""
        key = tuple(frame if axis == self._time else 0 for axis in range(len(self._leading)))
        return np.asarray(self._data[key] if key else self._data[:])


def first_line(error: Exception) -> str:
    """Return the first line of an error message, without a full stop.

    Parameters
    ----------
    error : Exception
        Any error.

    Returns
    -------
    str
        Text to insert in a sentence.
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _in_memory(image: Any) -> npt.NDArray[Any]:
    if is_dask_collection(image):
        # For one image, starting a thread pool takes longer than the work.
        image = image.compute(scheduler="synchronous")
    return np.asarray(image)


def _check_is_video(shape: tuple[int, ...], dtype: np.dtype, where: Path | str) -> None:
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)):
        raise VideoError(
            f"{where}: an array of shape {shape} is not a video; give (time, y, x) for grey or "
            "(time, y, x, 3) for RGB."
        )
    if 0 in shape:
        raise VideoError(f"{where}: the array of shape {shape} has no frame; choose another one.")
    if dtype.kind not in "buif":
        raise VideoError(f"{where}: values of type {dtype} are not an image; give integers or floats.")
