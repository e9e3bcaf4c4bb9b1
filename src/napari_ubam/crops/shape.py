"""Choose the shape of the crops for a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.video import VideoError, open_video

MULTIPLE = 8  # pixels
MAX_RATIO = 3.0  # of the longer to the shorter side of a crop


def shape_for(regions: Sequence[tuple[float, float]], side: int) -> tuple[int, int]:
    """Choose the crop shape that wastes few pixels on letterbox bars.

    For example, an animal seen from the side is twice as long as high: in a square crop, half of the pixels
    would be outside its region.

    Parameters
    ----------
    regions : sequence of (float, float)
        Height and width of each region in pixels.
    side : int
        The crop has about as many pixels as a square with this side.

    Returns
    -------
    tuple of int
        Height and width in pixels, multiples of 8. Their ratio is the median ratio of the regions, limited to
        1:3 and 3:1. Without regions the crop is a square.
    """
    ratios = np.log([width / height for height, width in regions] or [1.0])
    stretch = float(np.exp(np.clip(np.median(ratios), -np.log(MAX_RATIO), np.log(MAX_RATIO)) / 2))
    height, width = (max(round(side * by / MULTIPLE), 1) * MULTIPLE for by in (1 / stretch, stretch))
    return height, width


def regions_of(recordings: Iterable[Recording], cancel: Cancel | None = None) -> list[tuple[float, float]]:
    """Return the size of the region of each recording.

    Parameters
    ----------
    recordings : iterable of Recording
        Recordings. One is skipped if its size is that of the video and the video cannot be opened.
    cancel : Cancel, optional
        Checked before each recording.

    Returns
    -------
    list of (float, float)
        Height and width in pixels. For a track, the median over its boxes.

    Raises
    ------
    Cancelled
        If ``cancel`` is set.
    """
    found = []
    for recording in recordings:
        check_cancelled(cancel)
        if recording.track is not None:
            box = np.median(recording.track.boxes, axis=0)
            found.append((float(box[3]), float(box[2])))
        elif recording.roi is not None:
            found.append((float(recording.roi.height), float(recording.roi.width)))
        else:
            try:
                with recording.open_with(open_video, warn=False) as video:
                    found.append((float(video.shape[1]), float(video.shape[2])))
            except (VideoError, OSError):
                continue
    return found
