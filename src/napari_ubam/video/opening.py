"""Open any kind of recording."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from napari_ubam.files import existing_form

from .arrays import ArraySource
from .errors import VideoError, VideoWarning
from .source import FrameSource
from .video_array import VideoArray
from .video_file import VideoFile
from .whole_decoding import Progress

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
        ".3gp",
        ".ogv",
        ".gif",
        ".asf",
        ".dv",
    ]
)
"""Extensions of video files, for the napari reader and for folders of recordings."""

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})

_CONVERTERS = {
    ".fmf": ("Fly Movie Format", "'fmf export-mp4 FILE' of Strand Camera"),
    ".ufmf": ("Micro Fly Movie Format", "JAABA, or 'ufmfcat FILE' of motmot.ufmf and ffmpeg"),
    ".seq": ("a sequence of StreamPix or of a thermal camera", "the program that recorded it"),
}
"""Formats of cameras that FFmpeg does not read, and what converts them."""

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
        Path of a video file (any format of FFmpeg), TIFF stack, zarr folder or image folder. Or an array
        ``(t, y, x)`` or ``(t, y, x, c)``: NumPy, dask or similar.
    fps : float, optional
        Frames per second of the camera. Stacks and arrays need it. For a video file it replaces the stored
        frame rate, for example if a high-speed recording is stored for slow playback.
    progress : callable, optional
        Called with ``(done, total)`` packets while a file is decoded for indexing. Only files without valid
        timestamps need this, and only once. If the callback raises an error, the work stops.
    warn : bool
        Whether to issue a `VideoWarning` for each of the ``notes`` of the recording.

    Returns
    -------
    VideoArray
        Read-only array of frames. Only the index is read now.

    Raises
    ------
    VideoError
        If the recording is missing or cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> video = open_video(np.zeros((50, 32, 48), np.uint8), fps=25)
    >>> video.shape, float(video.times[-1])
    ((50, 32, 48, 1), 1.96)
    """
    if fps is not None and not 0 < fps < float("inf"):
        raise VideoError(f"A frame rate of {fps} is not valid; give frames per second above 0.")
    if isinstance(recording, VideoArray):
        if fps not in (None, recording.fps):
            raise VideoError(
                f"{recording.name}: it is already open at {recording.fps:g} frames/s; open its file again."
            )
        return recording
    if isinstance(recording, str | os.PathLike):
        video = VideoArray(_open_path(existing_form(Path(recording).expanduser()), fps, progress))
    elif hasattr(recording, "shape") and hasattr(recording, "__getitem__"):
        video = VideoArray(ArraySource(recording, fps))
    else:
        kind = type(recording).__name__
        raise VideoError(
            f"An object of type {kind} is not a recording; give a path or an array (t, y, x, c)."
        )
    if warn:
        for note in video.notes:
            warnings.warn(f"{video.path or video.name}: {note}", VideoWarning, stacklevel=2)
    return video


def _open_path(path: Path, fps: float | None, progress: Progress | None) -> FrameSource:
    try:
        found = path.exists()
    except PermissionError as error:
        raise VideoError(
            f"{path}: there is no permission to read its folder; change the permissions."
        ) from error
    if not found:
        raise VideoError(f"{path}: there is no such file or folder; check the path.")
    # Imported here because these libraries are slow to import and most recordings are video files.
    if path.is_dir():
        if path.suffix == ".zarr" or any((path / name).exists() for name in _ZARR_FILES):
            from .zarr_files import ZarrSource

            return ZarrSource(path, fps)
        from .image_files import ImageFolder

        return ImageFolder(path, fps)
    if path.suffix.lower() in TIFF_SUFFIXES:
        from .image_files import TiffStack

        return TiffStack(path, fps)
    if path.suffix.lower() in _CONVERTERS:
        kind, converter = _CONVERTERS[path.suffix.lower()]
        raise VideoError(
            f"{path}: this format ({kind}) is not read; convert it to MP4 or AVI with {converter}."
        )
    return VideoFile(path, fps, progress)
