"""Sessions of a study: their order, which of them are the baseline, and who has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_ubam.analysis.analysis import AnalysisError
from napari_ubam.analysis.groups.labels import columns_to_compare, value_of
from napari_ubam.study import Study
from napari_ubam.study.values import counted, listed


def session_order(found: Sequence[str], order: Sequence[str] = ()) -> list[str]:
    """Put sessions in order.

    Parameters
    ----------
    found : sequence of str
        Sessions in the order of the study table.
    order : sequence of str
        Their order, if it is neither that of their numbers nor that of the study table. Sessions that are
        missing here are left out.

    Returns
    -------
    list of str
        By size if all are numbers, else in the order of the study table.

    Raises
    ------
    AnalysisError
        If ``order`` names a session that is not there.
    """
    known = list(dict.fromkeys(found))
    if order:
        if unknown := [one for one in order if one not in known]:
            raise AnalysisError(
                f"There is no session {unknown[0]!r} to put in order; choose among {listed(known)}."
            )
        return list(dict.fromkeys(order))
    try:
        return sorted(known, key=float)
    except ValueError:
        return known


def sessions_of(study: Study, by: str) -> tuple[dict[str, str], list[str]]:
    """Read the session of each recording.

    Parameters
    ----------
    study : Study
    by : str
        Column of the study that holds the sessions.

    Returns
    -------
    sessions : dict of str to str
        By name of recording, in the order of the study.
    warnings : list of str
        About recordings without a value.

    Raises
    ------
    AnalysisError
        If there is no such column.
    """
    known = [one for one in columns_to_compare(study) if one != "group"]
    if by not in known:
        raise AnalysisError(
            f"The study has no sessions in a column {by!r}; choose one of {', '.join(known)}."
        )
    values = {one.name: value_of(one, by) for one in study}
    empty = [name for name, value in values.items() if not value]
    said = [f"{listed(empty, 6)}: no value in the column {by}, so left out."] if empty else []
    return {name: value for name, value in values.items() if value}, said


def check_baseline(baseline: Sequence[str], order: Sequence[str], by: str) -> list[str]:
    """Find the sessions of the baseline.

    Parameters
    ----------
    baseline : sequence of str
        As the user gave them; empty for the first session.
    order : sequence of str
        All sessions in their order.
    by : str
        Column of the sessions.

    Returns
    -------
    list of str
        In their order.

    Raises
    ------
    AnalysisError
        If one is unknown, or no session follows them.
    """
    if unknown := [one for one in baseline if one not in order]:
        raise AnalysisError(f"{by} has no value {unknown[0]!r}; choose the baseline among {listed(order)}.")
    chosen = [one for one in order if one in baseline] or list(order[:1])
    if not chosen or chosen[-1] == order[-1]:
        raise AnalysisError(
            f"No session follows the baseline ({by} = {', '.join(chosen) or 'none'}), so nothing can "
            "recover; choose an earlier baseline, or add recordings of later sessions."
        )
    return chosen


def after_the_baseline(
    sessions: Mapping[str, str], order: Sequence[str], baseline: Sequence[str]
) -> tuple[dict[str, str], list[str], list[str]]:
    """Leave out sessions that are before the end of the baseline and no part of it: nothing recovers there.

    Parameters
    ----------
    sessions : mapping of str to str
        Session of each recording.
    order, baseline : sequence of str
        All sessions, and those of the baseline, each in their order.

    Returns
    -------
    sessions : dict of str to str
    order : list of str
    warnings : list of str
        Which sessions were left out.
    """
    last = list(order).index(baseline[-1])
    early = [one for one in order[:last] if one not in baseline]
    said = [
        f"Session {one} is before the end of the baseline and no part of it, so it is left out; add it to "
        "the baseline if it belongs there."
        for one in early
    ]
    kept = {name: value for name, value in sessions.items() if value not in early}
    return kept, [one for one in order if one not in early], said


def subjects_to_follow(
    study: Study, sessions: Mapping[str, str], order: Sequence[str], baseline: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Find the subjects that have a baseline and a later session.

    Parameters
    ----------
    study : Study
    sessions : mapping of str to str
        Session of each recording.
    order, baseline : sequence of str
        All sessions, and those of the baseline.

    Returns
    -------
    groups : dict of str to str
        Group of each subject that can be followed.
    warnings : list of str
        Who is left out, and why.

    Raises
    ------
    AnalysisError
        If nobody is left, or a subject is in two groups.
    """
    has: dict[str, set[str]] = {}
    groups: dict[str, str] = {}
    for one in study:
        if sessions.get(one.name) not in order:
            continue
        if groups.setdefault(one.subject, one.group) != one.group:
            raise AnalysisError(
                f"{one.subject} has recordings in the groups {groups[one.subject]!r} and {one.group!r}; give "
                "each subject one group."
            )
        has.setdefault(one.subject, set()).add(sessions[one.name])
    lost = [subject for subject, own in has.items() if not own & set(baseline)]
    alone = [subject for subject, own in has.items() if own <= set(baseline)]
    said = [f"{listed(lost, 6)}: no recording of the baseline, so left out."] if lost else []
    said += [f"{listed(alone, 6)}: no recording but those of the baseline, so not followed."] if alone else []
    followed = {one: group for one, group in groups.items() if one not in lost and one not in alone}
    if not followed:
        raise AnalysisError(
            f"None of {counted(len(has), 'subject')} has a recording of the baseline ({', '.join(baseline)}) "
            "and one of another session; choose another baseline."
        )
    return followed, said
