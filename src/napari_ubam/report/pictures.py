"""Cropped frames of recordings, for figures and thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.study import Recording
from napari_ubam.video import VideoError, open_video


def cropped_frames(recording: Recording, frames: Sequence[int]) -> list[npt.NDArray[Any]] | None:
    """Read frames of a recording, cropped to its region.

    Parameters
    ----------
    recording : Recording
        The recording.
    frames : sequence of int
        Frame numbers.

    Returns
    -------
    list of ndarray, shape (y, x, c), or None
        One image for each frame. None if the video cannot be read.
    """
    try:
        with recording.open_with(open_video, warn=False) as video:
            boxes = recording.crops(frames)
            pictures = []
            for number, frame in enumerate(frames):
                picture = np.asarray(video[int(frame)])
                box = None if boxes is None else boxes[number]
                if box is not None:
                    top, left = max(int(box.y), 0), max(int(box.x), 0)
                    picture = picture[top : int(box.y + box.height), left : int(box.x + box.width)]
                pictures.append(picture)
            return pictures
    except (VideoError, OSError):
        return None
