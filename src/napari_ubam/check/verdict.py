"""Evaluate a study from the properties of its recordings. No file is read here."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence

from napari_ubam.study import Recording, Study
from napari_ubam.study.recording import OPTIONAL
from napari_ubam.study.values import nearest, spelling_key

from .amounts import amount_problems, group_facts
from .confounds import confound_problems
from .facts import Problem, RecordingFacts, Severity
from .proposal import propose
from .report import CheckReport
from .study_against_video import fit_problems


def judge(study: Study, facts: Sequence[RecordingFacts], unread: Sequence[Problem] = ()) -> CheckReport:
    """Evaluate a study.

    Parameters
    ----------
    study : Study
        The study.
    facts : sequence of RecordingFacts
        Properties of all readable recordings.
    unread : sequence of Problem
        One problem for each unreadable recording.

    Returns
    -------
    CheckReport
        Problems are sorted: errors, warnings, notes, each by row.
    """
    groups = group_facts(facts)
    fits = [problem for fact in facts for problem in fit_problems(study[fact.name], fact)]
    problems = [
        *unread,
        *fits,
        *_copies(study, facts),
        *_table_problems(study),
        *confound_problems(facts),
        *amount_problems(facts, groups),
    ]
    order = list(Severity)
    problems.sort(key=lambda problem: (order.index(problem.severity), problem.row is None, problem.row or 0))
    return CheckReport(
        study=study.path.name if study.path else "study",
        recordings=tuple(facts),
        groups=groups,
        problems=tuple(problems),
        proposal=propose(facts),
    )


def _copies(study: Study, facts: Sequence[RecordingFacts]) -> list[Problem]:
    """Warn about videos with the same content under two file names."""
    seen: dict[tuple[object, ...], RecordingFacts] = {}
    problems = []
    for fact in facts:
        recording = study[fact.name]
        key = (fact.fingerprint, recording.roi, recording.track, recording.start, recording.stop)
        first = seen.setdefault(key, fact)
        if first is not fact and fact.fingerprint and not _same_file(first.video, fact.video):
            text = (
                f"the video is a copy of the one in row {first.row}, {first.name}; "
                "remove one row, because the same frames must not count twice."
            )
            problems.append(Problem(severity=Severity.WARNING, text=text, row=fact.row, recording=fact.name))
    return problems


def _same_file(a: str, b: str) -> bool:
    return os.path.normcase(a) == os.path.normcase(b)


def _table_problems(study: Study) -> list[Problem]:
    return [*_two_groups(study), *_two_rates(study), *_spellings(study), *_stray_columns(study)]


def _two_groups(study: Study) -> list[Problem]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for recording in study:
        groups[recording.subject, recording.session].append(recording.group)
    problems = []
    for (subject, session), found in groups.items():
        names = list(dict.fromkeys(found))
        if len(names) > 1:
            text = (
                f"subject {subject!r} is in the groups {' and '.join(map(repr, names))} in session "
                f"{session}; use different sessions, or correct the group."
            )
            problems.append(Problem(severity=Severity.WARNING, text=text))
    return problems


def _two_rates(study: Study) -> list[Problem]:
    """Warn about a video with different frame rates in two rows."""
    seen: dict[str, tuple[int, float | None]] = {}
    problems = []
    for recording, row in zip(study.recordings, study.rows, strict=True):
        first, fps = seen.setdefault(os.path.normcase(recording.video), (row, recording.fps))
        if fps != recording.fps:
            here, there = (f"{rate:g}" if rate else "empty" for rate in (recording.fps, fps))
            text = (
                f"fps is {here}, but {there} in row {first} for the same video; enter the same value in both."
            )
            problems.append(Problem(severity=Severity.WARNING, text=text, row=row, recording=recording.name))
    return problems


def _spellings(study: Study) -> list[Problem]:
    columns: dict[str, Callable[[Recording], str]] = {
        "subject": lambda recording: recording.subject,
        "group": lambda recording: recording.group,
    }
    problems = []
    for column, value in columns.items():
        spellings: dict[str, set[str]] = defaultdict(set)
        for recording in study:
            spellings[spelling_key(value(recording))].add(value(recording))
        for same in spellings.values():
            if len(same) > 1:
                words = " and ".join(map(repr, sorted(same)))
                text = (
                    f"the {column}s {words} differ only in spelling; use one spelling if they are the same."
                )
                problems.append(Problem(severity=Severity.WARNING, text=text))
    return problems


_RATE_NAMES = {"framerate", "framespersecond", "hz", "fpscamera", "camerafps"}


def _stray_columns(study: Study) -> list[Problem]:
    """Note metadata columns with a name similar to a column of the study table."""
    problems = []
    for name in study.metadata_columns:
        letters = "".join(filter(str.isalpha, name.casefold()))
        near = ["fps"] if letters in _RATE_NAMES else nearest(name, OPTIONAL, cutoff=0.8)
        if near and letters != "weight":  # a common column that is only similar to height
            text = f"the column {name!r} is kept as metadata; if {near[0]!r} was meant, rename it."
            problems.append(Problem(severity=Severity.NOTE, text=text))
    return problems
