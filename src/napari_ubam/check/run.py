"""The check: every recording is read, one after the other, then all are judged together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_ubam.study import Recording, Study

from .probe import probe
from .report import CheckReport, Problem, RecordingFacts
from .verdict import judge


def check_study(
    study: Study | str | Path,
    *,
    full: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> CheckReport:
    """Open, index and sample every video of a study, and judge the study.

    Memory is bounded: one video is open at a time, and closed before the next.

    Parameters
    ----------
    study : Study, str or Path
        The study, or its table.
    full : bool
        Decode every frame rather than a sample of 18 and some seconds for the movement.
    progress : callable, optional
        Called with the share of recordings that is done, 0 to 1, and the name of the one under way.

    Returns
    -------
    CheckReport
        Videos that cannot be read are among its problems.

    Raises
    ------
    StudyError
        Where the table itself has faults.
    """
    if not isinstance(study, Study):
        study = Study.from_csv(study)
    facts: list[RecordingFacts] = []
    unread: list[Problem] = []
    for i, (recording, row) in enumerate(zip(study.recordings, study.rows, strict=True)):
        tick = _ticker(progress, recording, i, len(study))
        tick(0.0)
        result = probe(recording, row, full=full, tick=tick)
        unread.extend(result.problems)
        if result.facts is not None:
            facts.append(result.facts)
        tick(1.0)
    return judge(study, facts, unread)


def _ticker(
    progress: Callable[[float, str], None] | None, recording: Recording, i: int, total: int
) -> Callable[[float], None]:
    def tick(share: float) -> None:
        if progress is not None:
            progress((i + share) / total, recording.name)

    return tick
