"""The array that users hold: NumPy's indexing over frames that are decoded when asked for."""

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

    Indexing gives NumPy arrays and reads only the frames that it names: ``video[120]``,
    ``video[-1, ..., 0]``, ``video[100:200:5, 40:90]``, ``video[[3, 77, 4]]``. Frame numbers are display
    order, from 0, and exact for every way of access. Threads may share an array; pickled into another
    process it opens the file there.

    Use `napari_ubam.open_video` to make one.

    Parameters
    ----------
    source : FrameSource
        Where the frames come from.
    brightness : bool
        True for the array without the channel axis.
    """

    def __init__(self, source: FrameSource, *, brightness: bool = False) -> None:
        self._source = source
        self._brightness = brightness

    @property
    def source(self) -> FrameSource:
        """Where the frames come from."""
        return self._source

    @property
    def shape(self) -> tuple[int, ...]:
        """``(t, y, x, c)``, or ``(t, y, x)`` for brightness."""
        return self._source.shape[:3] if self._brightness else self._source.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of the samples: uint8 for videos, as stored for image stacks."""
        return self._source.luma_dtype if self._brightness else self._source.dtype

    @property
    def ndim(self) -> int:
        """Number of axes, 4 or 3."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of samples."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array if it were in memory."""
        return self.size * self.dtype.itemsize

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes."""
        return ("t", "y", "x") if self._brightness else ("t", "y", "x", "c")

    @property
    def fps(self) -> float:
        """Frames per second: the rate apart from gaps, or the mean of a rate that varies."""
        return self._source.fps

    @property
    def stated_fps(self) -> float | None:
        """Frames per second by the file itself, None where it states none."""
        return self._source.stated_fps

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Seconds of each frame since the first one, shape (t,); true for variable frame rates."""
        times = self._source.times.view()
        times.flags.writeable = False
        return times

    @property
    def name(self) -> str:
        """Short name, such as the file's stem."""
        return self._source.name

    @property
    def path(self) -> Path | None:
        """File or folder, None for arrays in memory."""
        path: Path | None = self._source.path
        return path

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user should know about the recording, one sentence each."""
        return self._source.notes

    @property
    def fingerprint(self) -> str:
        """Hash of the content, the same wherever the file lies."""
        return self._source.fingerprint

    def luma(self) -> VideoArray:
        """Brightness of the same recording: the Y plane of a video without conversion.

        Returns
        -------
        VideoArray, shape (t, y, x)
            It shares files and cached frames with this array.
        """
        return VideoArray(self._source, brightness=True)

    def to_dask(self, chunk: int = 64) -> LazyVideo:
        """Dask array of the recording.

        Parameters
        ----------
        chunk : int
            Frames a chunk.

        Returns
        -------
        LazyVideo
            A `dask.array.Array` whose slices of frames cost no graph work.
        """
        from .lazy import LazyVideo

        return LazyVideo.of(self, range(len(self)), chunk)

    def frame(self, number: int) -> npt.NDArray[Any]:
        """One frame.

        Parameters
        ----------
        number : int
            Frame number in 0 ... t - 1.

        Returns
        -------
        ndarray, shape (y, x, c) or (y, x)
            The frame's samples.

        Raises
        ------
        FrameError
            If the frame does not decode.
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
        """Read frames; the first index chooses them, further ones are applied to each."""
        first, rest = split_key(key, self.ndim)
        if isinstance(first, np.integer | int) and not isinstance(first, bool):
            image = self.frame(wrap(int(first), len(self), self.name))
            return image[rest] if rest else image
        with self._source.undisturbed():
            return self._run(frame_numbers(first, len(self), self.name), rest)

    def _run(self, numbers: npt.NDArray[np.int64], rest: tuple[Any, ...]) -> npt.NDArray[Any]:
        out: npt.NDArray[Any] | None = None
        # In ascending order each keyframe is decoded from at most once, whatever the order asked for.
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
            raise ValueError(f"{self.name}: frames are decoded, so an array of them is always a copy.")
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def close(self) -> None:
        """Close files and forget decoded frames; reading opens them again."""
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
    """Split an index into the one of the frame axis and the rest.

    Parameters
    ----------
    key : object
        What stands between the brackets.
    ndim : int
        Number of axes.

    Returns
    -------
    first : int, slice or array
        Index of the first axis.
    rest : tuple
        Indices of the others, empty where they select everything.

    Raises
    ------
    IndexError
        If there are more indices than axes, or new axes are asked for.
    """
    items = list(key) if isinstance(key, tuple) else [key]
    if any(item is None for item in items):
        raise IndexError("New axes cannot be put into a video; read the frames first: video[10:20][:, None].")
    dots = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(items) - len(dots) > ndim or len(dots) > 1:
        raise IndexError(f"A video has {ndim} axes, it cannot be indexed with {len(items) - len(dots)}.")
    if dots:
        items[dots[0] : dots[0] + 1] = [slice(None)] * (ndim - len(items) + 1)
    first, *rest = items or [slice(None)]
    everything = all(isinstance(item, slice) and item == slice(None) for item in rest)
    return first, () if everything else tuple(rest)


def frame_numbers(first: Any, frames: int, name: str) -> npt.NDArray[np.int64]:
    """Frame numbers that an index of the first axis selects.

    Parameters
    ----------
    first : slice, sequence of int or of bool
        The index.
    frames : int
        Frames of the video.
    name : str
        Its name, for errors.

    Returns
    -------
    ndarray of int64, shape (n,)
        Frame numbers, in the order asked for.

    Raises
    ------
    IndexError
        If a number is out of range or the index is of another kind.
    """
    if isinstance(first, slice):
        return np.arange(*first.indices(frames), dtype=np.int64)
    wanted = np.asarray(first)
    if wanted.dtype == bool and wanted.shape == (frames,):
        return np.flatnonzero(wanted)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise IndexError(f"{name}: frames are chosen by an integer, a slice or a list of integers.")
    return np.array([wrap(int(number), frames, name) for number in wanted], np.int64)


def wrap(number: int, frames: int, name: str) -> int:
    """Frame number of an index that may count from the end.

    Parameters
    ----------
    number : int
        Index, negative from the end.
    frames : int
        Frames of the video.
    name : str
        Its name, for the error.

    Returns
    -------
    int
        Frame number in 0 ... frames - 1.

    Raises
    ------
    IndexError
        If there is no such frame.
    """
    if not -frames <= number < frames:
        raise IndexError(f"{name}: there is no frame {number}, frames are 0 to {frames - 1}.")
    return number % frames


# Tasks of a dask graph arrive one by one in a worker: without this each would open the file again.
@cached(LRUCache(maxsize=8), lock=threading.Lock())
def _reopen(make: Callable[..., FrameSource], arguments: tuple[Any, ...]) -> FrameSource:
    return make(*arguments)


def _restore(make: Callable[..., FrameSource], arguments: tuple[Any, ...], brightness: bool) -> VideoArray:
    try:
        hash(arguments)
    except TypeError:
        return VideoArray(make(*arguments), brightness=brightness)
    return VideoArray(_reopen(make, arguments), brightness=brightness)
