"""What a check finds, as plain data: facts of each recording and group, problems and a proposal."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field


class Severity(StrEnum):
    """How much a problem matters."""

    ERROR = "error"
    """The study cannot be used until it is mended."""
    WARNING = "warning"
    """Results would mislead or be too weak."""
    NOTE = "note"
    """Good to know."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_Plain):
    """One finding in one sentence.

    Parameters
    ----------
    severity : Severity
        How much it matters.
    text : str
        What, where, and what to do.
    row : int, optional
        Row of the study's table.
    recording : str, optional
        Name of the recording.
    """

    severity: Severity
    text: str
    row: int | None = None
    recording: str | None = None

    def __str__(self) -> str:
        """Row, recording and sentence."""
        row = "" if self.row is None else f"row {self.row}"
        place = ", ".join(filter(None, (row, self.recording)))
        return f"{place}: {self.text}" if place else self.text


class RecordingFacts(_Plain):
    """What was read of one recording.

    Parameters
    ----------
    name, subject, group, session : str
        As in the study.
    row : int
        Row of the study's table.
    video : str
        Path of the video.
    video_frames : int
        Frames of the whole video.
    video_seconds : float
        Duration of the whole video.
    frames : int
        Frames of the recording: from start to stop, without the gaps of its track.
    seconds : float
        Their duration.
    fps : float
        Mean frame rate of the video.
    height, width : int
        Size of the video's frames in pixels.
    crop_height, crop_width : int
        Size of the region in pixels; the median over frames for a track.
    brightness : float, optional
        Mean grey level of the region over the sampled frames, 0 to 255; None where no frame decoded.
    period : float, optional
        Seconds after which the movement repeats; None where it does not.
    read : int
        Frames that were decoded to check them.
    bad_frames : tuple of int
        Those among them that did not decode.
    notes : tuple of str
        What the reader has to say of the video.
    fingerprint : str
        Hash of the video's content.
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
    read: int = 0
    bad_frames: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""


class GroupFacts(_Plain):
    """How much there is of one group.

    Parameters
    ----------
    group : str
        Name of the group.
    subjects, recordings : int
        How many.
    shortest, longest : float
        Seconds of the subject with the least and with the most video.
    smallest_p : float
        Smallest p-value that a subject compared with this group can get: 1 / (subjects + 1).
    """

    group: str
    subjects: int
    recordings: int
    shortest: float
    longest: float
    smallest_p: float


class Proposal(_Plain):
    """Settings that suit the study.

    Parameters
    ----------
    preset : {'tiny', 'small', 'base'}
        Size of the networks.
    preset_reason : str
        Why.
    window_ms : int
        Length of the behaviour window in milliseconds.
    window_frames : tuple of int
        The same in frames, at the lowest and at the highest frame rate of the study; odd, since the
        window is centred on a frame.
    window_reason : str
        Why.
    """

    preset: Literal["tiny", "small", "base"]
    preset_reason: str
    window_ms: int
    window_frames: tuple[int, int]
    window_reason: str


class CheckReport(_Plain):
    """All that a check finds; ``print(report)`` shows it, ``report.model_dump_json()`` keeps it.

    Parameters
    ----------
    study : str
        Name of the study's table.
    recordings : tuple of RecordingFacts
        Those whose video could be read.
    groups : tuple of GroupFacts
        Over these recordings.
    problems : tuple of Problem
        Errors first, then warnings, then notes.
    proposal : Proposal, optional
        None where no video could be read.
    """

    study: str
    recordings: tuple[RecordingFacts, ...]
    groups: tuple[GroupFacts, ...]
    problems: tuple[Problem, ...]
    proposal: Proposal | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings and notes are no errors."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that must be mended."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that weaken the results."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)

    def __str__(self) -> str:
        """Show the report as text, its sentences unwrapped."""
        from .render import render_text

        return render_text(self)
