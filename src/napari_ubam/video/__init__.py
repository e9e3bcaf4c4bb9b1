"""Recordings as lazy, frame-exact arrays."""

from __future__ import annotations

from .errors import FrameError, VideoError, VideoWarning
from .lazy import LazyVideo
from .opening import VIDEO_SUFFIXES, open_video
from .video_array import VideoArray
from .writer import VideoWriter, write_video

__all__ = [
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
