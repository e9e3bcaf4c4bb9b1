"""Brightness of recordings, from a few frames of their videos."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from napari_ubam.study import Recording
from napari_ubam.video import FrameError, VideoArray, VideoError, open_video

FRAMES = 9  # of each recording, evenly in time


def measure_brightness(
    recordings: Iterable[Recording], check: Callable[[], Any] = lambda: None
) -> tuple[dict[str, float], list[str]]:
    """Measure the mean grey level of the regions of recordings.

    Parameters
    ----------
    recordings : iterable of Recording
    check : callable
        Called before each recording; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    brightness : dict of str to float
        Mean grey level by recording, in the units of its video.
    unread : list of str
        Names of the recordings whose video cannot be read.
    """
    found, unread = {}, []
    for one in recordings:
        check()
        try:
            with one.open_with(open_video) as video:
                levels = _levels(one, video)
        except (VideoError, OSError):
            levels = []
        if levels:
            found[one.name] = float(np.mean(levels))
        else:
            unread.append(one.name)
    return found, unread


def _levels(recording: Recording, video: VideoArray) -> list[float]:
    luma = video.luma()
    frames = [frame for segment in recording.segments(len(video), video.times) for frame in segment]
    if not frames:
        return []
    places = np.linspace(0, len(frames) - 1, FRAMES + 2).round().astype(int)[1:-1]
    chosen = [frames[place] for place in dict.fromkeys(places.tolist())]
    regions = recording.crops(chosen)
    found = []
    for number, frame in enumerate(chosen):
        try:
            image = luma[frame]
        except FrameError:
            continue
        region = regions[number] if regions else None
        inside = region.clipped(*image.shape[:2]) if region else None
        part = image[inside.slices] if inside else image if regions is None else image[:0]
        if part.size:
            found.append(float(part.mean(dtype=np.float64)))
    return found
