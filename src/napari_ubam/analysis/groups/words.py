"""The result of a comparison in sentences: what was found, by which test, with how many subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from napari_ubam.runfolder.tables import Result
from napari_ubam.study.values import counted

from .comparison import ADJUSTED_BY
from .measures import MEASURES


def conclusions(result: Result) -> list[str]:
    """Write the result of a comparison in sentences.

    Parameters
    ----------
    result : Result
        Of the analysis ``"compare"``.

    Returns
    -------
    list of str
        One for each measure and pair of levels, one for each measure with three or more levels, and what such
        a study can find.
    """
    facts, pairs = result.facts, result.tables["compare"]
    overall = result.tables.get("compare_overall", pd.DataFrame())
    said = [_overall(row, facts, len(overall)) for row in _rows(overall)]
    said += [_pair(row, facts, len(pairs)) for row in _rows(pairs)]
    said += _detectable(pairs, facts)
    return said


def methods_text(facts: Mapping[str, Any]) -> str:
    """Name the tests of a comparison, for a methods section.

    Parameters
    ----------
    facts : mapping of str to object
        Of the analysis ``"compare"``.

    Returns
    -------
    str
    """
    counts = ", ".join(f"{level}: n = {count}" for level, count in facts["subjects"].items())
    test = (
        "sign flips within subjects (mean difference)"
        if facts["paired"]
        else "permutation of subjects (Welch's t)"
    )
    effect = (
        "median of the means of any two differences (Hodges and Lehmann), and the share of subjects with an "
        "increase minus that with a decrease"
        if facts["paired"]
        else "difference of Hodges and Lehmann, and Cliff's delta"
    )
    if len(facts["levels"]) > 2:
        test += "; of all at once: sum of squares between them"
    rank = "signed-rank" if facts["paired"] else "rank-sum"
    interval = (
        f"exact one of Hodges and Lehmann, which inverts the {rank} test over subjects"
        if facts.get("interval") == "rank"
        else f"percentile bootstrap over subjects with {facts['resamples']} samples"  # of older versions
    )
    shared = (
        " Reference subjects are scored against each other, so the test gives them a larger spread."
        if facts.get("widened")
        else ""
    )
    inside = (
        " Conditions are intervals inside recordings; frames of a subject and a condition are averaged. "
        if facts.get("by_interval")
        else " "
    )
    return (
        f"The unit is the subject ({counts}).{inside}Test: two-sided {test}. Effect: {effect}; the 95% "
        "interval is "
        f"{interval}. {_families(facts)}{_model(facts)} Seed {facts['seed']}.{shared}"
    )


def _model(facts: Mapping[str, Any]) -> str:
    asked = facts.get("parameters", {})
    if not asked.get("mixed_model") and not asked.get("covariates"):
        return ""
    return (
        " Model: session is a factor, the subject a random intercept. Degrees of freedom count subjects for "
        "what differs between subjects, and rows for what changes within them. Terms without an estimate are "
        "tested by F."
    )


def _families(facts: Mapping[str, Any]) -> str:
    """Tell what p is adjusted for: each question is a family of its own."""
    name = ADJUSTED_BY[facts["adjust"]]
    said = f"p is adjusted by {name} for the tests of all pairs and measures"
    if len(facts["levels"]) > 2:
        said += (
            "; the tests of all at once are a second family, adjusted for the measures. They answer another "
            "question, so which of both counts has to be chosen beforehand"
        )
    return f"{said}. A model, if there is one, is a family of its own, too."


def ways(row: Any) -> str:
    """Tell how many arrangements were counted.

    Parameters
    ----------
    row : object
        With ``arrangements`` and ``exact``.

    Returns
    -------
    str
        Such as ``all 495 ways``.
    """
    return f"all {row.arrangements} ways" if row.exact else f"{row.arrangements} random ways"


def p_text(p: float) -> str:
    """Write a p-value.

    Parameters
    ----------
    p : float

    Returns
    -------
    str
        Such as ``p = 0.012`` or ``p < 0.001``.
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _pair(row: Any, facts: Mapping[str, Any], tests: int) -> str:
    measure = MEASURES[row.measure]
    sizes = f"n = {row.n_first}" if facts["paired"] else f"n = {row.n_second} and {row.n_first}"
    head = f"{measure.title}, {row.second} against {row.first} ({sizes})"
    if pd.isna(row.p):
        return f"{head}: too few subjects with a value for a test."
    interval = (
        "no interval with so few" if pd.isna(row.low) else f"95% interval {row.low:.3g} to {row.high:.3g}"
    )
    name = "increases minus decreases" if facts["paired"] else "Cliff's delta"
    return (
        f"{head}: difference {row.difference:.3g} {measure.unit} ({interval}), {name} "
        f"{row.delta:.2f}, {p_text(row.p)} ({ways(row)}){_adjusted(row, facts, tests)}."
    )


def _overall(row: Any, facts: Mapping[str, Any], tests: int) -> str:
    head = f"{MEASURES[row.measure].title}, all of {row.levels} ({counted(row.n, 'subject')})"
    if pd.isna(row.p):
        return f"{head}: too few subjects with a value for a test."
    return f"{head}: {p_text(row.p)} ({ways(row)}){_adjusted(row, facts, tests)}."


def _adjusted(row: Any, facts: Mapping[str, Any], tests: int) -> str:
    if tests < 2:
        return ""
    return f", adjusted {p_text(row.p_adjusted)} ({ADJUSTED_BY[facts['adjust']]}, {tests} tests)"


def _detectable(pairs: pd.DataFrame, facts: Mapping[str, Any]) -> Iterator[str]:
    what = "the spread of the differences" if facts["paired"] else "the spread within groups"
    known = pairs[pairs["detectable"].notna()]
    for row in _rows(known.drop_duplicates(["n_first", "n_second"])):
        sizes = f"{row.n_first}" if facts["paired"] else f"{row.n_first} and {row.n_second}"
        yield (
            f"With {sizes} subjects a difference of {row.detectable:.1f} times {what} (standard deviation) "
            "is found at p < 0.05 in 80% of such studies, before adjustment."
        )


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples()
