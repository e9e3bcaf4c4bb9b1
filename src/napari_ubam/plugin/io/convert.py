"""Layers of recordings, as data. Needs neither Qt nor napari."""

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

from .marks import mark

Layer = tuple[Any, dict[str, Any], str]
"""Data, keyword arguments and type of a layer, as napari takes them from a reader."""

UNKNOWN_RATE = 30.0  # frames per second


class ShownVideo(VideoArray):
    """A recording whose unreadable frames are black and give a warning.

    After an error, napari would keep the picture of another frame on the canvas.

    Parameters
    ----------
    video : VideoArray
        The recording.
    warn : callable
        Called with one sentence for each unreadable frame.
    """

    def __init__(self, video: VideoArray, warn: Callable[[str], object]) -> None:
        super().__init__(video.source, brightness=video.ndim == 3)
        self._warn = warn

    def _read(self, number: int, keep: bool = True) -> npt.NDArray[Any]:
        try:
            return super()._read(number, keep)
        except FrameError as error:
            self._warn(str(error))
            return np.zeros(self.shape[1:], self.dtype)


def path_of(layer: Any) -> Path | None:
    """Find the file that a layer shows, also if napari's own reader opened it.

    Parameters
    ----------
    layer : napari.layers.Layer

    Returns
    -------
    Path or None
        Absolute path; None if the layer shows no file.
    """
    path = layer.metadata.get("path") or layer.source.path
    return absolute(path) if path else None


def rate_of(layer: Any, recording: Recording) -> float:
    """Find the frame rate of a recording.

    Parameters
    ----------
    layer : napari.layers.Image
        Layer that shows the recording.
    recording : Recording

    Returns
    -------
    float
        Frames per second, from the layer, the study or the file; 30 if none of them has it.
    """
    return float(layer.metadata.get("fps") or recording.fps or _rate_of_file(recording.video))


@lru_cache(maxsize=64)
def _rate_of_file(path: Path) -> float:
    """Read the frame rate from a file."""
    try:
        with open_video(path, warn=False) as video:
            return float(video.fps or UNKNOWN_RATE)
    except (VideoError, OSError):
        return UNKNOWN_RATE


def recording_layer(video: VideoArray, warn: Callable[[str], object] = warnings.warn) -> Layer:
    """Make a lazy image layer of a recording: each frame is read when it is shown.

    Parameters
    ----------
    video : VideoArray
        The recording.
    warn : callable
        Called with one sentence for each unreadable frame. Such a frame is black.

    Returns
    -------
    tuple
        Dask array ``(t, y, x, 3)`` for RGB or ``(t, y, x)`` for grey; the layer's arguments, with time in
        seconds (mean frame rate) on the first axis; and ``"image"``. The metadata holds the recording itself
        and the true time of each frame in seconds.
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
        # The reader has a cache of its own, which takes half of the memory of napari's cache.
        "cache": False,
    }
    if grey:
        arguments["contrast_limits"] = contrast_limits(shown)
    marked = mark(arguments, video.name, video.path or "", "recording")
    return ShownVideo(shown, warn).to_dask(), marked, "image"


def contrast_limits(video: VideoArray) -> tuple[float, float]:
    """Choose the range of grey levels to show.

    Parameters
    ----------
    video : VideoArray
        Brightness of a recording, (t, y, x).

    Returns
    -------
    tuple of float
        0 and 255 for 8 bit, else minimum and maximum of three frames, since it would take long to read the
        whole recording.
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
    """Make a layer of a study's first recording; its metadata names the study for the panels.

    Parameters
    ----------
    table : Path
        CSV file of the study.

    Returns
    -------
    tuple
        As `recording_layer` gives it.

    Raises
    ------
    StudyError, VideoError
        If the table or the video cannot be read.
    """
    first = next(iter(Study.from_csv(table)))
    return with_metadata(recording_layer(first.open_with(open_video, warn=False)), study_csv=str(table))


def with_metadata(layer: Layer, **values: Any) -> Layer:
    """Add metadata to a layer.

    Parameters
    ----------
    layer : tuple
        Data, arguments and type of a layer.
    **values
        New entries of the metadata.

    Returns
    -------
    tuple
        A new layer tuple.
    """
    data, arguments, kind = layer
    return data, {**arguments, "metadata": {**arguments["metadata"], **values}}, kind
