"""Check a study: read one recording after the other, then evaluate all of them together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_ubam.study import Study

from .facts import Problem, RecordingFacts
from .probe import probe
from .regions import region_notes, without_region
from .report import CheckReport
from .verdict import judge


def check_study(
    study: Study | str | Path,
    *,
    full: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> CheckReport:
    """Check the videos and the design of a study.

    Every video is indexed, and a sample of its frames is decoded. Only one video is open at a time. If
    recordings have neither region nor track, it is also looked for the part of the picture that moves.

    Parameters
    ----------
    study : Study, str or Path
        The study, or the path of its table.
    full : bool
        Decode every frame. Default: 18 frames, and some seconds for the movement.
    progress : callable, optional
        Called with the finished fraction, 0 to 1, and the name of the current recording.

    Returns
    -------
    CheckReport
        Properties, problems and proposed settings. Unreadable videos are problems.

    Raises
    ------
    StudyError
        If the table is not valid.
    """
    if not isinstance(study, Study):
        study = Study.from_csv(study)
    facts: list[RecordingFacts] = []
    unread: list[Problem] = []
    steps = len(study) + any(one.roi is None and one.track is None for one in study)
    for i, (recording, row) in enumerate(zip(study.recordings, study.rows, strict=True)):
        tick = _ticker(progress, recording.name, i, steps)
        tick(0.0)
        result = probe(recording, row, full=full, tick=tick)
        unread.extend(result.problems)
        if result.facts is not None:
            facts.append(result.facts)
        tick(1.0)
    lacking = without_region(study.recordings, facts)
    notes = region_notes(lacking, facts, _ticker(progress, "regions", len(study), steps))
    return judge(study, facts, [*unread, *notes])


def _ticker(
    progress: Callable[[float, str], None] | None, name: str, i: int, total: int
) -> Callable[[float], None]:
    def tick(share: float) -> None:
        if progress is not None:
            progress((i + share) / total, name)

    return tick
