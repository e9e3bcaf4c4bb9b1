"""The job that works on a run: start it, follow it, stop it. Needs neither Qt nor napari."""

from __future__ import annotations

import time
from pathlib import Path

from psygnal import Signal

from napari_ubam.jobs import Job, JobError, start_job

from .job_progress import JobProgress

PATIENCE = 30.0  # seconds of silence after which a job that was asked to stop is ended
GIVING_WAY = ("train", "embed")  # commands that work for minutes beside the window


class JobControl:
    """Starts jobs on a run, and follows those that another window or a command has started.

    Attributes
    ----------
    job_progress : JobProgress or None
        The latest job on the run, also after its end.
    """

    job_changed = Signal()
    job_ended = Signal(str, str)  # kind and status

    def __init__(self) -> None:
        self.job_progress: JobProgress | None = None
        self._waiting: list[list[str]] = []

    def start(self, folder: Path, *commands: list[str]) -> JobProgress:
        """Start a command as a job; the next command starts when this one is done.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        *commands : list of str
            Arguments of ``napari-ubam``, as `napari_ubam.jobs.start_job` takes them.

        Returns
        -------
        JobProgress
            Progress of the first command.

        Raises
        ------
        JobError
            If another job works on the run, or the process cannot be started.
        """
        gives_way = commands[0][0] in GIVING_WAY
        started = JobProgress(start_job(folder, commands[0], gives_way=gives_way))
        self._waiting = list(commands[1:])
        self._started_in(folder)
        self.job_progress = started
        self.job_changed.emit()
        return started

    def _started_in(self, folder: Path) -> None:
        """Take note of the folder that a job was started in."""

    def follow(self, job: Job) -> None:
        """Follow a job that was found in the run, unless another one is followed. No signal is emitted.

        Parameters
        ----------
        job : Job
        """
        known = self.job_progress
        if self.is_working or (known is not None and known.job.record == job.record):
            return
        self.job_progress = JobProgress(job, is_own=False)
        self._read(self.job_progress)

    @property
    def is_working(self) -> bool:
        """Whether a job works on the run."""
        return self.job_progress is not None and self.job_progress.is_running

    @property
    def busy(self) -> str:
        """One sentence that says why no other job can start now; empty if one can."""
        job = self.job_progress
        if job is None or not job.is_running:
            return ""
        who = "Another job works" if job.is_own else "Another window or command works"
        return f"{who} on this run ({job.job.kind}); wait for its end."

    def stop_job(self) -> None:
        """Ask the job to stop. A training ends its step and writes a checkpoint first.

        `poll` ends the process if it says nothing for half a minute.
        """
        progress = self.job_progress
        if progress is not None and progress.is_running and progress.stop_requested is None:
            progress.stop_requested = time.monotonic()
            self._waiting = []
            progress.job.ask_to_stop()
            self.job_changed.emit()

    def end_job(self) -> None:
        """End the process of the job at once. What came after the last checkpoint is lost.

        Files are complete, because each is written in one step.
        """
        if self.job_progress is not None and self.job_progress.is_running:
            self.stop_job()
            self.job_progress.job.kill(wait=0)

    def poll(self) -> None:
        """Read new events of the job. Fast enough for a timer."""
        progress = self.job_progress
        if progress is None or not progress.is_running:
            return
        if progress.stop_requested is not None and progress.silence > PATIENCE:
            progress.job.kill(wait=0)
        is_new = self._read(progress)
        status = progress.state.status
        if status != "running":
            self.job_changed.emit()
            self.job_ended.emit(progress.job.kind, status)
            self._start_next(progress)
        elif is_new:
            self.job_changed.emit()

    def _read(self, progress: JobProgress) -> bool:
        """Read the events and the state of a job, and tell whether there were new events."""
        events = progress.job.new_events()
        for event in events:
            progress.add(event)
        progress.state = progress.job.state()
        if not progress.is_running:
            for event in progress.job.new_events():  # written between the two calls above
                progress.add(event)
        return bool(events)

    def _start_next(self, ended: JobProgress) -> None:
        """Start the command that waited for the end of a job."""
        waiting, self._waiting = self._waiting, []
        if not waiting or ended.state.status != "done":
            return
        try:
            self.start(ended.job.folder, *waiting)
        except JobError as error:  # another window was quicker
            ended.messages.append(str(error))
            self.job_changed.emit()
