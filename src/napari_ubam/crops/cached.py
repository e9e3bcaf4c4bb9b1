"""Crops that lie ready on disk."""

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
    """Crops of a recording that the cache holds.

    Reading needs no video, no lock and no open file; threads and processes may share it.

    Parameters
    ----------
    name : str
        The recording's name.
    spec : CropSpec
        What the crops look like.
    frames : range
        Frames of the recording.
    fps : float
        Frames per second.
    times : (t,) float64 array
        Seconds of each frame since the video's first one.
    held : (t,) bool array
        Frames that the cache holds.
    valid : (t,) bool array
        Frames that it holds and that have a crop: not in a gap of the track, and decoded.
    complete : bool
        Whether all frames with a crop are held.
    folder : Path
        Folder of the chunks.
    chunk : int
        Frames a chunk.
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
        """Ranges ``(start, stop)`` of frame numbers that are held and all have a crop."""
        first = self.frames.start
        return tuple((first + start, first + stop) for start, stop in to_ranges(self.valid))

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Read crops of consecutive frames.

        Parameters
        ----------
        start, stop : int
            First frame number, and the one after the last.

        Returns
        -------
        ndarray of uint8, shape (stop - start, y, x[, 3])
            The crops; black for a frame without one.

        Raises
        ------
        CropError
            If some of the frames are not held.
        """
        begin, end = start - self.frames.start, stop - self.frames.start
        if not 0 <= begin <= end <= len(self.frames) or not self.held[begin:end].all():
            raise CropError(
                f"{self.name}: the cache does not hold all crops of frames {start} to {stop - 1}; read "
                "within its runs."
            )
        crops = np.zeros((end - begin, *self.spec.shape), np.uint8)
        for number in range(begin // self.chunk, -(-end // self.chunk)):
            first = number * self.chunk
            low, high = max(begin, first), min(end, first + self.chunk)
            part = crops[low - begin : high - begin]
            if self.valid[low:high].any() and not read_chunk(self.folder, number, low - first, part):
                raise CropError(
                    f"{self.name}: crops that should be in {self.folder} are missing; remove "
                    f"{self.folder.parent} and fill the cache anew."
                )
        return crops

    def blocks(self) -> Generator[Block, None, None]:
        """Read the crops of all frames in order, as `napari_ubam.crops.iter_crops` gives them.

        Yields
        ------
        numbers : (n,) int64 array
            Frame numbers.
        crops : (n, y, x[, 3]) uint8 array
            Crops; black where not valid.
        valid : (n,) bool array
            Frames that are held and have a crop.
        """
        for begin in range(0, len(self.frames), self.chunk):
            numbers = np.array(self.frames[begin : begin + self.chunk], np.int64)
            crops = np.zeros((len(numbers), *self.spec.shape), np.uint8)
            if self.held[begin]:
                crops = self.read(int(numbers[0]), int(numbers[-1]) + 1)
            yield numbers, crops, self.valid[begin : begin + self.chunk]
