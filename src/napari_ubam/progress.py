"""Progress reports and cancellation of long-running work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Cancelled(Exception):
    """The work was cancelled. Finished parts are kept, and the same call continues from there."""


class Cancel(Protocol):
    """Flag that stops long-running work: a `threading.Event`, a `multiprocessing.Event` or similar."""

    def is_set(self) -> bool:
        """Whether the work should stop.

        Returns
        -------
        bool
            True after a request to stop.
        """
        ...


@dataclass(frozen=True)
class Progress:
    """One progress report of long-running work.

    Parameters
    ----------
    stage : str
        Current stage: ``"libraries"``, ``"sample"``, ``"videos"``, ``"regions"``, ``"crops"``, ``"means"``,
        ``"features"``, ``"posture"``, ``"whitening"``, ``"codes"``, ``"behaviour"``, ``"quality"``,
        ``"embed"``, ``"reading"``, ``"score"``, ``"phases"``, ``"magnifier"``, ``"magnify"``,
        ``"track"``.
    step, of : int
        Number of finished steps, and total number of steps (0 if unknown).
    detail : str, optional
        Current recording or part.
    losses : mapping of str to float, optional
        Current value of each loss, by name.
    eta : float, optional
        Estimated seconds until the end of the stage, None if unknown.
    message : str, optional
        A sentence for the user, for example that the batch size was halved.
    """

    stage: str
    step: int
    of: int
    detail: str = ""
    losses: Mapping[str, float] = field(default_factory=dict)
    eta: float | None = None
    message: str = ""

    @property
    def share(self) -> float:
        """Finished fraction of the stage, 0 to 1."""
        return min(self.step / self.of, 1.0) if self.of else 0.0


ProgressCallback = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Ignore a progress report. Use this as a callback if nobody listens.

    Parameters
    ----------
    _ : Progress
        The report.
    """


def check_cancelled(cancel: Cancel | None) -> None:
    """Stop the work if it was cancelled.

    Parameters
    ----------
    cancel : Cancel or None
        Flag that was passed to the work. None: the work cannot be cancelled.

    Raises
    ------
    Cancelled
        If ``cancel`` is set.
    """
    if cancel is not None and cancel.is_set():
        raise Cancelled("The work was cancelled; finished parts are kept.")
