"""Events of a running command: a file with one JSON object per line."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from napari_ubam.progress import Progress

POLL_SECONDS = 0.2  # between two checks for the stop file
WRITE_SECONDS = 0.1  # shortest time between two progress events, except messages and ends of stages
STOP_SUFFIX = ".stop"
CANCELLED = 130  # exit code


@dataclass(frozen=True)
class JobEvent:
    """One event of a command.

    Parameters
    ----------
    kind : str
        ``"progress"`` or ``"end"``.
    time : float
        Seconds since 1970.
    values : mapping
        For ``progress`` the fields of `napari_ubam.progress.Progress`. For ``end`` the exit code ``code``
        and the message ``text``.
    """

    kind: str
    time: float
    values: Mapping[str, Any] = field(default_factory=dict)

    def progress(self) -> Progress | None:
        """Return the progress, or None for another kind of event."""
        if self.kind != "progress":
            return None
        known = {name: self.values[name] for name in Progress.__dataclass_fields__ if name in self.values}
        return Progress(**known)


class EventLog:
    """Writer of the events of a command. It sets `cancel` when a stop file appears beside the events.

    Parameters
    ----------
    path : Path
        File of the events. Another process reads it with `read_events`. The stop file has the same name
        with ``.stop`` at the end.
    cancel : threading.Event, optional
        The event to set; by default one of its own.
    """

    def __init__(self, path: Path, cancel: threading.Event | None = None) -> None:
        self.path = path
        self.cancel = threading.Event() if cancel is None else cancel
        self.ended = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lock, self._leaving = threading.Lock(), threading.Lock()
        self._nothing_to_lose = False
        self._written = ("", 0.0)
        self._watch = threading.Thread(target=self._watch_stop, name="stop", daemon=True)
        self._watch.start()

    def __enter__(self) -> Self:
        """Return the log."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file, and no longer watch the stop file."""
        self.ended = True
        with self._lock:
            self._file.close()

    def write_progress(self, event: Progress) -> None:
        """Write a progress event. Some are omitted if they follow each other quickly.

        Parameters
        ----------
        event : Progress
            The progress.
        """
        stage, before = self._written
        now = time.monotonic()
        last = event.of and event.step >= event.of
        if not event.message and not last and event.stage == stage and now - before < WRITE_SECONDS:
            return
        self._written = (event.stage, now)
        losses = {name: float(value) for name, value in event.losses.items() if math.isfinite(value)}
        eta = event.eta if event.eta is not None and math.isfinite(event.eta) else None
        values = {"stage": event.stage, "step": event.step, "of": event.of, "detail": event.detail}
        self.write("progress", **values, losses=losses, eta=eta, message=event.message)

    def write(self, kind: str, **values: Any) -> None:
        """Write an event of any kind.

        Parameters
        ----------
        kind : str
            Kind of the event.
        **values
            Values that JSON can hold.
        """
        line = json.dumps({"kind": kind, "time": time.time(), **values}, ensure_ascii=False)
        with self._lock, suppress(OSError, ValueError):  # a full disk must not stop the work
            self._file.write(line + "\n")
            self._file.flush()

    def end(self, code: int, text: str = "") -> None:
        """Write the end of the command, and close the file. Only the first call has an effect.

        Parameters
        ----------
        code : int
            Exit code of the command.
        text : str
            Message to the user.
        """
        if not self.ended:
            self.write("end", code=code, text=text)
            self.close()

    @contextmanager
    def nothing_to_lose(self) -> Iterator[None]:
        """Let a request to stop end the process at once, for instance while libraries are imported."""
        self._nothing_to_lose = True
        try:
            yield
        finally:
            with self._leaving:
                self._nothing_to_lose = False

    def _watch_stop(self) -> None:
        stop = stop_file(self.path)
        while not self.ended and not self.cancel.is_set():
            if stop.exists():
                self.cancel.set()
                self._leave()
            time.sleep(POLL_SECONDS)

    def _leave(self) -> None:
        """End the process if nothing is lost."""
        with self._leaving:
            if self._nothing_to_lose:
                self.end(CANCELLED, "The work was cancelled before it began; nothing was changed.")
                os._exit(CANCELLED)


def stop_file(events: Path) -> Path:
    """Return the path of the stop file of a command.

    Parameters
    ----------
    events : Path
        File of the events of the command.

    Returns
    -------
    Path
        If a file exists there, the command stops.
    """
    return events.with_name(events.name + STOP_SUFFIX)


def read_events(path: Path, offset: int = 0) -> tuple[list[JobEvent], int]:
    """Read the events after an offset.

    Parameters
    ----------
    path : Path
        File of the events. A missing file has no events.
    offset : int
        Number of bytes that were read before.

    Returns
    -------
    events : list of JobEvent
        The events. Damaged lines are omitted.
    offset : int
        Offset for the next call. It is before a line that is not complete yet.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            text = file.read()
    except OSError:
        return [], offset
    whole, newline, _ = text.rpartition(b"\n")
    if not newline:
        return [], offset
    found = [event for line in whole.split(b"\n") if (event := _event(line)) is not None]
    return found, offset + len(whole) + 1


def _event(line: bytes) -> JobEvent | None:
    try:
        values = json.loads(line)
        return JobEvent(str(values.pop("kind")), float(values.pop("time")), values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
