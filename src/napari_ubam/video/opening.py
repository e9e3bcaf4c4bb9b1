"""One way in for every kind of recording."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from .arrays import ArraySource, ZarrSource
from .errors import VideoError, VideoWarning
from .scan import Progress
from .source import FrameSource
from .video_array import VideoArray
from .video_file import VideoFile

VIDEO_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".avi",
        ".mkv",
        ".webm",
        ".mts",
        ".m2ts",
        ".ts",
        ".mpg",
        ".mpeg",
        ".wmv",
        ".flv",
        ".h264",
        ".264",
        ".h265",
        ".265",
        ".hevc",
    ]
)
"""Endings of video files that the napari reader and folders of recordings look for."""

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})

_ZARR_FILES = ("zarr.json", ".zarray", ".zgroup")


def open_video(
    recording: str | os.PathLike[str] | Any,
    *,
    fps: float | None = None,
    progress: Progress | None = None,
    warn: bool = True,
) -> VideoArray:
    """Open a recording lazily.

    Parameters
    ----------
    recording : path or array-like
        Video file (whatever FFmpeg decodes), TIFF stack, zarr folder, folder of images; or an array
        ``(t, y, x)`` or ``(t, y, x, c)``: NumPy, dask, or anything that is indexed like them.
    fps : float, optional
        Frames per second of the camera. Needed for stacks and arrays; for videos it overrides what the file
        says, as for high-speed recordings that are stored to be played slowly.
    progress : callable, optional
        Called with ``(done, total)`` packets while a file is decoded whole to be indexed, which only files
        without usable timestamps need, once. What it raises ends the work.
    warn : bool
        Whether to warn (`VideoWarning`) of what there is to know about the recording; False where its
        ``notes`` are shown otherwise.

    Returns
    -------
    VideoArray
        Read-only array of frames; nothing but the index is read yet.

    Raises
    ------
    VideoError
        In one sentence, if the recording is missing or cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> video = open_video(np.zeros((50, 32, 48), np.uint8), fps=25)
    >>> video.shape, float(video.times[-1])
    ((50, 32, 48, 1), 1.96)
    """
    if fps is not None and not 0 < fps < float("inf"):
        raise VideoError(f"A frame rate of {fps} makes no sense; give frames per second above 0.")
    if isinstance(recording, VideoArray):
        if fps not in (None, recording.fps):
            raise VideoError(
                f"{recording.name}: already open at {recording.fps:g} frames/s; open its file anew."
            )
        return recording
    if isinstance(recording, str | os.PathLike):
        video = VideoArray(_open_path(Path(recording).expanduser(), fps, progress))
    elif hasattr(recording, "shape") and hasattr(recording, "__getitem__"):
        video = VideoArray(ArraySource(recording, fps))
    else:
        kind = type(recording).__name__
        raise VideoError(f"A recording is a path or an array (t, y, x, c), not a {kind}.")
    if warn:
        for note in video.notes:
            warnings.warn(f"{video.path or video.name}: {note}", VideoWarning, stacklevel=2)
    return video


def _open_path(path: Path, fps: float | None, progress: Progress | None) -> FrameSource:
    try:
        found = path.exists()
    except PermissionError as error:
        raise VideoError(f"{path}: you may not look into its folder; change the permissions.") from error
    if not found:
        raise VideoError(f"{path}: there is no such file or folder; check the path.")
    # Imported here: these libraries take a second, and most recordings are videos.
    if path.is_dir():
        from .image_files import ImageFolder

        is_zarr = path.suffix == ".zarr" or any((path / name).exists() for name in _ZARR_FILES)
        return ZarrSource(path, fps) if is_zarr else ImageFolder(path, fps)
    if path.suffix.lower() in TIFF_SUFFIXES:
        from .image_files import TiffStack

        return TiffStack(path, fps)
    return VideoFile(path, fps, progress)
