"""A dask array of a recording with fast access to single frames.

To slice one frame, a normal dask array builds a graph and decodes a whole chunk. This is too slow for a
slider. Here a slice of frames is another view of the same recording. Conversion of a single frame to NumPy
uses the reader and its cache directly. Dask does all other operations (reductions, rechunking, clusters).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

import dask.array as da
import numpy as np
import numpy.typing as npt
from dask.tokenize import tokenize

from .indexing import split_key, wrap

# These have no type hints in dask.
_new = cast(Callable[..., Any], da.Array.__new__)
_slice = cast(Callable[..., da.Array], da.Array.__getitem__)
_compute = cast(Callable[..., Any], da.Array.compute)


class Frames(Protocol):
    """The properties of a `VideoArray` that the dask array uses."""

    @property
    def name(self) -> str:
        """Short name."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """``(t, y, x, c)`` or ``(t, y, x)``."""
        ...

    @property
    def ndim(self) -> int:
        """Number of axes."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Data type of the pixels."""
        ...

    def frame(self, number: int) -> npt.NDArray[Any]:
        """Read one frame.

        Parameters
        ----------
        number : int
            Frame number, in range.

        Returns
        -------
        ndarray, shape (y, x, c) or (y, x)
            The image.
        """
        ...

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        """Read frames."""
        ...


class LazyVideo(da.Array):
    """Frames of a recording as a dask array ``(t, y, x, c)`` or ``(t, y, x)``.

    `VideoArray.to_dask` creates it. It differs from other dask arrays only in speed: ``lazy[i]`` and
    ``lazy[a:b:c]`` need no graph operations, and ``np.asarray(lazy[i])`` reads one frame, not a chunk.
    """

    _video: Frames
    _frames: range
    _chunk: int
    _original: str

    @classmethod
    def of(cls, video: Frames, frames: range, chunk: int) -> LazyVideo:
        """Create the array of a range of frames.

        Parameters
        ----------
        video : VideoArray
            The recording.
        frames : range
            Frame numbers.
        chunk : int
            Frames per chunk, at least 1.

        Returns
        -------
        LazyVideo, shape (len(frames), y, x, c) or (len(frames), y, x)
            The dask array.

        Raises
        ------
        ValueError
            If ``chunk`` is less than 1.
        """
        if chunk < 1:
            raise ValueError(f"A chunk needs at least one frame, not {chunk}; give a larger chunk.")
        parts = [frames[start : start + chunk] for start in range(0, len(frames), chunk)] or [frames]
        name = f"video-{tokenize(video, frames, chunk)}"
        rest = (0,) * (video.ndim - 1)
        # The recording is a separate node. Then a cluster sends it to each worker only once.
        source = f"source-{name}"
        graph: dict[Any, Any] = {source: video}
        graph |= {(name, number, *rest): (_read, source, part) for number, part in enumerate(parts)}
        chunks = (tuple(map(len, parts)), *((length,) for length in video.shape[1:]))
        lazy: LazyVideo = _new(cls, graph, name, chunks, meta=np.empty((0,) * video.ndim, video.dtype))
        lazy._video, lazy._frames, lazy._chunk, lazy._original = video, frames, chunk, name
        return lazy

    def __getitem__(self, index: Any) -> da.Array:
        """Slice the array. Single frames and slices of frames need no graph operations."""
        if self.name != self._original:  # assignment to a dask array changes its graph
            return _slice(self, index)
        try:
            first, rest = split_key(index, self.ndim)
        except IndexError:
            return _slice(self, index)
        if isinstance(first, int | np.integer) and not isinstance(first, bool | np.bool_):
            number = self._frames[wrap(int(first), len(self._frames), self._video.name)]
            frame = LazyFrame.of(self._video, number, self.name)
            return frame[rest] if rest else frame
        if isinstance(first, slice) and first != slice(None):
            part = LazyVideo.of(self._video, self._frames[first], self._chunk)
            return _slice(part, (slice(None), *rest)) if rest else part
        return _slice(self, index)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None, **_: Any) -> Any:
        """Read into memory. A single frame, as in a napari slice, needs no scheduler."""
        if self.name != self._original or len(self._frames) != 1:
            return np.asarray(_compute(self), dtype)
        image = self._video.frame(self._frames[0])[np.newaxis]
        return image if dtype is None else image.astype(dtype, copy=False)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if self.name != self._original:
            return _plain(self)
        return LazyVideo.of, (self._video, self._frames, self._chunk)


class LazyFrame(da.Array):
    """One frame of a recording as a dask array ``(y, x, c)`` or ``(y, x)``."""

    _video: Frames
    _number: int
    _original: str

    @classmethod
    def of(cls, video: Frames, number: int, prefix: str) -> LazyFrame:
        """Create the array of one frame.

        Parameters
        ----------
        video : VideoArray
            The recording.
        number : int
            Frame number, in range.
        prefix : str
            Name of the parent array.

        Returns
        -------
        LazyFrame, shape (y, x, c) or (y, x)
            Dask array with one task.
        """
        name = f"{prefix}-frame-{number}"
        shape = video.shape[1:]
        graph = {(name, *(0,) * len(shape)): (video.frame, number)}
        meta = np.empty((0,) * len(shape), video.dtype)
        lazy: LazyFrame = _new(cls, graph, name, tuple((length,) for length in shape), meta=meta)
        lazy._video, lazy._number, lazy._original = video, number, name
        return lazy

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None, **_: Any
    ) -> npt.NDArray[Any]:
        """Read the frame without a scheduler."""
        if self.name != self._original:
            return np.asarray(_compute(self), dtype)
        image = self._video.frame(self._number)
        return image if dtype is None else image.astype(dtype, copy=False)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if self.name != self._original:
            return _plain(self)
        return LazyFrame.of, (self._video, self._number, self.name.rsplit("-frame-", 1)[0])


def _plain(array: da.Array) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return da.Array, (array.dask, array.name, array.chunks, array.dtype, array._meta)


def _read(video: Frames, frames: range) -> npt.NDArray[Any]:
    return video[np.asarray(frames, np.int64)]
