"""What a panel shows of a job: its progress, its losses and its messages. Needs neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_ubam.jobs import Job, JobEvent, JobState
from napari_ubam.progress import Progress


@dataclass
class JobProgress:
    """Progress of the job that works on a run, collected from its events.

    Parameters
    ----------
    job : Job
        The process.
    latest : Progress or None
        The latest step of known total.
    losses : dict of str to list of (int, float)
        Learning curves: ``(step, value)`` in order, by ``"stage, loss"``.
    messages : list of str
        Sentences for the user, oldest first.
    state : JobState
        As of the last call of `Session.poll`.
    stop_requested : float or None
        When the user asked it to stop, in seconds of the monotonic clock.
    """

    job: Job
    latest: Progress | None = None
    losses: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    state: JobState = field(default_factory=lambda: JobState("running"))
    stop_requested: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether the job runs."""
        return self.state.status == "running"

    def add(self, event: JobEvent) -> None:
        """Add one event of the job.

        Parameters
        ----------
        event : JobEvent
        """
        progress = event.progress()
        if progress is None:
            return
        if progress.message:
            self.messages.append(progress.message)
        if progress.of:
            self.latest = progress
        for name, value in progress.losses.items():
            self.losses.setdefault(f"{progress.stage}, {name}", []).append((progress.step, value))
