"""Arrays in memory, dask arrays and zarr as sources of frames."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from dask.base import is_dask_collection

from .errors import FrameError, VideoError
from .source import FrameSource, constant_times, sampled_frames

ASSUMED_RATE = 25.0
"""Frames per second of stacks that state none."""


class Stack(Protocol):
    """Anything that gives an image for a frame number."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape (t, y, x) or (t, y, x, c)."""

    @property
    def dtype(self) -> Any:
        """Type of the samples."""

    def __getitem__(self, frame: int, /) -> Any:
        """One image, convertible to NumPy."""


class StackSource(FrameSource):
    """Frames of an image stack; see `ArraySource` for arrays in memory.

    Parameters
    ----------
    open_stack : callable
        Gives the stack; called again after `close`.
    fps : float, optional
        Frames per second.
    name : str
        Short name.
    path : Path, optional
        Where the stack lies.
    notes : tuple of str
        What the user should know about it.

    Raises
    ------
    VideoError
        If the axes or the type cannot be those of a video.
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
        _refuse_other_than_video(shape, dtype, path or name)
        self.shape = (shape[0], shape[1], shape[2], 3 if len(shape) == 4 and shape[3] >= 3 else 1)
        self.dtype = self.luma_dtype = dtype.newbyteorder("=")
        self.fps = fps or ASSUMED_RATE
        self.times = constant_times(shape[0], self.fps)
        self.name = name
        self.path = path
        assumed = f"The stack states no frame rate: {ASSUMED_RATE:g} a second are assumed, give fps."
        self.notes = notes if fps else (*notes, assumed)

    def read(self, frame: int, keep: bool = True) -> npt.NDArray[Any]:
        """See `FrameSource.read`."""
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
        """Hash shape, type and a few frames."""
        digest = hashlib.blake2b(f"{self.shape}{self.dtype.str}".encode(), digest_size=16)
        for frame in sampled_frames(self.shape[0]):
            digest.update(np.ascontiguousarray(self.read(frame)).tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """See `FrameSource.close`."""
        close = getattr(self._stack, "close", None)
        if close is not None:
            close()
        self._stack = None


class ArraySource(StackSource):
    """Frames of a NumPy or dask array, or of anything that is indexed like one.

    Parameters
    ----------
    data : array-like
        Shape (t, y, x) for grey, or (t, y, x, c) with c = 1 for grey, 3 for RGB, 4 for RGB with alpha, which
        is left out.
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
        """See `FrameSource.recipe`: the data itself is sent along."""
        return ArraySource, (self._data, self._fps_given, self.name)

    def close(self) -> None:
        """Nothing to let go of: the array belongs to its owner."""


class ZarrSource(StackSource):
    """Frames of a zarr array, or of the full resolution of an OME-Zarr image.

    Parameters
    ----------
    path : Path
        Folder of the zarr array or group.
    fps : float, optional
        Frames per second.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self._fps_given = fps
        super().__init__(lambda: _open_zarr(path), fps, path.stem, path.absolute())

    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """See `FrameSource.recipe`."""
        return ZarrSource, (self.path, self._fps_given)


class LeadingAxis:
    """View of a stack with more axes as one with time in front, where the others have length 1.

    Parameters
    ----------
    data : array-like
        Any array whose last axes are (y, x) or (y, x, c).
    colour : bool
        Whether the last axis is colour.
    where : Path or str
        Source, for the error.

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
                f"{where}: axes of length {' x '.join(map(str, leading))} stand before height and width, but "
                "a video has only time there; save one channel and one plane as a stack of its own."
            )
        self._data = data
        self._leading = leading
        self._time = long[0] if long else 0
        frames = leading[self._time] if leading else 1
        self.shape = (frames, *(int(length) for length in data.shape[-image_axes:]))
        self.dtype = np.dtype(data.dtype)

    def __getitem__(self, frame: int, /) -> npt.NDArray[Any]:
        """Image of one frame."""
        key = tuple(frame if axis == self._time else 0 for axis in range(len(self._leading)))
        return np.asarray(self._data[key] if key else self._data[:])


def first_line(error: Exception) -> str:
    """Tell the first line of an error's message, which fits into a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _in_memory(image: Any) -> npt.NDArray[Any]:
    if is_dask_collection(image):
        # A pool of threads for one image takes longer than the image.
        image = image.compute(scheduler="synchronous")
    return np.asarray(image)


def _open_zarr(path: Path) -> Stack:
    import zarr
    import zarr.errors

    try:
        found = zarr.open(str(path), mode="r")
    except (OSError, ValueError, KeyError, zarr.errors.BaseZarrError) as error:
        raise VideoError(
            f"{path}: not a readable zarr array ({first_line(error)}); check the folder."
        ) from error
    if isinstance(found, zarr.Group):
        found = _full_resolution(found, path)
    colour = found.ndim == 4 and found.shape[-1] in (1, 3, 4)
    return LeadingAxis(found, colour, path)


def _full_resolution(group: Any, path: Path) -> Any:
    """Find the array that a group stands for: the first scale of OME-Zarr, else the only one."""
    attributes = dict(group.attrs)
    scales = attributes.get("ome", attributes).get("multiscales")
    if scales:
        return group[scales[0]["datasets"][0]["path"]]
    arrays: Sequence[str] = sorted(group.array_keys())
    if len(arrays) != 1:
        listed = ", ".join(arrays) or "none"
        raise VideoError(f"{path}: a zarr group with arrays {listed}; give the path of one array in it.")
    return group[arrays[0]]


def _refuse_other_than_video(shape: tuple[int, ...], dtype: np.dtype, where: Path | str) -> None:
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)):
        raise VideoError(
            f"{where}: an array of shape {shape} is no video; give (time, y, x) for grey or "
            "(time, y, x, 3) for RGB."
        )
    if 0 in shape:
        raise VideoError(f"{where}: the array of shape {shape} holds no frame; choose another one.")
    if dtype.kind not in "buif":
        raise VideoError(f"{where}: values of type {dtype} are no image; give integers or floats.")
