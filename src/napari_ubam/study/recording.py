"""A recording: one subject in one video."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, Field, field_validator, model_validator

from .faults import Checked, refusal
from .geometry import Roi, Track
from .intervals import Interval, frame_labels, overlap_faults, parse_intervals
from .values import Label, Name, OptionalFrame, OptionalRate, Session, absolute, text_of

REQUIRED = ("video", "subject", "group", "session")
ROI_COLUMNS = ("x", "y", "width", "height")
OPTIONAL = ("name", *ROI_COLUMNS, "start", "stop", "fps", "track", "intervals")

T = TypeVar("T")


class Recording(Checked):
    """One subject in one video.

    Parameters
    ----------
    video : Path
        The video; a relative path is taken from the current folder and made absolute.
    subject, group : str
        Kept as written: subject ``"007"`` stays ``"007"``.
    session : str
        A whole number is kept without leading zeros, so that 0, ``"0"`` and 0.0 are one session.
    name : str, optional
        Name in tables and folders; the video's stem where it is left out.
    roi : Roi, optional
        Fixed region of interest in pixels of the full frame. Not together with ``track``.
    start, stop : int, optional
        First frame, and the frame after the last, in display order from 0.
    fps : float, optional
        Frames per second of the camera, where the video's file says another rate or none.
    track : Track, optional
        Crop boxes that follow the subject.
    intervals : tuple of Interval
        Conditions over time, in seconds of the video; or a text ``label:start-stop``.
    intervals_path : Path, optional
        The table that the intervals were read from.
    metadata : dict of str to str
        Further columns.

    Raises
    ------
    StudyError
        A ``ValueError`` that names every fault and its remedy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    video: Path
    subject: Label
    group: Label
    session: Session
    name: Name = ""
    roi: Roi | None = None
    start: OptionalFrame = None
    stop: OptionalFrame = None
    fps: OptionalRate = None
    track: Track | None = None
    intervals: tuple[Interval, ...] = ()
    intervals_path: Path | None = None
    metadata: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: Any) -> Any:
        video = data.get("video") if isinstance(data, Mapping) else None
        if isinstance(video, str | os.PathLike) and str(video) and not text_of(data.get("name")):
            return {**data, "name": Path(video).stem}
        return data

    @field_validator("video", mode="before")
    @classmethod
    def _absolute(cls, value: Any) -> Path:
        if not isinstance(value, str | os.PathLike) or not str(value).strip():
            raise refusal(f"{value!r} is no path", "write the path of the video")
        return absolute(Path(value))

    @field_validator("intervals", mode="before")
    @classmethod
    def _intervals(cls, value: Any) -> Any:
        return parse_intervals(value) if isinstance(value, str) else value

    @field_validator("metadata", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise refusal(f"{value!r} is no dictionary", "give names and texts, such as {'sex': 'f'}")
        texts = {str(key).strip(): text_of(item) for key, item in value.items()}
        known = {*REQUIRED, *OPTIONAL}
        bad = [key for key in texts if not key or key.casefold() in known]
        if bad or len({key.casefold() for key in texts}) < len(value):
            problem = f"the metadata name {bad[0]!r} is taken" if bad else "two metadata names are equal"
            raise refusal(problem, "choose names that differ from the study's own columns and each other")
        return texts

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.roi is not None and self.track is not None:
            raise refusal(
                "there is a region and a track", "keep x, y, width and height or the track", "track"
            )
        if self.roi is not None and (self.roi.x < 0 or self.roi.y < 0):
            remedy = "give pixels from the upper left corner of the full frame"
            raise refusal("x or y is negative", remedy, "x" if self.roi.x < 0 else "y")
        if self.stop is not None and self.stop <= (self.start or 0):
            problem = f"the frames stop at {self.stop} and start at {self.start or 0}"
            raise refusal(problem, "stop is the frame after the last one, so it must be larger", "stop")
        overlaps = overlap_faults(self.intervals)
        if overlaps:
            raise refusal(overlaps[0].problem, overlaps[0].remedy, "intervals")
        return self

    def open_with(self, opener: Callable[..., T], **options: Any) -> T:
        """Open the recording's video, at the camera's frame rate where the study gives it.

        Parameters
        ----------
        opener : callable
            Such as `napari_ubam.open_video`: takes the path, and ``fps``, which may be None.
        **options
            Passed on.

        Returns
        -------
        object
            What the opener returns.
        """
        return opener(self.video, fps=self.fps, **options)

    def frames(self, count: int) -> range:
        """Frames of the recording in a video of ``count`` frames."""
        stop = count if self.stop is None else min(self.stop, count)
        return range(min(self.start or 0, stop), stop)

    def segments(self, count: int) -> tuple[range, ...]:
        """Split the frames into runs without a gap in the track; no window may reach over the end of one.

        Parameters
        ----------
        count : int
            Number of frames in the video.

        Returns
        -------
        tuple of range
            Within the recording's frames; one run where there is no track.
        """
        frames = self.frames(count)
        if self.track is not None:
            return self.track.segments(frames.start, frames.stop)
        return (frames,) if frames else ()

    def crops(self, frames: Iterable[int]) -> tuple[Roi | None, ...] | None:
        """Rectangle to crop from each frame, in pixels of the full frame.

        Parameters
        ----------
        frames : iterable of int
            Frame numbers, such as ``range(100, 164)``.

        Returns
        -------
        tuple of Roi or None, or None
            One a frame, None for a frame in a gap of the track. None instead of the tuple where the
            recording shows the whole frame.
        """
        if self.track is not None:
            return self.track.crops(frames)
        return None if self.roi is None else tuple(self.roi for _ in frames)

    def frame_labels(self, times: ArrayLike) -> dict[str, NDArray[np.bool_]]:
        """Frames that each interval label covers.

        Parameters
        ----------
        times : (t,) array
            Seconds of each frame of the video.

        Returns
        -------
        dict of str to (t,) bool array
            True from an interval's start up to, not including, its stop.
        """
        return frame_labels(self.intervals, times)
