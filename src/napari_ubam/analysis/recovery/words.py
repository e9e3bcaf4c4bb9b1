"""The result of a recovery in sentences: what was found, by which test, with how many subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from napari_ubam.analysis.groups.words import p_text
from napari_ubam.runfolder.tables import Result
from napari_ubam.study.values import counted

from .equivalence import SPREADS

ONE_IN, ENOUGH = 10, 20  # subjects; with 20, one study in eight has no subject of which there is one in ten

_MEANINGS = {
    "recovered": "equivalent to the baseline",
    "not recovered": "not recovered, the change is larger than the margin",
    "undecided": "undecided",
}


def conclusions(result: Result) -> list[str]:
    """Write the result of a recovery in sentences.

    Parameters
    ----------
    result : Result
        Of the analysis ``"recovery"``.

    Returns
    -------
    list of str
        One for each group and session after the baseline, one for each group, the overlap of the published
        way, and what is not shown.
    """
    facts, tested = result.facts, result.tables["recovery"]
    said = [_session(row, facts) for row in tested.itertuples()]
    said += list(_groups(tested, facts))
    said += list(_overlaps(result.tables["recovery_curves"], facts))
    if (tested["state"] == "undecided").any():
        said.append(
            "Undecided means that the interval reaches over the edge of the margin: these subjects show "
            "neither recovery nor a lasting loss."
        )
    return said + list(_rare(tested))


def methods_text(facts: Mapping[str, Any]) -> str:
    """Name the tests of a recovery, for a methods section.

    Parameters
    ----------
    facts : mapping of str to object
        Of the analysis ``"recovery"``.

    Returns
    -------
    str
    """
    counts = ", ".join(f"{_name(group)}: n = {count}" for group, count in facts["subjects"].items())
    what = "windows" if facts["kind"] == "behaviour" else "frames"
    return (
        f"The unit is the subject ({counts}). Similarity: mean cosine similarity of {what} to the nearest "
        f"{what} of the subject's own baseline, minus that of the baseline, which is compared with its own "
        "held-out sessions or stretches of time. Equivalence: two one-sided tests at "
        f"{_test(facts)} p is not adjusted for the number "
        "of sessions; from which session on a group is equivalent is tested in a fixed sequence, from the "
        "last session back. Bands: 95% percentile bootstrap over subjects. Discriminant: linear, baseline "
        "against the first session after it, learned without the subject that it is applied to. Subjects "
        "are compared with themselves, so the test does not depend on a reference. "
        f"Seed {facts['seed']}."
    )


def _session(row: Any, facts: Mapping[str, Any]) -> str:
    head = f"{_name(row.group)}, {facts['by']} {row.session} (n = {row.n})"
    if row.state == "not tested":
        return f"{head}: mean change of similarity {row.change:.3g}, not tested with so few subjects."
    return (
        f"{head}: mean change of similarity to the own baseline {row.change:.3g} (95% interval "
        f"{row.low:.3g} to {row.high:.3g}, margin {row.margin:.3g}), {p_text(row.p)} for equivalence: "
        f"{_MEANINGS[row.state]}."
    )


def _groups(tested: pd.DataFrame, facts: Mapping[str, Any]) -> Iterator[str]:
    for group, since in facts["recovered_from"].items():
        rows = tested[(tested["group"] == group) & (tested["state"] != "not tested")]
        if not len(rows):
            continue
        if not since:
            yield f"{_name(group)}: equivalence to the baseline is not shown at the last session."
            continue
        before = rows.iloc[: list(rows["session"]).index(since)]
        lost = bool((before["high"] < 0).any())
        yield (
            f"{_name(group)}: equivalent to the baseline from {facts['by']} {since} on."
            if lost
            else f"{_name(group)}: equivalent to the baseline from {facts['by']} {since} on. No loss was "
            "found before, so this is no recovery."
        )


def _rare(tested: pd.DataFrame) -> Iterator[str]:
    """Say when the p of equivalence is too small: no test of a mean sees subjects that it has not."""
    found = tested[tested["state"] == "recovered"]
    if len(found) and (count := int(found["n"].min())) < ENOUGH:
        yield (
            "Equivalence is about the mean change. The test allows for changes as skewed as those of an "
            f"exponential distribution. If one subject in {ONE_IN} loses far more than the others, "
            f"{100 * (1 - 1 / ONE_IN) ** count:.0f}% of studies with {count} subjects contain none such, and "
            "p is too small. So look at the change of each subject."
        )


def _overlaps(curves: pd.DataFrame, facts: Mapping[str, Any]) -> Iterator[str]:
    """Tell the overlap at the baseline, at the first and at the last session."""
    rows = curves[curves["measure"] == "overlap"]
    for group in facts["groups"]:
        own = rows[rows["group"] == group].set_index("session")["mean"]
        base = [own[one] for one in facts["baseline"] if one in own.index]
        later = [one for one in own.index if one not in facts["baseline"]]
        if base and later:
            parts = ", ".join(
                f"{100 * own[one]:.0f}% at {facts['by']} {one}"
                for one in dict.fromkeys((later[0], later[-1]))
            )
            count = counted(int(rows[rows["group"] == group]["n"].max()), "subject")
            yield (
                f"{_name(group)}: overlap with the baseline along the discriminant of the other subjects "
                f"{parts}; {100 * sum(base) / len(base):.0f}% for the baseline itself ({count}). No test."
            )


def _test(facts: Mapping[str, Any]) -> str:
    """Name the test; results of older versions have none in their facts."""
    margin = f"against a margin of {facts['margin']:.3g} ({_margin(facts)})"
    if facts.get("test") == "skewed t":
        return (
            f"5% {margin}; each takes the larger p of Student's t and of its distribution for changes as "
            "skewed as those of an exponential distribution (simulated)."
        )
    return (
        f"2.5% {margin}; each takes the larger p of Student's t and of a bootstrap of t over subjects with "
        f"{facts['resamples']} samples."
    )


def _margin(facts: Mapping[str, Any]) -> str:
    if facts["margin_from"] == "given":
        return "given"
    return f"{SPREADS:g} standard deviations between stretches of time of the baseline, within subjects"


def _name(group: str) -> str:
    return group or "All subjects"
