"""Recordings as lazy arrays with exact frame access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import FrameError, VideoError, VideoWarning
from .opening import TIFF_SUFFIXES, VIDEO_SUFFIXES, open_video
from .video_array import VideoArray
from .writer import VideoWriter, write_video

if TYPE_CHECKING:
    from .lazy import LazyVideo

__all__ = [
    "TIFF_SUFFIXES",
    "VIDEO_SUFFIXES",
    "FrameError",
    "LazyVideo",
    "VideoArray",
    "VideoError",
    "VideoWarning",
    "VideoWriter",
    "open_video",
    "write_video",
]


def __getattr__(name: str) -> object:
    """Import `LazyVideo` on first use, because dask.array is slow to import."""
    if name != "LazyVideo":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .lazy import LazyVideo

    return LazyVideo
