"""Errors and warnings about videos: one sentence that says what, where and what to do."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.errors import UbamError


class VideoError(UbamError):
    """A recording cannot be used: it is missing, unreadable, has no video stream or has changed on disk."""


class FrameError(VideoError):
    """One frame of a readable recording cannot be decoded. The other frames keep their numbers.

    Parameters
    ----------
    path : Path or str
        File, or the name of the source if there is no file.
    frame : int
        Frame number in display order, from 0.
    reason : str, optional
        Message of the decoder.

    Attributes
    ----------
    path, frame, reason
        As given.
    """

    def __init__(self, path: Path | str, frame: int, reason: str = "its data is damaged or missing") -> None:
        self.path = path
        self.frame = frame
        self.reason = reason
        super().__init__(
            f"{path}: frame {frame} cannot be decoded ({reason}), and the frames up to the next keyframe may "
            "be distorted; exclude them with the frame range (start, stop), or replace the file by an intact "
            "copy."
        )

    def __reduce__(self) -> tuple[type[FrameError], tuple[Path | str, int, str]]:
        # By default an exception pickles its message, but __init__ takes other arguments.
        return type(self), (self.path, self.frame, self.reason)


class VideoWarning(UserWarning):
    """A property of a recording that the user should know, such as interlacing."""
