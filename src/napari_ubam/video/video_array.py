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

from .indexing import frame_numbers, split_key, wrap
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
