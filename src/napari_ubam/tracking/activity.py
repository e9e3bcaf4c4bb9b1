"""Where in the picture of a recording something moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.video import open_video

FRAMES = 120  # of a recording, evenly spaced
CELLS = 80  # along the longer side of the picture
DARK = 0.08  # brightness as a share of the brightest, so that noise in the dark does not count as movement
STILL = 0.02  # relative change of brightness under which nothing moves


@dataclass(frozen=True)
class Activity:
    """Movement in each part of the picture.

    Parameters
    ----------
    values : ndarray of float, shape (y, x)
        From 0 where nothing changes, to 1.
    cell : float
        Pixels of the video for one cell, along each axis.
    frame : tuple of int
        Height and width of the video in pixels.
    """

    values: npt.NDArray[np.floating[Any]]
    cell: float
    frame: tuple[int, int]


def activity_of(recording: Recording, cancel: Cancel | None = None) -> Activity | None:
    """Measure how much the brightness changes over time in each part of the picture.

    The brightness of each frame is divided by its median, so that a lamp that flickers or a cloud does not
    count.

    Parameters
    ----------
    recording : Recording
        The whole picture is used, also if the recording has a region.
    cancel : Cancel, optional
        Checked before each frame.

    Returns
    -------
    Activity or None
        None if nothing moves, or there are fewer than two frames.

    Raises
    ------
    VideoError, OSError
        If the video cannot be read.
    Cancelled
        If ``cancel`` is set.
    """
    with recording.open_with(open_video, warn=False) as video:
        segments = recording.segments(len(video), video.times)
        frames = np.concatenate([np.empty(0, np.int64), *map(np.asarray, segments)])
        brightness = video.luma()
        height, width = brightness.shape[1:]
        cell = max(1, round(max(height, width) / CELLS))
        seen = []
        for place in np.linspace(0, max(len(frames) - 1, 0), min(FRAMES, len(frames))).astype(int):
            check_cancelled(cancel)
            seen.append(_cells(brightness[int(frames[place])], cell))
    if len(seen) < 2:
        return None
    cells = np.stack(seen)
    cells /= max(float(np.quantile(cells, 0.999)), 1e-6)
    middle = np.median(cells, axis=(1, 2), keepdims=True) + 1e-6
    steady = cells / middle * middle.mean()
    change = steady.std(axis=0) / (steady.mean(axis=0) + DARK)
    strongest = float(np.quantile(change, 0.99))
    if strongest < STILL:
        return None
    return Activity(np.clip(change / strongest, 0, 1), float(cell), (height, width))


def _cells(frame: npt.NDArray[Any], cell: int) -> npt.NDArray[np.float64]:
    """Mean brightness of the cells of a (y, x) frame."""
    height, width = (side // cell * cell for side in frame.shape)
    blocks = frame[:height, :width].reshape(height // cell, cell, width // cell, cell)
    found: npt.NDArray[np.float64] = blocks.mean((1, 3), dtype=np.float64)
    return found
