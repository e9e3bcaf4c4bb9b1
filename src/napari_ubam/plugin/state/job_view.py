"""What a panel shows of a job: latest progress, losses, what was said. Neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_ubam.jobs import Job, JobEvent, JobState
from napari_ubam.progress import Progress


@dataclass
class JobView:
    """What a panel shows of the job that works on the run.

    Parameters
    ----------
    job : Job
    progress : Progress or None
        The latest event.
    losses : dict of str to list
        Of each stage and loss, ``(step, value)`` in their order; the key is ``"stage, loss"``.
    messages : list of str
        Sentences that the user should read.
    state : JobState
    stopping : float or None
        When it was asked to stop, by the monotonic clock.
    """

    job: Job
    progress: Progress | None = None
    losses: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    state: JobState = field(default_factory=lambda: JobState("running"))
    stopping: float | None = None

    def take(self, event: JobEvent) -> None:
        """Take in one event."""
        progress = event.progress()
        if progress is None:
            return
        if progress.message:
            self.messages.append(progress.message)
        if progress.of:
            self.progress = progress
        for name, value in progress.losses.items():
            self.losses.setdefault(f"{progress.stage}, {name}", []).append((progress.step, value))
