"""Cropped frames of recordings, for figures and thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.crops.cropper import Cropper
from napari_ubam.study import PlacedRoi, Recording
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
                if isinstance(box, PlacedRoi) and picture.dtype == np.uint8:
                    picture = _placed(picture, box)
                elif box is not None:
                    top, left = max(int(box.y), 0), max(int(box.x), 0)
                    picture = picture[top : int(box.y + box.height), left : int(box.x + box.width)]
                pictures.append(picture)
            return pictures
    except (VideoError, OSError):
        return None


def _placed(picture: npt.NDArray[Any], box: PlacedRoi) -> npt.NDArray[Any]:
    """Cut out a rectangle that follows the subject, in its own resolution."""
    image = picture[..., 0] if picture.shape[-1] == 1 else picture
    crop = Cropper().crop(image, box, (box.box_height, box.box_width))
    return crop[..., None] if crop.ndim == 2 else crop
