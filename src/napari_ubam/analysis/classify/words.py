"""The result of a classification in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from napari_ubam.analysis.groups.words import p_text
from napari_ubam.analysis.shown import shown
from napari_ubam.runfolder.tables import Result
from napari_ubam.study.values import counted, listed


def conclusions(result: Result) -> list[str]:
    """Write the result of a classification in sentences.

    Parameters
    ----------
    result : Result
        Of the analysis ``"classify"``.

    Returns
    -------
    list of str
        How many subjects were classified correctly, how many of each group, what the single windows tell, and
        what the result does not show.
    """
    facts, subjects = result.facts, result.tables["classify_subjects"]
    each = subjects.groupby("level", sort=False)
    right = ", ".join(f"{level}: {int(one['correct'].sum())} of {len(one)}" for level, one in each)
    which = "all" if facts["exact"] else f"{facts['labelings'] - 1} random"
    found = (
        f"The {facts['by']} of a subject that the classifier never saw is told with a balanced accuracy of "
        f"{facts['accuracy']:.0%} (95% interval {facts['low']:.0%} to {facts['high']:.0%}; {right}; with "
        f"permuted labels {facts['chance']:.0%} on average), {p_text(facts['p'])} ({which} labelings of "
        f"{counted(len(subjects), 'subject')})."
    )
    windows = each["windows_correct"].mean().mean()
    said = [
        found,
        f"Of the single windows {windows:.0%} are told correctly (mean over subjects and groups); windows of "
        "a subject are not independent, so this is a description.",
    ]
    if facts["p"] <= 0.05:
        said.append(
            f"So the codes differ between the values of {facts['by']}. This does not tell the cause: "
            f"whatever differs with {facts['by']}, such as camera, light or cage, can be what is told."
        )
    else:
        said.append(
            f"So it is not shown that the codes differ by {facts['by']}. This does not show that they are "
            "alike: few subjects, or a difference in few windows, may be missed."
        )
    wrong = subjects.loc[~subjects["correct"].astype(bool), "subject"]
    if len(wrong):
        said.append(f"Taken for another {facts['by']}: {listed(list(wrong), 8)}.")
    return said


def methods_text(facts: Mapping[str, Any]) -> str:
    """Describe a classification, for a methods section.

    Parameters
    ----------
    facts : mapping of str to object
        Of the analysis ``"classify"``.

    Returns
    -------
    str
    """
    counts = ", ".join(f"{level}: n = {count}" for level, count in facts["subjects"].items())
    permuted = (
        f"all {facts['labelings']} labelings were counted"
        if facts["exact"]
        else f"{facts['labelings'] - 1} permutations, seed {facts['seed']}"
    )
    what = "windows" if facts["kind"] == "behaviour" else "single frames"
    return (
        f"The unit is the subject ({counts}). Each subject was left out with all its recordings. From codes "
        f"of {what} of the other subjects (at most {facts['windows']} of each, half of the mean of each "
        f"subject and session taken out), at most {facts['components']} principal components and "
        f"{facts['landmarks']} landmarks of a Gaussian kernel (Nyström) were fitted"
        f"{_distances(facts)}; their means over windows entered a ridge classifier that gives groups equal "
        "weight, with the penalty chosen by leaving out each of the other subjects. The evidence of a "
        "subject is the mean over its windows. p is the share of labelings of the subjects with a balanced "
        "accuracy at least as high, all steps "
        f"repeated ({permuted})."
    )


def _distances(facts: Mapping[str, Any]) -> str:
    if not facts.get("distances"):  # results of older versions
        return ""
    return (
        ", and the distance of each window from the nearest windows of the three nearest other subjects, "
        "with whether it is beyond 50, 75, 90 and 95% of all (no label is used for it)"
    )


def warnings(subjects: pd.DataFrame, smallest_p: float) -> list[str]:
    """Warn where a result cannot mean much.

    Parameters
    ----------
    subjects : DataFrame
        One row for each subject.
    smallest_p : float

    Returns
    -------
    list of str
    """
    counts = subjects.groupby("level", sort=False).size()
    sizes = " and ".join(str(count) for count in counts)
    if smallest_p > 0.05:
        return [
            f"With {sizes} subjects p cannot be less than {smallest_p:.3f}, however well the groups are told "
            "apart; add subjects."
        ]
    if counts.min() < 5:
        return [f"With {sizes} subjects a classifier learns from very few; do not trust a single decision."]
    return []


def readable_tables(result: Result) -> Mapping[str, pd.DataFrame]:
    """Give the tables of a classification with titles for names.

    Parameters
    ----------
    result : Result
        Of the analysis ``"classify"``.

    Returns
    -------
    dict of str to DataFrame
        By their titles: subjects, and windows that carried the decision.
    """
    by, tables = str(result.facts["by"]), result.tables
    subjects = tables["classify_subjects"]
    subjects = subjects.assign(windows_correct=100 * subjects["windows_correct"])
    return {
        "Subjects": shown(
            subjects,
            {"subject": "subject", "level": by, "decided": "taken for", "correct": "correct"}
            | {"evidence": f"evidence for its {by}", "windows": "windows"}
            | {"windows_correct": "windows told correctly (%)"},
        ),
        "Windows that carried the decision": shown(
            tables["classify_episodes"],
            {"recording": "recording", "subject": "subject", "level": by, "decided": "speak for"}
            | {"start_time": "from (s)", "stop_time": "to (s)", "evidence": "evidence"}
            | {"peak_percentile": "percentile at the peak"},
        ),
    }
