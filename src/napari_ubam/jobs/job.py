"""A command in a process of its own: start it, follow its progress, stop it, and find it again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import psutil

from napari_ubam.errors import UbamError
from napari_ubam.files import write_atomic
from napari_ubam.threads import thread_settings

from .events import CANCELLED, EventLog, JobEvent, read_events, stop_file
from .priority import give_way

JOBS = "jobs"  # folder in the run
LOG_TAIL = 4000  # bytes
Status = Literal["running", "done", "refused", "cancelled", "died"]
ENDS: dict[int, Status] = {0: "done", CANCELLED: "cancelled"}


class JobError(UbamError):
    """A command cannot be started."""


@dataclass
class JobState:
    """Status of a job.

    Parameters
    ----------
    status : str
        ``"running"``, ``"done"``, ``"refused"`` (an input was wrong), ``"cancelled"``, or ``"died"`` (the
        process ended without a message).
    text : str
        Message to the user about the end. Empty while the job runs.
    """

    status: Status
    text: str = ""


@dataclass
class Job:
    """A command in a process of its own. It continues when the program that started it ends.

    Parameters
    ----------
    record : Path
        ``NAME.json`` in the folder ``jobs`` of a run. ``NAME.jsonl`` beside it contains the events, and
        ``NAME.log`` the printed output.
    kind : str
        First word of the command: ``"train"``, ``"embed"``, ``"score"``, ``"magnify"``.
    arguments : tuple of str
        The command as typed after ``napari-ubam``.
    pid : int
        Number of the process.
    created : float
        Creation time of the process as the system states it, in seconds since 1970. A later process with
        the same number has another creation time.
    started : float
        Start time of the job in seconds since 1970.
    """

    record: Path
    kind: str
    arguments: tuple[str, ...]
    pid: int
    created: float
    started: float
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)
    _offset: int = field(default=0, repr=False, compare=False)
    _unread: list[JobEvent] = field(default_factory=list, repr=False, compare=False)
    _end: JobEvent | None = field(default=None, repr=False, compare=False)

    @property
    def events(self) -> Path:
        """File of the events."""
        return self.record.with_suffix(".jsonl")

    @property
    def log(self) -> Path:
        """File of the printed output."""
        return self.record.with_suffix(".log")

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return self.record.parent.parent

    def new_events(self) -> list[JobEvent]:
        """Return the events since the last call."""
        self._read()
        found, self._unread = self._unread, []
        return found

    def _read(self) -> None:
        """Read the lines that were added to the file since the last call."""
        found, self._offset = read_events(self.events, self._offset)
        self._unread += found
        for event in found:
            if event.kind == "end":
                self._end = event

    def is_alive(self) -> bool:
        """Return whether the process is running."""
        if self._process is not None:
            return self._process.poll() is None
        process = self._known_process()
        if process is None:
            return False
        with suppress(psutil.Error):
            return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
        return False

    def state(self) -> JobState:
        """Find the status of the job from its events and its process.

        Returns
        -------
        JobState
            The status.
        """
        alive = self.is_alive()  # before the events: a process that writes its end now did not die
        self._read()
        if self._end is not None:
            code = int(self._end.values.get("code", 1))
            said = str(self._end.values.get("text", "")) or (_last_line(self.log) if code == 0 else "")
            return JobState(ENDS.get(code, "refused"), said)
        if alive:
            return JobState("running")
        if stop_file(self.events).exists():
            return JobState("cancelled", "The work was cancelled and ended at once; finished parts are kept.")
        said = _last_line(self.log)
        return JobState(
            "died",
            f"The process of '{self.kind}' ended unexpectedly, possibly because the memory was full; see its "
            f"output in {self.log}" + (f" ({said})." if said else "."),
        )

    def ask_to_stop(self) -> None:
        """Ask the command to stop. It stops at its next step and keeps finished parts."""
        stop_file(self.events).touch()

    def kill(self, wait: float = 2.0) -> None:
        """End the process and its child processes at once. Complete files are kept.

        Parameters
        ----------
        wait : float
            Longest time to wait for their end, in seconds.
        """
        stop_file(self.events).touch()
        process = self._known_process()
        if process is None:
            return
        with suppress(psutil.Error):
            family = [*process.children(recursive=True), process]
            for one in family:
                with suppress(psutil.Error):
                    one.kill()
            if wait:
                psutil.wait_procs(family, timeout=wait)
        if self._process is not None and wait:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(wait)

    def _known_process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            return process if abs(process.create_time() - self.created) < 2 else None
        except psutil.Error:
            return None


def start_job(folder: Path, arguments: Sequence[str], *, gives_way: bool = False) -> Job:
    """Start a command of ``napari-ubam`` in a process of its own.

    Parameters
    ----------
    folder : Path
        Folder of the run. The files of the job are written to its folder ``jobs``.
    arguments : sequence of str
        The command as typed after ``napari-ubam``, with absolute paths.
    gives_way : bool
        Whether the command leaves one processor core to other programs, and runs at a lower priority than
        this one. A window stays quick beside it.

    Returns
    -------
    Job
        The running job.

    Raises
    ------
    JobError
        If another job works on the run, or the process cannot be started.
    """
    busy = [job for job in find_jobs(folder) if job.state().status == "running"]
    if busy:
        raise JobError(f"The command '{busy[-1].kind}' is still running in {folder}; wait or cancel it.")
    kind = arguments[0]
    record = _new_record(folder, kind)
    command = [sys.executable, "-m", "napari_ubam.cli", "--events", str(record.with_suffix(".jsonl"))]
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        with record.with_suffix(".log").open("wb") as log:
            environment = {**os.environ, **thread_settings(os.environ, spared=int(gives_way))}
            process = start_process([*command, *arguments], log, environment)
        if gives_way:
            give_way(process.pid)  # at once: threads get the priority of the thread that starts them
        created = _created(process.pid)
        job = Job(record, kind, tuple(arguments), process.pid, created, time.time(), process)
        _write(job)
    except OSError as error:
        raise JobError(
            f"The command '{kind}' cannot be started ({(error.strerror or str(error)).lower()}); "
            f"check that you can write to {error.filename or folder}."
        ) from error
    return job


def announce_job(folder: Path, arguments: Sequence[str], cancel: threading.Event) -> EventLog:
    """Write this process into a run as a job, so that windows on the run see its progress, and wait.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    arguments : sequence of str
        The command as typed after ``napari-ubam``.
    cancel : threading.Event
        Set when a window asks the command to stop.

    Returns
    -------
    EventLog
        Write the progress there, and the end.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    record, pid = _new_record(folder, arguments[0]), os.getpid()
    job = Job(record, arguments[0], tuple(arguments), pid, _created(pid), time.time())
    log = EventLog(job.events, cancel)
    _write(job)
    return log


