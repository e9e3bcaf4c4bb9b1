"""What a stimulus changes, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from napari_ubam.analysis.groups.words import p_text, ways
from napari_ubam.runfolder.tables import Result
from napari_ubam.study.values import counted

from .response import CHANCE, DECODABILITY, MEASURES

UNIT = "cosine distance"
_OF_GROUPS = {
    "on_change": "Change of the deviation, on against off",
    "after_change": "Change of the deviation, after against off",
    DECODABILITY: "Decodability",
}


def conclusions(result: Result) -> list[str]:
    """Write what a stimulus changes in sentences.

    Parameters
    ----------
    result : Result
        Of the analysis ``"stimulus"``.

    Returns
    -------
    list of str
        The trials, one sentence for each test, the latency, groups, and what this does not show.
    """
    facts, table = result.facts, result.tables["stimulus"]
    said = [_trials(facts)]
    said += [_tested(row, facts, len(table)) for row in _rows(table)]
    said += _latency(result)
    said += _groups(result.tables.get("stimulus_groups"))
    said.append(
        "This does not tell why: a light or a sound is also seen or heard, by the camera and by the subject. "
        "Subjects that get the stimulus without its effect, such as animals without the opsin, tell these "
        "apart."
    )
    return said


def methods_text(facts: Mapping[str, Any]) -> str:
    """Describe the analysis of a stimulus, for a methods section.

    Parameters
    ----------
    facts : mapping of str to object
        Of the analysis ``"stimulus"``.

    Returns
    -------
    str
    """
    before, after = f"{facts['before_seconds']:.3g} s", f"{facts['after_seconds']:.3g} s"
    if facts["subjects"] < 2:
        trials = counted(facts["trials"], "trial")
        return f"Description of one subject with {trials}, without a test. Off: {before} before the onset."
    decoded = (
        f" Decodability: a linear discriminant analysis of {facts['kind']} codes, from which the mean of "
        "each subject and session was taken out, was trained on all subjects but one, and tested on the one "
        "left out (area under the ROC curve); for chance, the stimulus was moved "
        f"{facts['decoding_shifts']} times, and the analysis trained anew each time."
        if facts.get("decoded")
        else ""
    )
    return (
        f"The unit is the subject (n = {facts['subjects']}, {facts['trials']} trials); its trials are "
        f"averaged. Off: {before} before the onset; after: {after} after the stop. Each change was tested by "
        "two-sided sign flips over subjects, and against the stimulus moved within each recording by a "
        f"random time with its pauses kept ({facts['shifts']} times); p is the larger of both, adjusted by "
        "Holm for all tests. Effect: median of the means of any two subjects (Hodges and Lehmann); 95% "
        f"intervals and bands are a percentile bootstrap over subjects with {facts['resamples']} samples "
        "(bands and latency: at most 1000). Latency: a box fitted to the mean curve of the subjects by least "
        f"squares, in bins of {1000 * facts['bin_seconds']:.3g} ms.{decoded} Seed {facts['seed']}."
    )


def _trials(facts: Mapping[str, Any]) -> str:
    low, high = facts["trials_of_a_subject"]
    each = f"{low}" if low == high else f"{low} to {high}"
    lasting = "about " if facts["durations_vary"] else ""
    return (
        f"{facts['label']}: {counted(facts['subjects'], 'subject')}, {counted(facts['trials'], 'trial')} "
        f"({each} a subject), {lasting}{facts['on_seconds']:.3g} s each."
    )


def _tested(row: Any, facts: Mapping[str, Any], tests: int) -> str:
    decoding = row.measure == DECODABILITY
    title = (
        f"Decodability of on against off from {facts['kind']} codes, subjects left out"
        if decoding
        else MEASURES[row.measure]
    )
    if row.n == 0:
        return f"{title}: no subject has a value."
    shift = CHANCE if decoding else 0.0
    what = "area under the ROC curve" if decoding else "change"
    unit = " (chance 0.5)" if decoding else f" {UNIT}"
    found = f"{what} {row.difference + shift:.3g}{unit}"
    if row.n < 2:
        return f"{title} (n = 1, a description and no test): {found}."
    interval = (
        "no interval with so few"
        if pd.isna(row.low)
        else f"95% interval {row.low + shift:.3g} to {row.high + shift:.3g}"
    )
    return (
        f"{title} (n = {row.n}): {found}, {interval}, increases minus decreases {row.delta:.2f}, "
        f"{p_text(row.p)} (sign flips of subjects, {ways(row)}: {p_text(row.p_subjects)}; stimulus moved in "
        f"time: {p_text(row.p_shifts)}), adjusted {p_text(row.p_adjusted)} (Holm, {tests} tests)."
    )


def _latency(result: Result) -> Iterator[str]:
    tests = {str(row.measure): row for row in _rows(result.tables["stimulus"])}
    row = next(one for one in _rows(result.tables["stimulus_latency"]) if one.measure == "deviation")
    if pd.isna(row.latency):
        return
    small = tests["on"].n < 2 or tests["on"].smallest_p > 0.05
    if not small and not any(tests[one].p_adjusted <= 0.05 for one in MEASURES):
        yield "No latency is given, because no change of the deviation was found."
        return
    interval = (
        "no interval with so few subjects"
        if pd.isna(row.low)
        else f"95% interval {row.low:.3g} to {row.high:.3g} s"
    )
    until = (
        "; it lasts until the end of the curve"
        if pd.isna(row.until)
        else f"; it ends {row.until:.3g} s after the onset"
    )
    doubt = ", if there is a response at all" if small else ""
    yield f"Latency of the deviation: {row.latency:.3g} s after the onset ({interval}){until}{doubt}."


def _groups(table: pd.DataFrame | None) -> Iterator[str]:
    if table is None:
        return
    for row in _rows(table):
        sizes = f"n = {row.n_second} and {row.n_first}"
        head = f"{_OF_GROUPS[row.measure]}, {row.second} against {row.first} ({sizes})"
        if pd.isna(row.p):
            yield f"{head}: too few subjects with a value for a test."
            continue
        interval = (
            "no interval with so few" if pd.isna(row.low) else f"95% interval {row.low:.3g} to {row.high:.3g}"
        )
        yield (
            f"{head}: difference {row.difference:.3g} ({interval}), Cliff's delta {row.delta:.2f}, "
            f"{p_text(row.p)} ({ways(row)}), adjusted {p_text(row.p_adjusted)} (Holm, {len(table)} tests)."
        )


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples()
