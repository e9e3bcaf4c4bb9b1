"""The analysis ``compare``: groups, conditions or sessions of a scored study."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import pandas as pd
from pydantic import Field, field_validator

from napari_ubam.analysis.analysis import Analysis, AnalysisError, AnalysisInputs, AnalysisParameters
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Study

from .comparison import Comparison, Settings, adjusted, compare_values, widened
from .intervals import divided, interval_levels
from .labels import check_levels, in_order, labelled_recordings, reference_recordings
from .measures import DEFAULT, MEASURES
from .mixed_model import mixed_model, without_estimate
from .readable import readable_tables
from .values import session_values, subject_values
from .words import conclusions, methods_text

INTERVAL = "interval"  # what conditions inside recordings are called
ENOUGH = 8  # reference subjects; see "Groups" of docs/benchmarks.md


class CompareParameters(AnalysisParameters):
    """Parameters of the comparison."""

    by: str = Field("group", description="Column of the study whose values are compared.")
    paired: bool = Field(
        False, description="The values are conditions of the same subjects, such as drug on and off."
    )
    by_interval: tuple[str, ...] = Field(
        (),
        description="Labels of intervals inside recordings that are compared within subjects, such as "
        "punished, rewarded. A single one is compared with all other times. Then 'by' is not used.",
    )
    measures: tuple[str, ...] = Field(
        DEFAULT, description=f"What is compared: some of {', '.join(MEASURES)}; or all."
    )
    where: str = Field("", description="Filter of the recordings, such as session=3. Empty: all.")
    baseline: str = Field(
        "", description="Value that the others are compared with. Empty: the one of the reference."
    )
    adjust: Literal["holm", "bh"] = Field(
        "holm", description="Adjustment of p for the number of tests: holm, or bh (Benjamini-Hochberg)."
    )
    mixed_model: bool = Field(
        False, description="Also fit a mixed model, with sessions as repeated measurements of a subject."
    )
    covariates: tuple[str, ...] = Field(
        (), description="Columns of the study that the model accounts for, such as age or sex."
    )
    permutations: int = Field(
        20_000,
        ge=100,
        le=1_000_000,
        description="Number of arrangements; all, if there are no more than this.",
    )
    resamples: int = Field(
        5000, ge=100, le=100_000, description="Number of samples of the bootstrap of medians."
    )
    seed: int = Field(0, ge=0, description="Random seed.")

    @field_validator("by_interval", "measures", "covariates", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Take a text with commas, too."""
        if isinstance(value, str) and not value.lstrip().startswith("["):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("measures")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == ("all",):
            return tuple(MEASURES)
        unknown = [one for one in value if one not in MEASURES]
        if unknown or not value:
            raise ValueError(f"there is no measure {unknown[0]!r}" if unknown else "no measure is given")
        return tuple(dict.fromkeys(value))


def _compute(inputs: AnalysisInputs, parameters: CompareParameters) -> Result:
    if parameters.by_interval:
        parameters = _inside_recordings(parameters)
    scores = inputs.require_scores()
    within = scores.facts.get("within") == "subject"
    recordings, frames, bouts, said = _material(inputs.study, scores, parameters)
    asked = recordings
    if within:  # a baseline is closer to itself than any other recording can be
        asked = recordings[~recordings["reference"]]
        if asked.empty:
            raise AnalysisError(
                "All recordings that are compared belong to the baseline of their subject; choose others."
            )
    sessions = session_values(
        frames,
        bouts,
        asked,
        reference=reference_recordings(inputs.study, scores),
        within_subjects=within,
    )
    said += _without_scores(recordings, sessions, within)
    subjects = subject_values(sessions)
    check_levels(subjects, parameters.by, parameters.paired, within)
    levels = _ordered(recordings, subjects, parameters)
    if parameters.paired:
        subjects, left_out = _complete(subjects, levels)
        said += left_out
    settings = Settings(
        parameters.paired,
        parameters.adjust,
        parameters.permutations,
        parameters.resamples,
        parameters.seed,
    )
    found = compare_values(subjects, levels, parameters.measures, settings, _Check(inputs, len(levels)))
    result: dict[str, pd.DataFrame] = {"compare": found.pairs}
    if len(found.overall):
        result["compare_overall"] = found.overall
    result |= {"compare_levels": found.levels, "compare_subjects": subjects}
    if parameters.mixed_model or parameters.covariates:
        result["compare_model"], not_fitted = _models(sessions, recordings, levels, parameters)
        said += not_fitted
    said += [*found.warnings, *_reference_warnings(subjects, scores, within, parameters.paired)]
    return Result("compare", result, _facts(found, subjects, levels, parameters, scores), tuple(said))


def _inside_recordings(parameters: CompareParameters) -> CompareParameters:
    """Compare within subjects, and only what can change inside a recording: it has one constant part."""
    measures = tuple(one for one in parameters.measures if one != "constant")
    if not measures:
        raise AnalysisError(
            "The constant part is one value of a recording, so it cannot differ between its intervals; "
            "compare another measure, such as episodic."
        )
    return parameters.model_copy(update={"by": INTERVAL, "paired": True, "measures": measures})


def _material(
    study: Study, scores: Result, parameters: CompareParameters
) -> tuple[pd.DataFrame, Any, pd.DataFrame, list[str]]:
    """Give the recordings to compare with their level, their frames, their episodes, and warnings.

    Recordings are divided into parts if intervals inside them are compared.
    """
    column = "group" if parameters.by_interval else parameters.by
    recordings, said = labelled_recordings(study, scores, column, parameters.where, parameters.covariates)
    if not parameters.by_interval:
        return recordings, scores.tables, scores.tables["episodes"], said
    levels = interval_levels(study, parameters.by_interval)
    found, frames, bouts, without = divided(study, recordings, scores.tables, levels)
    return found, frames, bouts, [*said, *without]


