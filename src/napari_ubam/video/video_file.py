"""A video file as a source of frames."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from .convert import Converter
from .decoder import FrameDecoder
from .errors import FrameError, VideoError
from .index_cache import Identity, file_identity, load_index, store_index
from .scan import build_index
from .source import FrameSource, constant_times
from .whole_decoding import Progress

_SAMPLE = 2**20


class VideoFile(FrameSource):
    """Frames of an encoded video file.

    Parameters
    ----------
    path : Path
        Video file.
    fps : float, optional
        Frame rate of the camera, if the file states another one or none.
    progress : callable, optional
        Called during indexing. See `napari_ubam.video.scan.build_index`.

    Raises
    ------
    VideoError
        If the file cannot be read as a video.
    """

    def __init__(self, path: Path, fps: float | None = None, progress: Progress | None = None) -> None:
        self.path: Path = path.absolute()
        self.name = path.stem
        self._fps_given = fps
        self._identity = _identity_of(self.path)
        index = load_index(self.path, self._identity)
        if index is None:
            index = build_index(self.path, progress)
            store_index(self.path, self._identity, index)
        self._index = index
        picture = self._index.picture
        self._converter = Converter(picture)
        self._decoder = FrameDecoder(
            self.path, self._index, partial(_refuse_change, self.path, self._identity)
        )
        self.shape = (len(self._index), picture.height, picture.width, picture.channels)
        self._stored_size = (picture.width, picture.height)
        if picture.display_matrix[0] == 0:
            self._stored_size = (picture.height, picture.width)
        self.luma_dtype = self._converter.luma_dtype
        self.dtype = self.luma_dtype if picture.channels == 1 else np.dtype(np.uint8)
        self.fps = fps or self._index.fps
        self.stated_fps = None if self._index.rate_notes else self._index.fps
        self.times = constant_times(len(self._index), fps) if fps else self._index.times
        self.notes = (*self._index.notes, *(() if fps else self._index.rate_notes))

    def read(self, frame: int, keep: bool = True) -> npt.NDArray[Any]:
        """Read one frame. See `FrameSource.read`.

        Parameters
        ----------
        frame : int
            Frame number, in range.
        keep : bool
            Whether to cache the frame.

        Returns
        -------
        ndarray, shape (y, x, c)
            RGB uint8 (c = 3), or grey as stored (c = 1).

        Raises
        ------
        FrameError
            If the frame cannot be decoded, or has another size than the video.
        """
        with self._decoder.lock:
            return self._converter.pixels(self._decoded(frame, keep))

    def read_luma(self, frame: int, keep: bool = True) -> npt.NDArray[Any]:
        """Read the Y plane of one frame. It is not computed from RGB.

        Parameters
        ----------
        frame : int
            Frame number, in range.
        keep : bool
            Whether to cache the frame.

        Returns
        -------
        ndarray, shape (y, x)
            Samples with the range and bit depth of the file.

        Raises
        ------
        FrameError
            If the frame cannot be decoded, or has another size than the video.
        """
        with self._decoder.lock:
            return self._converter.luma(self._decoded(frame, keep))

    def _decoded(self, frame: int, keep: bool) -> av.VideoFrame:
        decoded = self._decoder.frame(frame, keep)
        size = (decoded.width, decoded.height)
        if size != self._stored_size:
            found, first = ("x".join(map(str, one)) for one in (size, self._stored_size))
            raise FrameError(self.path, frame, f"its size is {found}, but other frames are {first}")
        return decoded

    def exclusive_access(self) -> AbstractContextManager[Any]:
        """Block other threads while several frames are read.

        Returns
        -------
        context manager
            The lock of the decoder.
        """
        return self._decoder.lock

    def compute_fingerprint(self) -> str:
        """Hash the size, start, middle and end of the file. To hash a whole large file would take seconds.

        Returns
        -------
        str
            32 hexadecimal digits.
        """
        digest = hashlib.blake2b(digest_size=16)
        size = self.path.stat().st_size
        digest.update(str(size).encode())
        with self.path.open("rb") as file:
            for offset in (0, max(size // 2 - _SAMPLE // 2, 0), max(size - _SAMPLE, 0)):
                file.seek(offset)
                digest.update(file.read(_SAMPLE))
        return digest.hexdigest()

    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """See `FrameSource.recipe`. The other process reads the index from the cache or creates it.

        Returns
        -------
        tuple of (callable, tuple)
            The function and its arguments.
        """
        return _open_same, (self.path, self._fps_given, self._identity)

    def close(self) -> None:
        """Close the file and clear the cache. The next read opens it again."""
        self._decoder.close()


def _identity_of(path: Path) -> Identity:
    try:
        return file_identity(path)
    except FileNotFoundError as error:
        raise VideoError(f"{path}: there is no such file; check the path.") from error
    except PermissionError as error:
        raise VideoError(
            f"{path}: there is no permission to read the file; change its permissions or copy it."
        ) from error


def _open_same(path: Path, fps: float | None, identity: Identity) -> VideoFile:
    _refuse_change(path, identity)
    return VideoFile(path, fps)


def _refuse_change(path: Path, identity: Identity) -> None:
    if _identity_of(path) != identity:
        raise VideoError(f"{path}: the file has changed since it was opened; open it again.")
