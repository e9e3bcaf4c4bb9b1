"""Findings of a check as plain data: properties of recordings and groups, problems and proposed settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field


class Severity(StrEnum):
    """Severity of a problem."""

    ERROR = "error"
    """The study cannot be used until this is corrected."""
    WARNING = "warning"
    """Results could be misleading or weak."""
    NOTE = "note"
    """Information."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_Plain):
    """One finding in one sentence.

    Parameters
    ----------
    severity : Severity
        Severity of the problem.
    text : str
        What is wrong, where, and what to do.
    row : int, optional
        Row of the study table.
    recording : str, optional
        Name of the recording.
    """

    severity: Severity
    text: str
    row: int | None = None
    recording: str | None = None

    def __str__(self) -> str:
        """Return row, recording and sentence."""
        row = "" if self.row is None else f"row {self.row}"
        place = ", ".join(filter(None, (row, self.recording)))
        return f"{place}: {self.text}" if place else self.text


class RecordingFacts(_Plain):
    """Properties of one recording.

    Parameters
    ----------
    name, subject, group, session : str
        As in the study.
    row : int
        Row of the study table.
    video : str
        Path of the video.
    video_frames : int
        Frames of the whole video.
    video_seconds : float
        Duration of the whole video in seconds.
    frames : int
        Frames of the recording, from start to stop and without gaps of the track.
    seconds : float
        Duration of these frames in seconds.
    fps : float
        Mean frames per second.
    height, width : int
        Size of the video's frames in pixels.
    crop_height, crop_width : int
        Size of the region in pixels. For a track, the median over its boxes.
    brightness : float, optional
        Mean grey level of the region in the sampled frames, 0 to 255. None if no frame was decoded.
    period : float, optional
        Period of the movement in seconds. None if the movement does not repeat.
    unusual : tuple of (float, float)
        Times in seconds at which most of the region looks like at no other time of the recording.
    read : int
        Number of tested frames.
    bad_frames : tuple of int
        Tested frames that could not be decoded.
    wrong_jumps : tuple of int
        Frames that look different when they are read after a jump. Tested only if every frame is decoded.
    notes : tuple of str
        Sentences of the reader about the video.
    fingerprint : str
        Hash of the content of the video.
    """

    name: str
    subject: str
    group: str
    session: str
    row: int
    video: str
    video_frames: int
    video_seconds: float
    frames: int
    seconds: float
    fps: float
    height: int
    width: int
    crop_height: int
    crop_width: int
    brightness: float | None = None
    period: float | None = None
    unusual: tuple[tuple[float, float], ...] = ()
    read: int = 0
    bad_frames: tuple[int, ...] = ()
    wrong_jumps: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""


class GroupFacts(_Plain):
    """Amount of data in one group.

    Parameters
    ----------
    group : str
        Name of the group.
    subjects, recordings : int
        Number of subjects and recordings.
    shortest, longest : float
        Seconds of video of the subject with the least and the most video.
    smallest_p : float
        Smallest possible p-value of a subject if this group is the reference: 1 / (subjects + 1).
    """

    group: str
    subjects: int
    recordings: int
    shortest: float
    longest: float
    smallest_p: float


class Proposal(_Plain):
    """Proposed settings for the study.

    Parameters
    ----------
    preset : {'tiny', 'small', 'base'}
        Size of the networks.
    preset_reason : str
        Reason for the preset.
    window_ms : int
        Length of the behaviour window in milliseconds.
    window_frames : tuple of int
        Length in frames at the lowest and the highest frame rate of the study. The numbers are odd because
        the window is centred on a frame.
    window_reason : str
        Reason for the window.
    """

    preset: Literal["tiny", "small", "base"]
    preset_reason: str
    window_ms: int
    window_frames: tuple[int, int]
    window_reason: str


class Findings(_Plain):
    """All findings of a check.

    Parameters
    ----------
    study : str
        Name of the study table.
    recordings : tuple of RecordingFacts
        All readable recordings.
    groups : tuple of GroupFacts
        Groups of these recordings.
    problems : tuple of Problem
        Errors first, then warnings, then notes.
    proposal : Proposal, optional
        Proposed settings. None if no video could be read.
    """

    study: str
    recordings: tuple[RecordingFacts, ...]
    groups: tuple[GroupFacts, ...]
    problems: tuple[Problem, ...]
    proposal: Proposal | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Whether there are no errors. Warnings and notes are not errors."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that must be corrected."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that can make the results misleading or weak."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)
