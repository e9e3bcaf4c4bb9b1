"""Small pictures of frames. Needs neither Qt nor napari. Reads videos, so call it from a thread."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from napari_ubam.report.medoids import small_picture
from napari_ubam.report.pictures import cropped_frames
from napari_ubam.study import Recording

SIZE = 104  # pixels


def thumbnails(places: Iterable[tuple[Recording, int]], size: int = SIZE) -> list[npt.NDArray[np.uint8]]:
    """Make small pictures of frames, cropped to their regions.

    Parameters
    ----------
    places : iterable of (Recording, int)
        Recordings and frame numbers, from 0.
    size : int
        Length of the longer side in pixels.

    Returns
    -------
    list of (y, x, 3) uint8 array
        Plain grey if the video cannot be read.
    """
    return [thumbnail(recording, frame, size) for recording, frame in places]


def thumbnail(recording: Recording, frame: int, size: int = SIZE) -> npt.NDArray[np.uint8]:
    """Make a small picture of one frame, cropped to the region of its recording.

    Parameters
    ----------
    recording : Recording
    frame : int
        Frame number, from 0.
    size : int
        Length of the longer side in pixels.

    Returns
    -------
    (y, x, 3) uint8 array
        Plain grey if the video cannot be read.
    """
    found = cropped_frames(recording, [frame])
    if found is None:
        return np.full((size, size, 3), 128, np.uint8)
    return small_picture(found[0], size)
