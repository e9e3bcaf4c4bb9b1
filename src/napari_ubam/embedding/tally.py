"""Which recordings were embedded, which failed, and how far the work is."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from napari_ubam.errors import UbamError
from napari_ubam.progress import Progress, ProgressCallback
from napari_ubam.study import Recording

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbedReport:
    """What embedding a study did.

    Parameters
    ----------
    done : tuple of str
        Recordings that were embedded now.
    skipped : tuple of str
        Recordings whose codes were there already.
    failed : tuple of (str, str)
        Recordings without codes, each with a sentence that says why.
    messages : tuple of str
        Sentences that the user should read.
    """

    done: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    messages: tuple[str, ...] = ()


@dataclass
class Tally:
    """What was done so far, and how far that is."""

    tell: ProgressCallback
    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    total: int = 0
    frames: int = 0
    begin: float = field(default_factory=time.monotonic)

    def tick(self, frames: int, name: str) -> None:
        """Count frames that were passed, and tell."""
        self.frames = min(self.frames + frames, self.total)
        taken = time.monotonic() - self.begin
        eta = taken / self.frames * (self.total - self.frames) if self.frames else None
        self.tell(Progress("embed", self.frames, self.total, detail=name, eta=eta))

    def say(self, message: str) -> None:
        """Tell a sentence, and keep it."""
        self.messages.append(message)
        self.tell(Progress("embed", self.frames, self.total, message=message))

    def finished(self, name: str, without: int) -> None:
        """Note a recording that is done, and how many of its frames have no codes."""
        self.done.append(name)
        if without:
            self.say(f"{name}: {without} frames have no crop or do not decode, and so no codes.")

    def report(self) -> EmbedReport:
        """Give what was done."""
        failed = tuple(self.failed.items())
        return EmbedReport(tuple(self.done), tuple(self.skipped), failed, tuple(self.messages))


def sentence(recording: Recording, error: BaseException) -> str:
    """Say in one sentence why a recording failed; what cannot be foreseen is logged whole."""
    if isinstance(error, UbamError):
        return str(error)
    log.error("Embedding %s failed.", recording.name, exc_info=error)
    lines = str(error).strip().splitlines() or [""]
    reason = f"{type(error).__name__}: {lines[0]}".rstrip(": .")
    if isinstance(error, OSError):
        return (
            f"{recording.name}: a file could not be read or written ({reason}); check the disk and try again."
        )
    return f"{recording.name}: it could not be embedded ({reason}); the log has the details."
