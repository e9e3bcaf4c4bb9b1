"""What the video room raises and warns: one sentence that says what, where and what to do."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.errors import UbamError


class VideoError(UbamError):
    """A recording cannot be used: missing, unreadable, without a video stream, changed on disk."""


class FrameError(VideoError):
    """One frame of a readable recording does not decode; the others keep their numbers.

    Parameters
    ----------
    path : Path or str
        File, or a description of the source where there is no file.
    frame : int
        Frame number in display order, from 0.
    reason : str, optional
        What the decoder said.

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
            f"{path}: frame {frame} cannot be decoded ({reason}), and those around it may be smeared up to "
            "the next keyframe; leave them out with the frame range (start, stop), or replace the file by "
            "an intact copy."
        )

    def __reduce__(self) -> tuple[type[FrameError], tuple[Path | str, int, str]]:
        # Exceptions pickle their message by default, which is not what __init__ takes.
        return type(self), (self.path, self.frame, self.reason)


class VideoWarning(UserWarning):
    """Something about a recording that its user should know once, such as interlacing."""
