"""Small pictures of frames. Neither Qt nor napari; call it from a thread."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PIL import Image

from napari_ubam.report.pictures import cropped_frames
from napari_ubam.study import Recording

SIZE = 104  # pixels


def thumbnails(wanted: Iterable[tuple[Recording, int]], size: int = SIZE) -> list[npt.NDArray[np.uint8]]:
    """Make small pictures of frames, cropped to their regions.

    Parameters
    ----------
    wanted : iterable of (Recording, int)
        Recordings and frame numbers.
    size : int
        Pixels of the longer side.

    Returns
    -------
    list of (y, x, 3) uint8 array
        Grey where a video cannot be read.
    """
    return [thumbnail(recording, frame, size) for recording, frame in wanted]


def thumbnail(recording: Recording, frame: int, size: int = SIZE) -> npt.NDArray[np.uint8]:
    """Make a small picture of a frame; see `thumbnails`."""
    found = cropped_frames(recording, [frame])
    if found is None:
        return np.full((size, size, 3), 128, np.uint8)
    picture = found[0]
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.dtype != np.uint8:
        low, high = float(picture.min()), float(picture.max())
        picture = ((picture - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    if picture.shape[2] == 1:
        picture = np.repeat(picture, 3, axis=2)
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    return np.asarray(image)
