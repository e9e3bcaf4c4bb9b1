"""Crops on disk."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .chunks import read_chunk
from .cropper import CropSpec
from .errors import CropError
from .identity import to_ranges
from .stream import Block


@dataclass(frozen=True)
class CachedCrops:
    """Cached crops of a recording.

    Reading needs no video, no lock and no open file. Threads and processes can share it.

    Parameters
    ----------
    name : str
        Name of the recording.
    spec : CropSpec
        Size and colour of the crops.
    frames : range
        Frames of the recording.
    fps : float
        Frames per second.
    times : ndarray of float64, shape (t,)
        Time of each frame in seconds from the first frame of the video.
    held : ndarray of bool, shape (t,)
        Frames in the cache.
    valid : ndarray of bool, shape (t,)
        Frames in the cache that have a crop: they were decoded, and are neither left out nor in a gap
        of the track.
    complete : bool
        Whether all frames with a crop are in the cache.
    folder : Path
        Folder of the chunks.
    chunk : int
        Frames per chunk.
    """

    name: str
    spec: CropSpec
    frames: range
    fps: float
    times: NDArray[np.float64]
    held: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    complete: bool
    folder: Path
    chunk: int

    @cached_property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """Ranges ``(start, stop)`` of consecutive frames that are valid."""
        first = self.frames.start
        return tuple((first + start, first + stop) for start, stop in to_ranges(self.valid))

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Read crops of consecutive frames.

        Parameters
        ----------
        start, stop : int
            First frame number, and the number after the last one.

        Returns
        -------
        ndarray of uint8, shape (stop - start, y, x[, 3])
            Crops. A frame without a crop is black.

        Raises
        ------
        CropError
            If some of the frames are not in the cache.
        """
        begin, end = start - self.frames.start, stop - self.frames.start
        if not 0 <= begin <= end <= len(self.frames) or not self.held[begin:end].all():
            raise CropError(
                f"{self.name}: the cache does not have all crops of frames {start} to {stop - 1}; read "
                "only frames in its runs."
            )
        crops = np.zeros((end - begin, *self.spec.shape), np.uint8)
        for number in range(begin // self.chunk, -(-end // self.chunk)):
            first = number * self.chunk
            low, high = max(begin, first), min(end, first + self.chunk)
            part = crops[low - begin : high - begin]
            if self.valid[low:high].any() and not read_chunk(self.folder, number, low - first, part):
                raise CropError(
                    f"{self.name}: crops in {self.folder} are missing; delete {self.folder.parent} and fill "
                    "the cache again."
                )
        return crops

    def blocks(self) -> Generator[Block, None, None]:
        """Read the crops of all frames in order. The blocks are like those of `napari_ubam.crops.iter_crops`.

        Yields
        ------
        numbers : ndarray of int64, shape (n,)
            Frame numbers.
        crops : ndarray of uint8, shape (n, y, x[, 3])
            Crops, black if not valid.
        valid : ndarray of bool, shape (n,)
            Frames that are in the cache and have a crop.
        """
        for begin in range(0, len(self.frames), self.chunk):
            numbers = np.array(self.frames[begin : begin + self.chunk], np.int64)
            crops = np.zeros((len(numbers), *self.spec.shape), np.uint8)
            if self.held[begin]:
                crops = self.read(int(numbers[0]), int(numbers[-1]) + 1)
            yield numbers, crops, self.valid[begin : begin + self.chunk]
