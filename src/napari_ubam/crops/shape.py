"""Which shape of crops suits the recordings of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.video import VideoError, open_video

MULTIPLE = 8  # pixels
LONGEST = 3.0  # of a crop's longer side, in shorter ones


def shape_for(regions: Sequence[tuple[float, float]], side: int) -> tuple[int, int]:
    """Find a shape of crops that wastes few pixels on bars.

    An animal seen from the side is twice as long as high: in a square crop, half of the pixels would show
    what is beside its region.

    Parameters
    ----------
    regions : sequence of (float, float)
        Height and width of the regions that are to be cropped.
    side : int
        The shape has nearly as many pixels as a square of this side.

    Returns
    -------
    tuple of int
        Height and width, multiples of 8. Their ratio is the median ratio of the regions, but one to three
        at most; a square where there is no region.
    """
    ratios = np.log([width / height for height, width in regions] or [1.0])
    stretch = float(np.exp(np.clip(np.median(ratios), -np.log(LONGEST), np.log(LONGEST)) / 2))
    height, width = (max(round(side * by / MULTIPLE), 1) * MULTIPLE for by in (1 / stretch, stretch))
    return height, width


def regions_of(recordings: Iterable[Recording], cancel: Cancel | None = None) -> list[tuple[float, float]]:
    """Height and width of what each recording shows; one whose video does not open is left out.

    Parameters
    ----------
    recordings : iterable of Recording
    cancel : Cancel, optional

    Returns
    -------
    list of (float, float)

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
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
