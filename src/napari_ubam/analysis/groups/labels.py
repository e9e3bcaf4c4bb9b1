"""Which recordings are compared, by which label: refusals and warnings before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from napari_ubam.analysis.analysis import AnalysisError
from napari_ubam.runfolder.table_parts import recordings_of
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, Study
from napari_ubam.study.values import counted, listed

from .measures import MEASURES

_LABELS = ("subject", "group", "session")
_TAKEN = {"recording", "recordings", "level", "reference", "value", "minutes", *MEASURES}


def labelled_recordings(
    study: Study, scores: Result, by: str, where: str, covariates: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """List the recordings to compare with their level.

    Parameters
    ----------
    study : Study
        Study of the run.
    scores : Result
        Scores of the run.
    by : str
        Column of the study whose values are compared.
    where : str
        Filter of the recordings; empty for all.
    covariates : sequence of str
        Further columns of the study.

    Returns
    -------
    recordings : DataFrame
        Columns ``recording, subject, level, session, reference`` and the covariates.
    warnings : list of str

    Raises
    ------
    AnalysisError
        If there is no such column, or labels changed since the study was scored.
    StudyError
        If the filter selects nothing.
    """
    _check_columns(study, by, covariates)
    _check_unchanged(study, scores.facts.get("recordings", ()))
    chosen = study.select(where) if where.strip() else study
    scored = set(recordings_of(scores.tables, "scores"))
    reference = set(map(str, scores.facts["reference_recordings"]))
    rows = [
        {
            "recording": one.name,
            "subject": one.subject,
            "level": value_of(one, by),
            "session": one.session,
            "reference": one.name in reference,
            **{name: value_of(one, name) for name in covariates},
        }
        for one in chosen
        if one.name in scored
    ]
    said = []
    if missing := [one.name for one in chosen if one.name not in scored]:
        said.append(f"{listed(missing, 6)}: not scored, so left out; score the study again to include them.")
    table = pd.DataFrame(rows, columns=["recording", "subject", "level", "session", "reference", *covariates])
    if len(empty := table[table["level"] == ""]):
        said.append(f"{listed(list(empty['recording']), 6)}: no value in the column {by}, so left out.")
    return table[table["level"] != ""].reset_index(drop=True), said


def reference_recordings(study: Study, scores: Result) -> pd.DataFrame:
    """List all reference recordings of the scores, also those that are not compared.

    Parameters
    ----------
    study : Study
        Study of the run.
    scores : Result
        Scores of the run.

    Returns
    -------
    DataFrame
        Columns ``recording`` and ``subject``.
    """
    names = set(map(str, scores.facts["reference_recordings"]))
    return pd.DataFrame(
        [(one.name, one.subject) for one in study if one.name in names], columns=["recording", "subject"]
    )


def value_of(recording: Recording, column: str) -> str:
    """Read a column of the study.

    Parameters
    ----------
    recording : Recording
    column : str
        ``subject``, ``group``, ``session`` or a column of the user.

    Returns
    -------
    str
    """
    return str(getattr(recording, column) if column in _LABELS else recording.metadata.get(column, ""))


def columns_to_compare(study: Study) -> tuple[str, ...]:
    """List the columns by which a study can be compared.

    Parameters
    ----------
    study : Study

    Returns
    -------
    tuple of str
        ``group``, ``session``, and the columns of the user.
    """
    return ("group", "session", *study.metadata_columns)


def in_order(levels: Sequence[str], reference: Mapping[str, int], baseline: str, by: str) -> list[str]:
    """Order levels: the baseline first, then numbers by size, then texts by the alphabet.

    Parameters
    ----------
    levels : sequence of str
    reference : mapping of str to int
        Number of reference recordings in each level. The level with most of them is the baseline by default.
    baseline : str
        Level that the others are compared with; empty for the default.
    by : str
        Column of the study, for the refusal.

    Returns
    -------
    list of str

    Raises
    ------
    AnalysisError
        If the baseline is no level.
    """
    if baseline and baseline not in levels:
        raise AnalysisError(f"{by} has no value {baseline!r}; choose the baseline among {', '.join(levels)}.")
    ordered = sorted(levels, key=_by_size)
    most = max(ordered, key=lambda level: reference.get(level, 0))
    first = baseline or (most if reference.get(most, 0) else ordered[0])
    return [first, *(level for level in ordered if level != first)]


def check_levels(values: pd.DataFrame, by: str, paired: bool, within: bool) -> None:
    """Refuse levels that cannot be compared.

    Parameters
    ----------
    values : DataFrame
        One row for each subject and level.
    by : str
        Column of the study.
    paired : bool
        Whether the levels are conditions of the same subjects.
    within : bool
        Whether the scores compare each subject with itself.

    Raises
    ------
    AnalysisError
        If there are fewer than two levels, a level has fewer than two subjects, or a subject is in two levels
        that are not paired.
    """
    counts = values.groupby("level")["subject"].nunique()
    if len(counts) < 2:
        why = f"all subjects have {by} = {counts.index[0]}" if len(counts) else "no subject has a value"
        own = (
            ". In these scores each subject is compared with its own reference recordings, which are closer "
            "to themselves by construction and so left out; compare other recordings, or score the study "
            "without --within"
            if within
            else "; compare by another column, or choose more recordings"
        )
        raise AnalysisError(f"There is nothing to compare by {by}: {why}{own}.")
    if not paired and len(both := values[values.duplicated("subject", keep=False)]):
        subject = both["subject"].iloc[0]
        own = listed(list(both.loc[both["subject"] == subject, "level"]), 6)
        raise AnalysisError(
            f"The subject {subject} has recordings with {by} = {own}, so these are not independent; use "
            f"--paired to compare within subjects, or give different subjects different names."
        )
    if paired:
        complete = values.groupby("subject")["level"].nunique() == len(counts)
        if complete.sum() < 2:
            raise AnalysisError(
                f"{counted(int(complete.sum()), 'subject')} with recordings for all of "
                f"{listed(list(counts.index), 6)}: a paired comparison needs at least two; choose values "
                "that most subjects have with --where."
            )
    elif len(few := counts[counts < 2]):
        raise AnalysisError(
            f"{by} = {few.index[0]} has recordings of one subject, and one subject is no group; add "
            "subjects, or leave it out with --where."
        )


def _check_columns(study: Study, by: str, covariates: Sequence[str]) -> None:
    known = columns_to_compare(study)
    if by not in known:
        raise AnalysisError(f"The study cannot be compared by {by!r}; choose one of {', '.join(known)}.")
    for name in covariates:
        if name in _TAKEN:
            raise AnalysisError(
                f"A covariate cannot be named {name!r}, which the comparison uses itself; rename this column "
                "of the study."
            )
        if name not in known or name in (by, "session"):
            choice = [one for one in known if one not in (by, "session")]
            raise AnalysisError(
                f"{name!r} cannot be a covariate here; choose one of {', '.join(choice) or 'none'}."
            )


def _check_unchanged(study: Study, scored: Sequence[Mapping[str, Any]]) -> None:
    for one in scored:
        if one["name"] not in study.names:
            raise AnalysisError(
                f"{one['name']} was scored and is no longer in the study of the run; score it again."
            )
        now = study[str(one["name"])]
        if changed := [label for label in _LABELS if label in one and one[label] != getattr(now, label)]:
            raise AnalysisError(
                f"The {changed[0]} of {one['name']} has changed since the study was scored; score it again."
            )


def _by_size(level: str) -> tuple[bool, float, str]:
    try:
        return False, float(level), level
    except ValueError:
        return True, 0.0, level
