"""The analysis ``recovery``: each subject against its own baseline over sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from pydantic import Field, field_validator

from napari_ubam.analysis.analysis import Analysis, AnalysisError, AnalysisInputs, AnalysisParameters
from napari_ubam.kinds import Kind
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Study
from napari_ubam.study.values import listed

from .curves import bands, decisions, describe_subjects, recovered_from
from .discriminant import overlaps
from .equivalence import FEWEST, own_margin
from .sessions import after_the_baseline, check_baseline, session_order, sessions_of, subjects_to_follow
from .similarity import Similarities, similarities
from .values import session_table
from .words import conclusions, methods_text


class RecoveryParameters(AnalysisParameters):
    """Parameters of the recovery."""

    by: str = Field("session", description="Column of the study that holds the sessions.")
    baseline: tuple[str, ...] = Field(
        (), description="Sessions before the lesion, such as 0. Empty: the first session."
    )
    order: tuple[str, ...] = Field(
        (),
        description="Order of the sessions. Empty: by size if all are numbers, else that of the study table.",
    )
    margin: float = Field(
        0.0,
        ge=0.0,
        le=2.0,
        description="Largest change of similarity that counts as none. 0: 1.5 standard deviations of the "
        "baseline.",
    )
    reference: str = Field(
        "", description="Filter of the reference recordings. Empty: the baselines of the other subjects."
    )
    where: str = Field("", description="Filter of the recordings, such as group=stroke. Empty: all.")
    kind: Kind = Field("behaviour", description="What is compared: behaviour (windows) or posture (frames).")
    resamples: int = Field(5000, ge=200, le=100_000, description="Number of samples of the bootstrap.")
    seed: int = Field(0, ge=0, description="Random seed.")

    @field_validator("baseline", "order", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Take a number, and a text with commas, too."""
        if isinstance(value, int | float):
            return (str(value),)
        if isinstance(value, str) and not value.lstrip().startswith("["):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return tuple(map(str, value)) if isinstance(value, list | tuple) else value


def _compute(inputs: AnalysisInputs, parameters: RecoveryParameters) -> Result:
    chosen = inputs.study.select(parameters.where) if parameters.where.strip() else inputs.study
    sessions, said = sessions_of(chosen, parameters.by)
    order = session_order(list(sessions.values()), parameters.order)
    baseline = check_baseline(parameters.baseline, order, parameters.by)
    sessions, order, before = after_the_baseline(sessions, order, baseline)
    said += before
    groups, left_out = subjects_to_follow(chosen, sessions, order, baseline)
    reference = _reference(inputs.study, chosen, sessions, baseline, parameters)
    followed = {
        one.name: sessions[one.name] for one in chosen if one.name in sessions and one.subject in groups
    }
    codes = [one for one in inputs.codes if one.name in followed or one.name in reference]
    found = similarities(
        codes,
        followed,
        order,
        baseline,
        reference=reference,
        kind=parameters.kind,
        progress=inputs.progress,
        cancel=inputs.cancel,
    )
    margin, unit = _margin(found, parameters)
    values = describe_subjects(session_table(found.stretches, order), found.stretches, margin)
    measured = overlaps(codes, followed, order, baseline, kind=parameters.kind, cancel=inputs.cancel)
    values = values.merge(measured, on=["subject", "session"], how="left")
    names = list(dict.fromkeys(groups[one] for one in values["subject"]))
    drawn = {"resamples": parameters.resamples, "seed": parameters.seed}
    tested = decisions(values, names, order, margin)
    tables = {
        "recovery": tested,
        "recovery_subjects": values,
        "recovery_curves": bands(values, names, order, **drawn),
        "recovery_stretches": found.stretches,
    }
    counts = _counts(values, names)
    facts = {
        "by": parameters.by,
        "sessions": order,
        "baseline": baseline,
        "groups": names,
        "subjects": counts,
        "margin": margin,
        "margin_from": unit,
        "test": "skewed t",
        "recovered_from": recovered_from(tested, order),
        "reference": parameters.reference or "baselines of the other subjects",
        "reference_subjects": sorted({one.subject for one in codes if one.name in reference}),
        "kind": parameters.kind,
        **drawn,
    }
    said += [*left_out, *found.warnings, *_warnings(values, names, baseline, counts)]
    return Result("recovery", tables, facts, tuple(said))


def _reference(
    study: Study,
    chosen: Study,
    sessions: dict[str, str],
    baseline: Sequence[str],
    parameters: RecoveryParameters,
) -> list[str]:
    """Names of the reference recordings."""
    if parameters.reference.strip():
        return list(study.select(parameters.reference).names)
    return [one.name for one in chosen if sessions.get(one.name) in baseline]


def _margin(found: Similarities, parameters: RecoveryParameters) -> tuple[float, str]:
    """Give the margin, and where it comes from."""
    if parameters.margin:
        return parameters.margin, "given"
    margin = own_margin(found.stretches)
    if not margin > 0:
        raise AnalysisError(
            "The baseline has no spread that a margin could be derived from; give a margin, such as 0.02."
        )
    return margin, "baseline"


def _counts(values: pd.DataFrame, groups: Sequence[str]) -> dict[str, int]:
    counts = values.groupby("group")["subject"].nunique()
    return {group: int(counts[group]) for group in groups}


def _warnings(
    values: pd.DataFrame, groups: Sequence[str], baseline: Sequence[str], counts: dict[str, int]
) -> list[str]:
    said = [
        f"{group or 'The group without a name'} has {counts[group]} of the {FEWEST} subjects that a test "
        "needs, so it is described and not tested; add subjects."
        for group in groups
        if counts[group] < FEWEST
    ]
    days = values[values["baseline"]].groupby("subject", sort=False).size()
    single = list(days.index[days < 2])
    if single:
        whose, which = "", f" ({', '.join(baseline)})" if len(baseline) == 1 else ""
        if len(single) < len(days):
            whose = f" of {listed(single, 6)}"
        said.append(
            f"The baseline{whose} is one session{which}, so what differs from day to day counts as loss; "
            "film the baseline on several days, or look at a control group of the same sessions."
        )
    return said


RECOVERY = Analysis(
    "recovery",
    "Recovery",
    "Follows the similarity of each subject to its own baseline over sessions, and tests for equivalence to "
    "the baseline. The unit of the test is the subject.",
    _compute,
    RecoveryParameters,
    conclude=conclusions,
    methods=methods_text,
)
