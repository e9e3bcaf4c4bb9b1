"""Whether there is enough data: subjects a group, video a subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .report import GroupFacts, Problem, RecordingFacts, Severity

LEAST_SUBJECTS = 3  # in a reference: with fewer no p-value is below 1/3
LEAST_SECONDS = 10.0  # of a subject: some 20 windows of half a second that do not overlap
GOOD_SECONDS = 60.0  # of a subject: over 100 such windows, so that a percentile is one
LEAST_FRAMES = 300  # of a subject: fewer are learnt by heart rather than learnt from


def group_facts(recordings: Sequence[RecordingFacts]) -> tuple[GroupFacts, ...]:
    """Amount of data a group.

    Parameters
    ----------
    recordings : sequence of RecordingFacts
        All that could be read.

    Returns
    -------
    tuple of GroupFacts
        In the study's order.
    """
    groups: dict[str, list[RecordingFacts]] = defaultdict(list)
    for facts in recordings:
        groups[facts.group].append(facts)
    return tuple(_group(name, members) for name, members in groups.items())


def _group(name: str, members: list[RecordingFacts]) -> GroupFacts:
    seconds: dict[str, float] = defaultdict(float)
    for facts in members:
        seconds[facts.subject] += facts.seconds
    return GroupFacts(
        group=name,
        subjects=len(seconds),
        recordings=len(members),
        shortest=min(seconds.values()),
        longest=max(seconds.values()),
        smallest_p=1 / (len(seconds) + 1),
    )


def amount_problems(recordings: Sequence[RecordingFacts], groups: Sequence[GroupFacts]) -> list[Problem]:
    """Say where there are too few subjects, too little video, or nothing to compare.

    Parameters
    ----------
    recordings : sequence of RecordingFacts
        All that could be read.
    groups : sequence of GroupFacts
        Of the same recordings.

    Returns
    -------
    list of Problem
        Warnings and notes.
    """
    return [*_comparison(recordings, groups), *_subjects(groups), *_video(recordings)]


def _comparison(recordings: Sequence[RecordingFacts], groups: Sequence[GroupFacts]) -> list[Problem]:
    if len(groups) != 1:
        return []
    name, sessions = groups[0].group, sorted({facts.session for facts in recordings})
    if len(sessions) > 1:
        text = (
            f"all recordings are of the group {name!r}; take a session as the reference, "
            f"such as session={sessions[0]}."
        )
        return [Problem(severity=Severity.NOTE, text=text)]
    text = (
        f"all recordings are of the group {name!r} and of session {sessions[0]}, so there is nothing to "
        "compare; add recordings of another group or session."
    )
    return [Problem(severity=Severity.WARNING, text=text)]


def _subjects(groups: Sequence[GroupFacts]) -> list[Problem]:
    few = [group for group in groups if group.subjects < LEAST_SUBJECTS]
    if not few:
        return []
    counts = " and ".join(f"{group.group!r} has {count(group.subjects, 'subject')}" for group in few)
    if len(few) == len(groups):
        text = f"too few subjects for a p-value, whatever the reference: {counts}"
        reason = "with n reference subjects no p is below 1/(n + 1)"
        remedy = f"film at least {LEAST_SUBJECTS}, and 19 for p = 0.05"
        return [Problem(severity=Severity.WARNING, text=f"{text}, and {reason}; {remedy}.")]
    fit = " or ".join(repr(group.group) for group in groups if group not in few)
    text = f"too few subjects to be the reference: {counts}; take {fit} as the reference."
    return [Problem(severity=Severity.NOTE, text=text)]


def _video(recordings: Sequence[RecordingFacts]) -> list[Problem]:
    seconds: dict[str, float] = defaultdict(float)
    frames: dict[str, int] = defaultdict(int)
    for facts in recordings:
        seconds[facts.subject] += facts.seconds
        frames[facts.subject] += facts.frames
    poor = [name for name in seconds if seconds[name] < LEAST_SECONDS or frames[name] < LEAST_FRAMES]
    thin = [name for name in seconds if name not in poor and seconds[name] < GOOD_SECONDS]
    problems = []
    if poor:
        amounts = _some([f"{name} ({seconds[name]:.1f} s, {frames[name]} frames)" for name in poor])
        text = f"too little video of {count(len(poor), 'subject')} to learn from: {amounts}"
        remedy = f"film at least {LEAST_SECONDS:.0f} s and {LEAST_FRAMES} frames of each, better a minute"
        problems.append(Problem(severity=Severity.WARNING, text=f"{text}; {remedy}."))
    if thin:
        amounts = _some([f"{name} ({seconds[name]:.0f} s)" for name in thin])
        text = f"less than a minute of {count(len(thin), 'subject')}: {amounts}; percentiles will be coarse."
        problems.append(Problem(severity=Severity.NOTE, text=text))
    return problems


def count(number: int, noun: str) -> str:
    """Write number and noun, the noun in the plural where due: ``1 subject``, ``2 subjects``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(words: list[str], limit: int = 6) -> str:
    rest = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {rest} more" if rest > 0 else "")
