"""Progress of embedding a study: which recordings are done, which failed, and how much time is left."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from napari_ubam.errors import UbamError
from napari_ubam.progress import Progress, ProgressCallback
from napari_ubam.study import Recording
from napari_ubam.study.values import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbedReport:
    """Result of embedding a study.

    Parameters
    ----------
    done : tuple of str
        Names of the recordings that were embedded by this call.
    skipped : tuple of str
        Names of the recordings that already had codes.
    failed : tuple of (str, str)
        Name of each recording that failed, and a sentence that gives the reason.
    messages : tuple of str
        Sentences for the user.
    """

    done: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    messages: tuple[str, ...] = ()


@dataclass
class EmbedProgress:
    """Count finished frames and recordings, and report them to a callback.

    Parameters
    ----------
    callback : callable
        Called with a `Progress` after each step.
    done, skipped : list of str
        Names of recordings, as in `EmbedReport`.
    failed : dict of str to str
        Reason of the failure, by name of the recording.
    messages : list of str
        Sentences for the user.
    total_frames : int
        Number of frames to embed in all recordings.
    finished_frames : int
        Number of frames that are finished.
    start_time : float
        Start of the work in seconds, from `time.monotonic`.
    """

    callback: ProgressCallback
    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    total_frames: int = 0
    finished_frames: int = 0
    start_time: float = field(default_factory=time.monotonic)

    def advance(self, frames: int, name: str) -> None:
        """Add finished frames and report the progress.

        Parameters
        ----------
        frames : int
            Number of frames that were finished since the last call.
        name : str
            Current recording.
        """
        self.finished_frames = min(self.finished_frames + frames, self.total_frames)
        elapsed = time.monotonic() - self.start_time
        left = self.total_frames - self.finished_frames
        eta = elapsed / self.finished_frames * left if self.finished_frames else None
        self.callback(Progress("embed", self.finished_frames, self.total_frames, detail=name, eta=eta))

    def add_message(self, message: str) -> None:
        """Report a sentence for the user, and keep it for the final report.

        Parameters
        ----------
        message : str
            The sentence.
        """
        self.messages.append(message)
        self.callback(Progress("embed", self.finished_frames, self.total_frames, message=message))

    def add_done(self, name: str, missing: int) -> None:
        """Add a finished recording.

        Parameters
        ----------
        name : str
            Name of the recording.
        missing : int
            Number of its frames that have no codes.
        """
        self.done.append(name)
        if missing:
            self.add_message(
                f"{name}: {counted(missing, 'frame')} without codes: no crop, or no readable picture."
            )

    def report(self) -> EmbedReport:
        """Return the final report."""
        failed = tuple(self.failed.items())
        return EmbedReport(tuple(self.done), tuple(self.skipped), failed, tuple(self.messages))


def failure_message(recording: Recording, error: BaseException) -> str:
    """Say in one sentence why a recording failed.

    An unexpected error is also written to the log, with its traceback.

    Parameters
    ----------
    recording : Recording
        Recording that failed.
    error : BaseException
        Error that was raised.

    Returns
    -------
    str
        The sentence.
    """
    if isinstance(error, UbamError):
        return str(error)
    log.error("Embedding %s failed.", recording.name, exc_info=error)
    lines = str(error).strip().splitlines() or [""]
    reason = f"{type(error).__name__}: {lines[0]}".rstrip(": .")
    if isinstance(error, OSError):
        return (
            f"{recording.name}: a file could not be read or written ({reason}); check the disk and try again."
        )
    return f"{recording.name}: it could not be embedded ({reason}); see the log for details."
