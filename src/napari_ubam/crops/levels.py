"""Convert images of any data type to 8 bits, with the same limits for a whole recording."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ubam.study import Recording
from napari_ubam.video import FrameError, VideoArray

SAMPLES = 16  # frames from which the limits are computed
PERCENTILES = (0.1, 99.9)  # of the pixel values, so a few hot pixels do not darken the image
PIXELS = 20_000  # approximate number of pixels that are used from each frame


@dataclass(frozen=True)
class Levels:
    """Limits of the conversion to 8 bits.

    Parameters
    ----------
    low, high : float
        Values that become black and white.
    """

    low: float
    high: float

    def apply(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """Scale an image to 8 bits.

        Parameters
        ----------
        image : ndarray
            Image of any shape and numeric type.

        Returns
        -------
        ndarray of uint8
            Image of the same shape. Values outside the limits are clipped, NaN becomes black.
        """
        if image.dtype == np.uint16:
            found: NDArray[np.uint8] = self._table[image]
            return found
        return self._scaled(image)

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        # A lookup table is several times faster than the computation.
        return self._scaled(np.arange(2**16))

    def _scaled(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        share = (image.astype(np.float64) - self.low) / max(self.high - self.low, np.finfo(float).tiny)
        share = np.nan_to_num(np.clip(share, 0, 1), nan=0.0)
        return np.rint(share * 255).astype(np.uint8)


def levels_of(recording: Recording, video: VideoArray) -> Levels | None:
    """Compute the limits of a recording: percentiles 0.1 and 99.9 of its region in 16 frames.

    The limits do not depend on the part of the recording that is read, so the brightness does not jump.

    Parameters
    ----------
    recording : Recording
        Recording with its frames and region.
    video : VideoArray
        Its video, brightness or colour.

    Returns
    -------
    Levels or None
        None for 8-bit images, which are not converted.
    """
    if video.dtype == np.uint8:
        return None
    if video.dtype == np.bool_:
        return Levels(0.0, 1.0)
    found = [
        values for number in _spread(recording, video) if len(values := _sample(recording, video, number))
    ]
    if not found:
        return Levels(0.0, 1.0)
    low, high = np.percentile(np.concatenate(found), PERCENTILES)
    return Levels(float(low), float(high))


def _spread(recording: Recording, video: VideoArray) -> list[int]:
    segments = recording.segments(len(video), video.times)
    numbers = np.concatenate([np.empty(0, np.int64), *map(np.asarray, segments)])
    places = np.unique(np.linspace(0, len(numbers) - 1, SAMPLES).round().astype(np.int64))
    return [int(number) for number in numbers[places]] if len(numbers) else []


def _sample(recording: Recording, video: VideoArray, number: int) -> NDArray[np.float64]:
    boxes = recording.crops([number])
    box = boxes[0].clipped(*video.shape[1:3]) if boxes and boxes[0] else None
    if boxes and box is None:
        return np.empty(0)
    try:
        image = video[number]
    except FrameError:
        return np.empty(0)
    values = (image[box.slices] if box else image).ravel()
    values = values[:: max(values.size // PIXELS, 1)].astype(np.float64)
    finite: NDArray[np.float64] = values[np.isfinite(values)]
    return finite