def _ordered(recordings: pd.DataFrame, subjects: pd.DataFrame, parameters: CompareParameters) -> list[str]:
    """Levels in order, the baseline first."""
    found, counts = set(subjects["level"]), Counter(recordings.loc[recordings["reference"], "level"])
    if not parameters.by_interval or parameters.baseline:
        return in_order(sorted(found), dict(counts), parameters.baseline, parameters.by)
    asked = parameters.by_interval
    return [one for one in (*(found - set(asked)), *asked) if one in found]


def _facts(
    found: Comparison,
    subjects: pd.DataFrame,
    levels: list[str],
    parameters: CompareParameters,
    scores: Result,
) -> dict[str, Any]:
    counts = subjects.groupby("level")["subject"].nunique()
    return {
        "by": parameters.by,
        "by_interval": list(parameters.by_interval),
        "levels": levels,
        "subjects": {level: int(counts[level]) for level in levels},
        "paired": parameters.paired,
        "adjust": parameters.adjust,
        "seed": parameters.seed,
        "resamples": parameters.resamples,
        "interval": "rank",
        "exact": bool(found.pairs["exact"].all()),
        "reference": scores.facts.get("reference", ""),
        "within": scores.facts.get("within", ""),
        "widened": bool(subjects["reference"].any() and not parameters.paired),
    }


def _without_scores(recordings: pd.DataFrame, sessions: pd.DataFrame, within: bool) -> list[str]:
    """Name the subjects that have no scored frame."""
    asked = recordings[~recordings["reference"]] if within else recordings
    lost = [one for one in dict.fromkeys(asked["subject"]) if one not in set(sessions["subject"])]
    return [f"{', '.join(lost)}: no frame has a score, so left out."] if lost else []


def _complete(subjects: pd.DataFrame, levels: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Keep the subjects that have all levels."""
    complete = subjects.groupby("subject")["level"].transform("nunique") == len(levels)
    lost = list(dict.fromkeys(subjects.loc[~complete, "subject"]))
    said = [f"{', '.join(lost)}: not recorded in all of {', '.join(levels)}, so left out."] if lost else []
    return subjects[complete].reset_index(drop=True), said


def _models(
    sessions: pd.DataFrame, recordings: pd.DataFrame, levels: list[str], parameters: CompareParameters
) -> tuple[pd.DataFrame, list[str]]:
    """Fit a model for each measure. p of the levels is adjusted for the number of measures and levels.

    A measure that some subjects lack, such as the length of episodes, may leave too few for a model. It then
    has rows without an estimate, and a sentence, and the other measures have their models.
    """
    keys = ["subject", "level", "session"]
    rows = sessions
    for name in parameters.covariates:
        each = recordings.groupby(keys)[name]
        if (each.nunique() > 1).any():
            subject = str(each.nunique().reset_index().sort_values(name)["subject"].iloc[-1])
            raise AnalysisError(
                f"{subject} has several values of {name} in one session; give each session one."
            )
        rows = rows.join(each.first(), on=keys)
    models, said = [], []
    settings: dict[str, Any] = {"by": parameters.by, "covariates": parameters.covariates}
    for measure in parameters.measures:
        values = rows if parameters.paired else widened(rows, measure)
        try:
            models.append(mixed_model(values, levels, measure, **settings))
        except AnalysisError as error:
            if rows[measure].notna().all():  # not due to this measure
                raise
            models.append(without_estimate(levels, measure, parameters.by))
            said.append(str(error))
    table = pd.concat(models, ignore_index=True)
    of_levels = table["term"].str.startswith(f"{parameters.by}: ")
    table["p_adjusted"] = adjusted(table["p"].where(of_levels), parameters.adjust)
    return table, said


def _reference_warnings(subjects: pd.DataFrame, scores: Result, within: bool, paired: bool) -> list[str]:
    """Warn where the reference subjects are too few to be taken for independent."""
    count = len(scores.facts.get("reference_subjects", ()))
    compared = subjects[subjects["reference"]]
    if within or not len(compared) or not 0 < count < ENOUGH:
        return []
    others = subjects[~subjects["reference"]].groupby("level")["subject"].nunique()
    said = (
        f"The reference has only {count} subjects. Each is scored against the other ones, so their values "
        f"depend on each other; this is corrected for, but with fewer than {ENOUGH} p is rough."
    )
    if not paired and others.max() > count:
        said += (
            " Another group has more subjects than the reference, so p can be too small: of generated "
            "studies without a difference, up to 9% had p < 0.05, and 5% had p < 0.03. Do not rely on p "
            "between 0.03 and 0.05; add reference subjects."
        )
    return [said]


class _Check:
    """Reports each test, and stops when the work is cancelled."""

    def __init__(self, inputs: AnalysisInputs, levels: int) -> None:
        self._inputs, self._done = inputs, 0

    def __call__(self) -> None:
        check_cancelled(self._inputs.cancel)
        self._done += 1
        self._inputs.progress(Progress("compare", 0, 0, detail=f"test {self._done}"))


COMPARE = Analysis(
    "compare",
    "Comparison of groups",
    "Compares groups, conditions or sessions by permutation of subjects, or by sign flips within subjects, "
    "with effect sizes and intervals. The unit is the subject.",
    _compute,
    CompareParameters,
    conclude=conclusions,
    methods=methods_text,
    readable=readable_tables,
)