def _new_record(folder: Path, kind: str) -> Path:
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{kind}-{os.getpid()}-{time.monotonic_ns() % 10**6:06d}"
    return folder / JOBS / f"{name}.json"


def _write(job: Job) -> None:
    """Write the record of a job in one step: others look for it when they see its folder change."""
    fields = {"kind": job.kind, "arguments": list(job.arguments), "pid": job.pid}
    fields |= {"created": job.created, "started": job.started}
    write_atomic(job.record, json.dumps(fields, indent=1).encode())


def find_jobs(folder: Path) -> list[Job]:
    """Find the jobs of a run, including those that another program started.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    list of Job
        Oldest first. Damaged records are omitted.
    """
    found = []
    for record in sorted((folder / JOBS).glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            fields = json.loads(record.read_text(encoding="utf-8"))
            numbers = (int(fields["pid"]), float(fields["created"]), float(fields["started"]))
            found.append(Job(record, str(fields["kind"]), tuple(fields["arguments"]), *numbers))
    return sorted(found, key=lambda job: job.started)


def start_process(
    command: Sequence[str], log: BinaryIO, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start the process of a job. It continues when the program that started it ends.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    log : binary file
        Gets the printed output.
    environment : mapping of str to str
        Environment variables of the process.

    Returns
    -------
    Popen
        The running process.
    """
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, **_apart()
    )


def _apart() -> dict[str, Any]:
    """Options of a process that continues when the program that started it ends."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _created(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:  # it ended at once
        return time.time()


def _last_line(log: Path) -> str:
    try:
        lines = log.read_bytes()[-LOG_TAIL:].decode("utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
