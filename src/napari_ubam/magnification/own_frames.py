"""Which frames of a recording a frame is compared with when it is magnified, and their crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops import CropCache, CropSpec, iter_crops
from napari_ubam.runfolder.paths import CROPS
from napari_ubam.study import Recording
from napari_ubam.video import VideoArray

BLOCK = 2000
"""Frames of a part of a recording, about. Its frames are compared with each other only.

Shorter than the margin of the alignment, so that the choice does not depend on the range that is magnified.
"""

COUNT = 256
"""Frames of a part that the others are compared with."""


def part_of(number: int, frames: range) -> range:
    """Find the part of a recording that a frame is in.

    Parameters
    ----------
    number : int
        Frame number.
    frames : range
        Frames of the recording.

    Returns
    -------
    range
        Frame numbers. All parts of a recording are about as long.
    """
    count = max(1, round(len(frames) / BLOCK))
    place = (number - frames.start) * count // len(frames)
    edges = [frames.start + -(-one * len(frames) // count) for one in (place, place + 1)]
    return range(*edges)


def chosen_rows(known: NDArray[np.int64], part: range) -> NDArray[np.int64]:
    """Choose frames of a part, evenly spaced.

    Parameters
    ----------
    known : ndarray of int64, shape (t,)
        Numbers of the frames that have a code, ascending.
    part : range
        Result of `part_of`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Rows of ``known``.
    """
    rows = np.flatnonzero((known >= part.start) & (known < part.stop))
    if len(rows) <= COUNT:
        return rows
    return rows[np.linspace(0, len(rows) - 1, COUNT).round().astype(np.int64)]


def read_crops(
    folder: Path, recording: Recording, spec: CropSpec, numbers: NDArray[np.int64], video: VideoArray
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read crops from the cache of the run, or else from the video.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recording : Recording
    spec : CropSpec
        Crops that the network takes.
    numbers : ndarray of int64, shape (n,)
        Frame numbers, ascending, at least one.
    video : VideoArray
        The recording's video.

    Returns
    -------
    crops : ndarray of uint8, shape (n, y, x[, 3])
    valid : ndarray of bool, shape (n,)
        Whether a frame has a crop.
    """
    cached = CropCache(folder / CROPS, spec).complete(recording, video)
    if cached is not None:
        places = numbers - cached.frames.start
        chunks = np.split(numbers, np.flatnonzero(np.diff(places // cached.chunk)) + 1)  # each is read once
        parts = [cached.read(int(some[0]), int(some[-1]) + 1)[some - some[0]] for some in chunks]
        return np.concatenate(parts), cached.valid[places]
    with iter_crops(recording, spec, numbers, block=len(numbers), video=video) as stream:
        _, crops, valid = next(stream)
    return crops, valid
