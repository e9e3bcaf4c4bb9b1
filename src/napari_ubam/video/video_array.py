"""The public array of a recording: NumPy indexing over frames that are decoded on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached

from .source import FrameSource

if TYPE_CHECKING:
    from .lazy import LazyVideo


class VideoArray:
    """A recording as a read-only array ``(t, y, x, c)``, or ``(t, y, x)`` for its brightness.

    Indexing returns NumPy arrays and reads only the selected frames: ``video[120]``,
    ``video[-1, ..., 0]``, ``video[100:200:5, 40:90]``, ``video[[3, 77, 4]]``. Frame numbers are in display
    order, from 0. They are exact for every kind of access. Threads can share an array. After pickling, the
    other process opens the file again.

    Use `napari_ubam.open_video` to create one.

    Parameters
    ----------
    source : FrameSource
        Source of the frames.
    brightness : bool
        True for the brightness, without a channel axis.
    """

    def __init__(self, source: FrameSource, *, brightness: bool = False) -> None:
        self._source = source
        self._brightness = brightness

    @property
    def source(self) -> FrameSource:
        """Source of the frames."""
        return self._source

    @property
    def shape(self) -> tuple[int, ...]:
        """``(t, y, x, c)``, or ``(t, y, x)`` for brightness."""
        return self._source.shape[:3] if self._brightness else self._source.shape

    @property
    def dtype(self) -> np.dtype:
        """Data type of the pixels: uint8 for videos, as stored for image stacks."""
        return self._source.luma_dtype if self._brightness else self._source.dtype

    @property
    def ndim(self) -> int:
        """Number of axes, 4 or 3."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values in the array."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Size of the whole array in bytes, if it were in memory."""
        return self.size * self.dtype.itemsize

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes."""
        return ("t", "y", "x") if self._brightness else ("t", "y", "x", "c")

    @property
    def fps(self) -> float:
        """Frames per second without gaps, or the mean of a variable frame rate."""
        return self._source.fps

    @property
    def stated_fps(self) -> float | None:
        """Frame rate in the file, None if there is none."""
        return self._source.stated_fps

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Seconds from the first frame to each frame, shape (t,). Exact for variable frame rates."""
        times = self._source.times.view()
        times.flags.writeable = False
        return times

    @property
    def name(self) -> str:
        """Short name, such as the file name without extension."""
        return self._source.name

    @property
    def path(self) -> Path | None:
        """File or folder, None for arrays in memory."""
        path: Path | None = self._source.path
        return path

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about the recording."""
        return self._source.notes

    @property
    def fingerprint(self) -> str:
        """Hash of the content. It does not depend on the location of the file."""
        return self._source.fingerprint

    def luma(self) -> VideoArray:
        """Return the brightness of the recording. For a video this is the Y plane without conversion.

        Returns
        -------
        VideoArray, shape (t, y, x)
            Array that shares files and cached frames with this one.
        """
        return VideoArray(self._source, brightness=True)

    def to_dask(self, chunk: int = 64) -> LazyVideo:
        """Convert the recording to a dask array.

        Parameters
        ----------
        chunk : int
            Frames per chunk.

        Returns
        -------
        LazyVideo, shape (t, y, x, c) or (t, y, x)
            A `dask.array.Array` with fast access to single frames.
        """
        from .lazy import LazyVideo

        return LazyVideo.of(self, range(len(self)), chunk)

    def frame(self, number: int) -> npt.NDArray[Any]:
        """Read one frame.

        Parameters
        ----------
        number : int
            Frame number from 0 to t - 1.

        Returns
        -------
        ndarray, shape (y, x, c) or (y, x)
            The image.

        Raises
        ------
        FrameError
            If the frame cannot be decoded.
        IndexError
            If there is no such frame.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"{self.name}: there is no frame {number}, frames are 0 to {len(self) - 1}.")
        return self._read(number)

    def _read(self, number: int, keep: bool = True) -> npt.NDArray[Any]:
        read = self._source.read_luma if self._brightness else self._source.read
        return read(number, keep)

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        """Read frames. The first index selects frames, the other indices are applied to each frame."""
        first, rest = split_key(key, self.ndim)
        if isinstance(first, np.integer | int) and not isinstance(first, bool):
            image = self.frame(wrap(int(first), len(self), self.name))
            return image[rest] if rest else image
        with self._source.exclusive_access():
            return self._run(frame_numbers(first, len(self), self.name), rest)

    def _run(self, numbers: npt.NDArray[np.int64], rest: tuple[Any, ...]) -> npt.NDArray[Any]:
        out: npt.NDArray[Any] | None = None
        # In ascending order, decoding starts at most once from each keyframe.
        for place in np.argsort(numbers, kind="stable"):
            image = self._read(int(numbers[place]), keep=False)
            image = image[rest] if rest else image
            if out is None:
                out = np.empty((len(numbers), *image.shape), image.dtype)
            out[place] = image
        if out is None:
            empty = np.empty(self.shape[1:], self.dtype)
            return np.empty((0, *(empty[rest] if rest else empty).shape), self.dtype)
        return out

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self._read(number, keep=False) for number in range(len(self)))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read the whole recording into memory."""
        if copy is False:
            raise ValueError(f"{self.name}: decoded frames are always a copy; do not set copy=False.")
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def close(self) -> None:
        """Close the files and clear the cache. The next read opens them again."""
        self._source.close()

    def __enter__(self) -> VideoArray:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis}={length}" for axis, length in zip(self.axes, self.shape, strict=True))
        return f"<VideoArray {self.name!r} ({axes}) {self.dtype}, {self.fps:g} frames/s>"

    def __dask_tokenize__(self) -> object:
        make, arguments = self._source.recipe()
        return make.__qualname__, arguments, self._brightness

    def __reduce__(self) -> tuple[Callable[..., VideoArray], tuple[Any, ...]]:
        make, arguments = self._source.recipe()
        return _restore, (make, arguments, self._brightness)


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


# A dask worker unpickles the video for each task. This cache prevents that each task opens the file again.
@cached(LRUCache(maxsize=8), lock=threading.Lock())
def _reopen(make: Callable[..., FrameSource], arguments: tuple[Any, ...]) -> FrameSource:
    return make(*arguments)


def _restore(make: Callable[..., FrameSource], arguments: tuple[Any, ...], brightness: bool) -> VideoArray:
    try:
        hash(arguments)
    except TypeError:
        return VideoArray(make(*arguments), brightness=brightness)
    return VideoArray(_reopen(make, arguments), brightness=brightness)
