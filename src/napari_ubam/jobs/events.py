"""What a command tells of itself while it works: one JSON object a line, in a file."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from napari_ubam.progress import Progress

POLL_SECONDS = 0.2
TOLD_SECONDS = 0.1  # at most so many events of progress reach the file; messages and ends always do
STOP_SUFFIX = ".stop"


@dataclass(frozen=True)
class JobEvent:
    """One line that a command wrote.

    Parameters
    ----------
    kind : str
        ``"progress"`` or ``"end"``.
    time : float
        Seconds since 1970.
    values : mapping
        ``progress``: the fields of `napari_ubam.progress.Progress`; ``end``: ``code`` as the command's exit
        code, and ``text``.
    """

    kind: str
    time: float
    values: Mapping[str, Any] = field(default_factory=dict)

    def progress(self) -> Progress | None:
        """Progress that the event tells of; None for another event."""
        if self.kind != "progress":
            return None
        known = {name: self.values[name] for name in Progress.__dataclass_fields__ if name in self.values}
        return Progress(**known)


class EventLog:
    """Writes a command's events, and sets `cancel` when a file beside them asks the command to stop.

    Parameters
    ----------
    path : Path
        File of the events; another process follows it with `read_events`. Where a file of the same name with
        ``.stop`` at its end appears, `cancel` is set within a quarter of a second.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cancel = threading.Event()
        self.ended = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._told = ("", 0.0)
        self._watch = threading.Thread(target=self._watch_stop, name="stop", daemon=True)
        self._watch.start()

    def __enter__(self) -> Self:
        """Give the log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Stop to look for the stop file, and close the events."""
        self.ended = True
        with self._lock:
            self._file.close()

    def tell(self, event: Progress) -> None:
        """Write an event of progress; of those that follow each other quickly only some."""
        stage, before = self._told
        now = time.monotonic()
        last = event.of and event.step >= event.of
        if not event.message and not last and event.stage == stage and now - before < TOLD_SECONDS:
            return
        self._told = (event.stage, now)
        losses = {name: float(value) for name, value in event.losses.items() if math.isfinite(value)}
        eta = event.eta if event.eta is not None and math.isfinite(event.eta) else None
        values = {"stage": event.stage, "step": event.step, "of": event.of, "detail": event.detail}
        self.write("progress", **values, losses=losses, eta=eta, message=event.message)

    def write(self, kind: str, **values: Any) -> None:
        """Write any event."""
        line = json.dumps({"kind": kind, "time": time.time(), **values}, ensure_ascii=False)
        with self._lock, suppress(OSError, ValueError):  # a full disk must not end the work
            self._file.write(line + "\n")
            self._file.flush()

    def end(self, code: int, text: str = "") -> None:
        """Write that the command ended, and close the file; only the first end counts."""
        if not self.ended:
            self.write("end", code=code, text=text)
            self.close()

    def _watch_stop(self) -> None:
        stop = stop_file(self.path)
        while not self.ended and not self.cancel.is_set():
            if stop.exists():
                self.cancel.set()
            time.sleep(POLL_SECONDS)


def stop_file(events: Path) -> Path:
    """File that asks the command which writes these events to stop."""
    return events.with_name(events.name + STOP_SUFFIX)


def read_events(path: Path, offset: int = 0) -> tuple[list[JobEvent], int]:
    """Read the events that were written after an offset.

    Parameters
    ----------
    path : Path
        File of the events; none yet reads as none.
    offset : int
        Bytes that were read before.

    Returns
    -------
    events : list of JobEvent
        Lines that are no event are left out.
    offset : int
        Where to go on; a line that is still being written is read the next time.
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
