"""What a panel shows of a job: its progress, its losses and its messages. Needs neither Qt nor napari."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from napari_ubam.jobs import Job, JobEvent, JobState
from napari_ubam.progress import Progress
from napari_ubam.study.values import counted

HURRY = 3.0  # seconds after which the user can end a job that was asked to stop
STAGES = {
    "libraries": ("loading libraries", ""),
    "videos": ("opening videos", ""),
    "track": ("finding the subjects", "frame"),
    "regions": ("looking for the subjects", "recording"),
    "crops": ("reading crops", "block"),
    "means": ("averaging crops", "recording"),
    "features": ("computing features of the backbone", "crop"),
    "posture": ("learning posture", "step"),
    "whitening": ("whitening posture codes", "recording"),
    "codes": ("encoding postures", "recording"),
    "behaviour": ("learning behaviour", "step"),
    "quality": ("checking the model", ""),
    "embed": ("embedding", "frame"),
    "phases": ("aligning phases", "recording"),
    "magnifier": ("learning to magnify", "step"),
    "reading": ("reading codes", "recording"),
    "score": ("scoring", ""),
    "figures": ("drawing figures", ""),
    "magnify": ("writing magnified frames", ""),
    "export": ("writing files", ""),
    "clips": ("writing clips", ""),
}
"""What is done in a stage, and what it counts."""
NAMED = ("libraries", "videos")  # stages in which a single item can take seconds, so it is named


@dataclass
class JobProgress:
    """Progress of the job that works on a run, collected from its events.

    Parameters
    ----------
    job : Job
        The process.
    latest : Progress or None
        The latest step.
    losses : dict of str to list of (int, float)
        Learning curves: ``(step, value)`` in order, by ``"stage, loss"``.
    messages : list of str
        Sentences for the user, oldest first.
    state : JobState
        As of the last call of `Session.poll`.
    stop_requested : float or None
        When the user asked it to stop, in seconds of the monotonic clock.
    heard : float
        Time of the last event on the same clock.
    is_own : bool
        Whether this window started it.
    """

    job: Job
    latest: Progress | None = None
    losses: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    state: JobState = field(default_factory=lambda: JobState("running"))
    stop_requested: float | None = None
    heard: float = field(default_factory=time.monotonic)
    is_own: bool = True

    @property
    def is_running(self) -> bool:
        """Whether the job runs."""
        return self.state.status == "running"

    @property
    def silence(self) -> float:
        """Seconds since the last event, or since the request to stop if that was later."""
        return time.monotonic() - max(self.heard, self.stop_requested or 0.0)

    @property
    def can_be_ended(self) -> bool:
        """Whether it was asked to stop, long enough ago that the click on Stop now is not a double click."""
        return self.stop_requested is not None and time.monotonic() - self.stop_requested > HURRY

    def add(self, event: JobEvent) -> None:
        """Add one event of the job.

        Parameters
        ----------
        event : JobEvent
        """
        self.heard = time.monotonic()
        progress = event.progress()
        if progress is None:
            return
        if progress.message:
            self.messages.append(progress.message)
        if progress.of or not progress.message:
            self.latest = progress
        for name, value in progress.losses.items():
            self.losses.setdefault(f"{progress.stage}, {name}", []).append((progress.step, value))

    @property
    def doing(self) -> str:
        """What the job does now, and how far it is."""
        if self.latest is None:
            return "starting Python"
        latest = self.latest
        done, unit = STAGES.get(latest.stage, (latest.stage, ""))
        if latest.detail and (latest.stage in NAMED or not latest.of):
            done = f"{done} ({latest.detail})"
        if not latest.of:
            return done
        return f"{done}, {latest.step} of {counted(latest.of, unit) if unit else latest.of}"
