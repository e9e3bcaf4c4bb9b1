"""Check the amount of data: subjects per group, and video per subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from napari_ubam.study.values import counted, listed

from .facts import GroupFacts, Problem, RecordingFacts, Severity

MIN_SUBJECTS = 3  # in a reference; with fewer, no p-value is below 1/3
MIN_SECONDS = 10.0  # per subject; about 20 windows of half a second without overlap
GOOD_SECONDS = 60.0  # per subject; more than 100 such windows, which is enough for percentiles
MIN_FRAMES = 300  # per subject; with fewer, a network memorises single frames
LISTED = 6  # subjects in a sentence


def group_facts(recordings: Sequence[RecordingFacts]) -> tuple[GroupFacts, ...]:
    """Compute the amount of data in each group.

    Parameters
    ----------
    recordings : sequence of RecordingFacts
        All readable recordings.

    Returns
    -------
    tuple of GroupFacts
        Groups in the order of the study.
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
    """Find groups with too few subjects, subjects with too little video, and missing comparisons.

    Parameters
    ----------
    recordings : sequence of RecordingFacts
        All readable recordings.
    groups : sequence of GroupFacts
        Groups of these recordings.

    Returns
    -------
    list of Problem
        Warnings and notes.
    """
    return [*_comparison(recordings, groups), *_subjects(groups), *_video(recordings)]


def _comparison(recordings: Sequence[RecordingFacts], groups: Sequence[GroupFacts]) -> list[Problem]:
    if len(groups) != 1:
        return []
    if len(recordings) == 1:
        text = (
            "there is one recording, so a training learns from stretches of it, and cannot learn what "
            "differs between individuals; to compare parts of it, enter each part as a row with start and "
            "stop and its own session."
        )
        return [Problem(severity=Severity.WARNING, text=text)]
    name, sessions = groups[0].group, sorted({facts.session for facts in recordings})
    if len(sessions) > 1:
        text = (
            f"all recordings are in the group {name!r}; use a session as the reference, "
            f"such as session={sessions[0]}."
        )
        return [Problem(severity=Severity.NOTE, text=text)]
    text = (
        f"all recordings are in the group {name!r} and the session {sessions[0]}, so there is nothing to "
        "compare; add recordings of another group or session."
    )
    return [Problem(severity=Severity.WARNING, text=text)]


def _subjects(groups: Sequence[GroupFacts]) -> list[Problem]:
    few = [group for group in groups if group.subjects < MIN_SUBJECTS]
    if not few:
        return []
    counts = " and ".join(f"{group.group!r} has {counted(group.subjects, 'subject')}" for group in few)
    if len(few) == len(groups):
        text = f"too few subjects for a p-value with any reference: {counts}"
        reason = "with n reference subjects the smallest p-value is 1/(n + 1)"
        remedy = f"record at least {MIN_SUBJECTS} subjects per group, or 19 to reach p = 0.05"
        return [Problem(severity=Severity.WARNING, text=f"{text}, and {reason}; {remedy}.")]
    fit = " or ".join(repr(group.group) for group in groups if group not in few)
    text = f"too few subjects for a reference: {counts}; use {fit} as the reference."
    return [Problem(severity=Severity.NOTE, text=text)]


def _video(recordings: Sequence[RecordingFacts]) -> list[Problem]:
    seconds: dict[str, float] = defaultdict(float)
    frames: dict[str, int] = defaultdict(int)
    for facts in recordings:
        seconds[facts.subject] += facts.seconds
        frames[facts.subject] += facts.frames
    too_little = [name for name in seconds if seconds[name] < MIN_SECONDS or frames[name] < MIN_FRAMES]
    little = [name for name in seconds if name not in too_little and seconds[name] < GOOD_SECONDS]
    problems = []
    if too_little:
        amounts = listed(
            [f"{name} ({seconds[name]:.1f} s, {counted(frames[name], 'frame')})" for name in too_little],
            LISTED,
        )
        text = f"too little video for training of {counted(len(too_little), 'subject')}: {amounts}"
        remedy = f"record at least {MIN_SECONDS:.0f} s and {MIN_FRAMES} frames of each, better one minute"
        problems.append(Problem(severity=Severity.WARNING, text=f"{text}; {remedy}."))
    if little:
        amounts = listed([f"{name} ({seconds[name]:.0f} s)" for name in little], LISTED)
        text = (
            f"less than a minute of video of {counted(len(little), 'subject')}: {amounts}; record more, "
            "or expect coarse percentiles."
        )
        problems.append(Problem(severity=Severity.NOTE, text=text))
    return problems
