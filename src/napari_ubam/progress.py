"""How long work tells what it is doing, and how it is asked to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Cancelled(Exception):
    """The work was asked to stop and did; what was finished is kept, and the same call goes on from there."""


class Cancel(Protocol):
    """What asks long work to stop: a `threading.Event`, a `multiprocessing.Event`, or anything alike."""

    def is_set(self) -> bool:
        """Whether the work should stop."""
        ...


@dataclass(frozen=True)
class Progress:
    """What long work has done so far.

    Parameters
    ----------
    stage : str
        What is being done: ``"sample"``, ``"crops"``, ``"means"``, ``"posture"``, ``"whitening"``,
        ``"codes"``, ``"behaviour"``, ``"quality"``, ``"embed"``, ``"score"``, ``"phases"``,
        ``"magnifier"``, ``"magnify"``.
    step, of : int
        Steps done, and steps in all (0 where that is unknown).
    detail : str, optional
        The recording or part that is worked on.
    losses : mapping of str to float, optional
        Current values of the losses, by name.
    eta : float, optional
        Seconds until the stage ends; None where that is unknown.
    message : str, optional
        A sentence that the user should read, such as that the batch was halved.
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
        """Part of the stage that is done, 0 to 1."""
        return min(self.step / self.of, 1.0) if self.of else 0.0


ProgressCallback = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Take an event and tell nobody."""


def check_cancelled(cancel: Cancel | None) -> None:
    """Stop here if that was asked for.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    if cancel is not None and cancel.is_set():
        raise Cancelled("The work was cancelled; what is finished is kept.")
