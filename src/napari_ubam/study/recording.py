"""A recording: one subject in one video."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, Field, field_validator, model_validator

from napari_ubam.files import existing_form

from .faults import Checked, refusal
from .geometry import Roi, Track
from .intervals import Interval, frame_labels, left_out, overlap_faults, parse_intervals
from .numbers import text_of
from .placed import READ_ALIGN, Align, placed
from .runs import runs_of
from .values import Label, Name, OptionalFrame, OptionalRate, Session, absolute

REQUIRED = ("video", "subject", "group", "session")
ROI_COLUMNS = ("x", "y", "width", "height")
OPTIONAL = ("name", *ROI_COLUMNS, "start", "stop", "fps", "track", "align", "intervals", "keypoints")

T = TypeVar("T")


class Recording(Checked):
    """One subject in one video.

    Parameters
    ----------
    video : Path
        The video. A relative path refers to the current folder and is made absolute.
    subject, group : str
        Text as written: subject ``"007"`` stays ``"007"``.
    session : str
        A whole number loses leading zeros: 0, ``"0"`` and 0.0 are the same session.
    name : str, optional
        Unique name in tables and folders. Default: file name of the video without extension.
    roi : Roi, optional
        Fixed region of interest in pixels of the full frame. It excludes ``track``.
    start, stop : int, optional
        First frame, and the frame after the last one, in display order from 0.
    fps : float, optional
        Frame rate of the camera in frames per second, if the video file states a wrong one or none.
    track : Track, optional
        Crop boxes that follow the subject.
    align : str
        How crops follow the track. ``"none"``: the boxes as they are, in whole pixels. ``"position"``: a box
        of one size at the exact place. ``"heading"``: the same, turned so that the subject faces right.
    intervals : tuple of Interval or str
        Conditions over time, in seconds of the video. Text has the form ``label:start-stop``.
    intervals_path : Path, optional
        Table from which the intervals were read.
    keypoints : Path, optional
        File with key points of the subject, which `napari_ubam.poses.read_poses` reads. A relative path
        refers to the current folder and is made absolute.
    metadata : dict of str to str
        Additional columns.

    Raises
    ------
    StudyError
        If a value is not valid. The error lists all faults.
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
    align: Annotated[Align, READ_ALIGN] = "none"
    intervals: tuple[Interval, ...] = ()
    intervals_path: Path | None = None
    keypoints: Path | None = None
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
            raise refusal(f"{value!r} is not a path", "enter the path of the video")
        return existing_form(absolute(Path(value)))

    @field_validator("keypoints", mode="before")
    @classmethod
    def _keypoints(cls, value: Any) -> Any:
        return existing_form(absolute(Path(value))) if isinstance(value, str | os.PathLike) else value

    @field_validator("intervals", mode="before")
    @classmethod
    def _intervals(cls, value: Any) -> Any:
        return parse_intervals(value) if isinstance(value, str) else value

    @field_validator("metadata", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise refusal(f"{value!r} is not a dictionary", "give names and texts, such as {'sex': 'f'}")
        texts = {text_of(key): text_of(item) for key, item in value.items()}
        known = {*REQUIRED, *OPTIONAL}
        bad = [key for key in texts if not key or key.casefold() in known]
        if bad or len({key.casefold() for key in texts}) < len(value):
            problem = f"the metadata name {bad[0]!r} is reserved" if bad else "two metadata names are equal"
            raise refusal(problem, "use unique names that are not columns of the study table")
        return texts

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.roi is not None and self.track is not None:
            raise refusal(
                "there is a region and a track", "remove x, y, width and height, or the track", "track"
            )
        if self.align != "none" and self.track is None:
            raise refusal("crops can only be aligned to a track", "give a track, or write none", "align")
        if self.align == "heading" and self.track is not None and self.track.headings is None:
            remedy = "add a column heading with degrees in each row, or align to the position"
            raise refusal("the track has no headings", remedy, "align")
        if self.roi is not None and (self.roi.x < 0 or self.roi.y < 0):
            remedy = "give pixels from the upper left corner of the full frame"
            raise refusal("x or y is negative", remedy, "x" if self.roi.x < 0 else "y")
        if self.stop is not None and self.stop <= (self.start or 0):
            problem = f"the frames start at {self.start or 0} and stop at {self.stop}"
            raise refusal(problem, "stop is the frame after the last one, so it must be larger", "stop")
        overlaps = overlap_faults(self.intervals)
        if overlaps:
            raise refusal(overlaps[0].problem, overlaps[0].remedy, "intervals")
        return self

    def open_with(self, opener: Callable[..., T], **options: Any) -> T:
        """Open the video with the frame rate of the study.

        Parameters
        ----------
        opener : callable
            Function such as `napari_ubam.open_video`. It is called with the path, and with ``fps`` as a float
            or None.
        **options : object
            More keyword arguments for ``opener``.

        Returns
        -------
        object
            Result of ``opener``.
        """
        return opener(self.video, fps=self.fps, **options)

    def frames(self, count: int) -> range:
        """Return the frames of the recording.

        Parameters
        ----------
        count : int
            Number of frames in the video.

        Returns
        -------
        range
            Frame numbers from ``start`` to before ``stop``, limited to the video.
        """
        stop = count if self.stop is None else min(self.stop, count)
        return range(min(self.start or 0, stop), stop)

    def segments(self, count: int, times: ArrayLike | None = None) -> tuple[range, ...]:
        """Split the frames into segments without gaps in the track. A window must not cross two segments.

        Parameters
        ----------
        count : int
            Number of frames in the video.
        times : array_like of float, shape (count,), optional
            Times of all frames of the video. With them, frames that are left out also divide segments.

        Returns
        -------
        tuple of range
            Segments in ascending order. Without a track, and with nothing left out, there is one segment.
        """
        frames = self.frames(count)
        if self.track is not None:
            found = self.track.segments(frames.start, frames.stop)
        else:
            found = (frames,) if frames else ()
        if times is None or not any(one.leaves_out for one in self.intervals):
            return found
        inside = np.concatenate([np.empty(0, np.int64), *map(np.asarray, found)])
        return runs_of(inside[~self.left_out(times)[inside]])

    def left_out(self, times: ArrayLike) -> NDArray[np.bool_]:
        """Mark the frames that no result uses: those in intervals with the label ``exclude``.

        Parameters
        ----------
        times : array_like of float, shape (count,)
            Time of each frame of the video in seconds, as its file states them. If the recording has a frame
            rate of its own, times follow from that.

        Returns
        -------
        ndarray of bool, shape (count,)
        """
        seconds = np.asarray(times, np.float64)
        return left_out(self.intervals, np.arange(len(seconds)) / self.fps if self.fps else seconds)

    def crops(self, frames: Iterable[int]) -> tuple[Roi | None, ...] | None:
        """Return the crop rectangle of each frame.

        Parameters
        ----------
        frames : iterable of int
            Frame numbers, such as ``range(100, 164)``.

        Returns
        -------
        tuple of (Roi or None), or None
            Rectangles in pixels of the full frame, None in a gap of the track. The result itself is None if
            the recording has neither region nor track. Aligned crops are `PlacedRoi`.
        """
        if self.track is not None and self.align != "none":
            return placed(self.track, np.fromiter(frames, dtype=np.int64), turned=self.align == "heading")
        if self.track is not None:
            return self.track.crops(frames)
        return None if self.roi is None else tuple(self.roi for _ in frames)

    def frame_labels(self, times: ArrayLike) -> dict[str, NDArray[np.bool_]]:
        """Mark the frames of each condition.

        Parameters
        ----------
        times : array_like of float, shape (t,)
            Time of each frame of the video in seconds.

        Returns
        -------
        dict of str to ndarray of bool, shape (t,)
            For each label, True from the start of an interval until before its stop.
        """
        return frame_labels(self.intervals, times)
