"""The analysis ``classify``: the group of each subject told from the codes of its windows."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pydantic import Field

from napari_ubam.analysis.analysis import Analysis, AnalysisError, AnalysisInputs, AnalysisParameters
from napari_ubam.analysis.groups.labels import columns_to_compare, in_order, value_of
from napari_ubam.kinds import Kind
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Study
from napari_ubam.study.values import listed

from .carried import carried_decision
from .classifier import Classified, Settings, classify_subjects
from .windows import COMPONENTS, LANDMARKS, WINDOWS
from .words import conclusions, methods_text, readable_tables, warnings


class ClassifyParameters(AnalysisParameters):
    """Parameters of the classification."""

    by: str = Field("group", description="Column of the study whose values are told apart.")
    where: str = Field("", description="Filter of the recordings, such as session=3. Empty: all.")
    kind: Kind = Field(
        "behaviour", description="Codes that are used: behaviour (windows) or posture (single frames)."
    )
    permutations: int = Field(
        1000,
        ge=100,
        le=100_000,
        description="Number of labelings for p; all, if there are no more than this.",
    )
    seed: int = Field(0, ge=0, description="Random seed.")


def groups_of(study: Study, by: str, where: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Give the group of each subject.

    Parameters
    ----------
    study : Study
    by : str
        Column of the study.
    where : str
        Filter of the recordings; empty for all.

    Returns
    -------
    groups : dict of str to str
        Group by subject.
    recordings : list of str
        Names of the recordings with a value.
    warnings : list of str

    Raises
    ------
    AnalysisError
        If there is no such column, or a subject is in two groups.
    StudyError
        If the filter selects nothing.
    """
    known = columns_to_compare(study)
    if by not in known:
        raise AnalysisError(f"The study has no column {by!r}; choose one of {', '.join(known)}.")
    chosen = study.select(where) if where.strip() else study
    groups: dict[str, str] = {}
    for one in chosen:
        value = value_of(one, by)
        if value and groups.setdefault(one.subject, value) != value:
            raise AnalysisError(
                f"The subject {one.subject} has recordings with {by} = {groups[one.subject]} and {value}, "
                "but a subject is left out as a whole; choose recordings with --where, or compare within "
                "subjects with 'compare --paired'."
            )
    empty = [one.name for one in chosen if not value_of(one, by)]
    said = [f"{listed(empty, 6)}: no value in the column {by}, so left out."] if empty else []
    return groups, [one.name for one in chosen if value_of(one, by)], said


def _compute(inputs: AnalysisInputs, parameters: ClassifyParameters) -> Result:
    groups, names, said = groups_of(inputs.study, parameters.by, parameters.where)
    used = set(names)
    codes = [one for one in inputs.codes if one.name in used]
    levels = in_order(sorted(set(groups.values())), {}, "", parameters.by) if groups else []
    settings = Settings(parameters.kind, parameters.permutations, parameters.seed)
    folds = 2 * len({one.subject for one in codes})
    found = classify_subjects(codes, groups, settings, levels=levels, check=_Check(inputs, folds))
    if lost := [one for one in groups if one not in set(found.subjects["subject"])]:
        said.append(f"{listed(lost, 6)}: no window has a code, so left out.")
    said += warnings(found.subjects, found.labelings.smallest_p)
    tables = {
        "classify_subjects": found.subjects,
        "classify_episodes": carried_decision(found, codes),
        "classify_permuted": _permuted(found),
    }
    return Result("classify", tables, _facts(found, parameters), tuple(said))


def _permuted(found: Classified) -> pd.DataFrame:
    """Count how often each accuracy occurs with permuted labels."""
    counts = pd.Series(found.accuracies.round(9)).value_counts().sort_index()
    return pd.DataFrame({"accuracy": counts.index, "labelings": counts.to_numpy()})


def _facts(found: Classified, parameters: ClassifyParameters) -> dict[str, Any]:
    counts = found.subjects["level"].value_counts()
    return {
        "by": parameters.by,
        "where": parameters.where,
        "levels": list(found.levels),
        "subjects": {level: int(counts[level]) for level in found.levels},
        "accuracy": found.accuracy,
        "low": found.low,
        "high": found.high,
        "chance": found.chance,
        "p": found.p,
        "smallest_p": found.labelings.smallest_p,
        "labelings": int(found.labelings.labels.shape[1]),
        "exact": found.labelings.exact,
        "kind": parameters.kind,
        "seed": parameters.seed,
        "windows": WINDOWS,
        "components": COMPONENTS,
        "landmarks": LANDMARKS,
        "distances": True,
    }


class _Check:
    """Reports each step, and stops when the work is cancelled."""

    def __init__(self, inputs: AnalysisInputs, steps: int) -> None:
        self._inputs, self._of, self._done = inputs, steps, 0

    def __call__(self) -> None:
        check_cancelled(self._inputs.cancel)
        self._inputs.progress(Progress("classify", self._done, self._of))
        self._done += 1


CLASSIFY = Analysis(
    "classify",
    "Classification",
    "Tells the group of each subject from the codes of its windows, by classifiers that never saw the "
    "subject, and lists the windows that carried the decision. The unit is the subject.",
    _compute,
    ClassifyParameters,
    conclude=conclusions,
    methods=methods_text,
    readable=readable_tables,
)
