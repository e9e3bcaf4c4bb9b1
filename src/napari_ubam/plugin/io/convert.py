"""From recordings to layers, as data: napari itself is not needed here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.study import Recording, Study
from napari_ubam.study.values import absolute
from napari_ubam.video import FrameError, VideoArray, VideoError, open_video

Layer = tuple[Any, dict[str, Any], str]
"""Layer data, arguments of the layer, and its type, as npe2 hands layers over."""

UNKNOWN_RATE = 30.0  # frames a second


class ShownVideo(VideoArray):
    """A recording as a viewer needs it: a frame that does not decode is shown black, and told of.

    An error while napari slices a layer would leave the picture of another frame on the canvas.

    Parameters
    ----------
    video : VideoArray
        The recording.
    tell : callable
        Called with the sentence of each frame that does not decode.
    """

    def __init__(self, video: VideoArray, tell: Callable[[str], object]) -> None:
        super().__init__(video.source, brightness=video.ndim == 3)
        self._tell = tell

    def _read(self, number: int, keep: bool = True) -> npt.NDArray[Any]:
        try:
            return super()._read(number, keep)
        except FrameError as error:
            self._tell(str(error))
            return np.zeros(self.shape[1:], self.dtype)


def path_of(layer: Any) -> Path | None:
    """Video that a layer shows: one that we opened, or a stack that napari read by itself.

    Parameters
    ----------
    layer : napari layer

    Returns
    -------
    Path or None
    """
    noted = layer.metadata.get("path") or layer.source.path
    return absolute(noted) if noted else None


def rate_of(layer: Any, recording: Recording) -> float:
    """Frames a second of a recording that a layer shows; 30 where nothing tells it."""
    return float(layer.metadata.get("fps") or recording.fps or _rate_of_file(recording.video))


@lru_cache(maxsize=64)
def _rate_of_file(path: Path) -> float:
    """Rate that a file tells of itself; asked where napari opened it."""
    try:
        with open_video(path, warn=False) as video:
            return float(video.fps or UNKNOWN_RATE)
    except (VideoError, OSError):
        return UNKNOWN_RATE


def recording_layer(video: VideoArray, tell: Callable[[str], object] = warnings.warn) -> Layer:
    """Make an image layer of a recording, whose frames are read when they are shown.

    Parameters
    ----------
    video : VideoArray
        The recording.
    tell : callable
        Called with the sentence of each frame that does not decode when it is shown; it is black then.

    Returns
    -------
    tuple
        Dask array ``(t, y, x, 3)`` shown as RGB, or ``(t, y, x)`` shown as grey; the layer's arguments, with
        time in seconds (mean frame rate) on the first axis; and ``"image"``. The metadata holds the
        recording itself and the true time of each frame, in seconds.
    """
    grey = video.shape[-1] == 1
    shown = video.luma() if grey else video
    arguments: dict[str, Any] = {
        "name": video.name,
        "rgb": not grey,
        "multiscale": False,
        "axis_labels": ("t", "y", "x"),
        "units": ("s", "pixel", "pixel"),
        "scale": (1 / video.fps, 1.0, 1.0),
        "metadata": {
            "recording": video,
            "path": str(video.path or ""),
            "fps": video.fps,
            "times": video.times,
            "notes": video.notes,
        },
        # Frames are kept by the reader already, as decoded: half the memory of napari's own cache.
        "cache": False,
    }
    if grey:
        arguments["contrast_limits"] = contrast_limits(shown)
    return ShownVideo(shown, tell).to_dask(), arguments, "image"


def contrast_limits(video: VideoArray) -> tuple[float, float]:
    """Limits of grey levels for showing a recording.

    Parameters
    ----------
    video : VideoArray
        Brightness of a recording, (t, y, x).

    Returns
    -------
    tuple of float
        0 and 255 for 8 bit; else the range of three frames, since the whole recording would have to be read
        for its own.
    """
    if video.dtype == np.uint8:
        return 0.0, 255.0
    samples = []
    for number in {0, len(video) // 2, len(video) - 1}:
        try:
            samples.append(video[number])
        except FrameError:
            continue
    low = min((float(image.min()) for image in samples), default=0.0)
    high = max((float(image.max()) for image in samples), default=1.0)
    return low, high if high > low else low + 1.0


def study_layer(table: Path) -> Layer:
    """Make a layer of a study's first recording, which tells the panels of the study.

    Raises
    ------
    StudyError, VideoError
        If the table or the video cannot be read.
    """
    first = next(iter(Study.from_csv(table)))
    return noted(recording_layer(first.open_with(open_video, warn=False)), study_csv=str(table))


def noted(layer: Layer, **values: Any) -> Layer:
    """Give a layer with more metadata."""
    data, arguments, kind = layer
    return data, {**arguments, "metadata": {**arguments["metadata"], **values}}, kind
