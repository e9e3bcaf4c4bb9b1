"""Confounds in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from napari_ubam.analysis.groups.words import p_text
from napari_ubam.analysis.shown import shown
from napari_ubam.runfolder.tables import Result
from napari_ubam.study.values import counted, listed

ALPHA = 0.05


def conclusions(result: Result) -> list[str]:
    """Say what can be read from codes and scores.

    Parameters
    ----------
    result : Result
        Of the analysis ``"confounds"``.

    Returns
    -------
    list of str
        A sentence for the subject, for each property that can be read, for those that cannot be told apart
        from what is compared, and for all others.
    """
    facts, table = result.facts, result.tables["confounds"]
    named, chance = facts["subject_named"], facts["subject_chance"]
    said = [
        f"The subject is named from {named:.0%} of the windows (chance {chance:.0%}, "
        f"{counted(facts['subjects'], 'subject')}, trained on other times of the same subjects). A "
        "classifier whose training and test share subjects would use this; 'classify' leaves out whole "
        "subjects."
    ]
    read: list[str] = []
    for row in table.itertuples():
        parts = list(_parts(row))
        if parts:
            read.append(str(row.property))
            said.append(f"{row.property} can be read {'; '.join(parts)}.")
    tied = table[table["codes_p"].isna()]["property"]
    if len(tied):
        said.append(
            f"{listed(list(tied), 8)}: goes wholly together with {facts['by']}, so nothing tells them apart."
        )
    others = [one for one in table["property"] if one not in read and one not in set(tied)]
    if others:
        said.append(
            f"Not shown to be readable: {listed(others, 12)}. With so few subjects this does not show that "
            "they are not."
        )
    return said


def methods_text(facts: Mapping[str, Any]) -> str:
    """Describe the search for confounds, for a methods section.

    Parameters
    ----------
    facts : mapping of str to object
        Of the analysis ``"confounds"``.

    Returns
    -------
    str
    """
    return (
        f"The unit is the subject ({facts['subjects']}). Each property was predicted from codes of windows "
        "of subjects that were left out with all their recordings (ridge regression on principal components "
        "and landmarks of a Gaussian kernel), and related to the mean scores by the share of explained "
        "variance. "
        f"p is by {facts['permutations']} permutations of its values among subjects with the same "
        f"{facts['by']}, or within subjects if it varies there; it is not adjusted for the number of "
        f"properties, since a confound that is missed harms more. Seed {facts['seed']}."
    )


def _parts(row: Any) -> Iterator[str]:
    if pd.notna(row.codes_p) and row.codes_p <= ALPHA:
        what = (
            f"correlation {row.codes:.2f}"
            if row.kind == "number"
            else f"balanced accuracy {row.codes:.0%}, with permuted values {row.codes_chance:.0%}"
        )
        yield f"from the codes of unseen subjects ({what}, n = {row.subjects}, {p_text(row.codes_p)})"
    for name in ("constant", "episodic"):
        p = getattr(row, f"{name}_p")
        if pd.notna(p) and p <= ALPHA:
            share = getattr(row, name)
            yield (
                f"from the {name} deviation ({share:.0%} of its variance, n = {row.subjects}, {p_text(p)})"
            )


def readable_tables(result: Result) -> Mapping[str, pd.DataFrame]:
    """Give the tables of confounds with titles for names.

    Parameters
    ----------
    result : Result
        Of the analysis ``"confounds"``.

    Returns
    -------
    dict of str to DataFrame
        By their titles: what is read from codes, what goes together with scores, and the properties.
    """
    table = result.tables["confounds"]
    first = {"property": "property", "kind": "kind", "values": "values", "subjects": "n"}
    parts = {
        "From the codes of subjects that were left out": shown(
            table,
            first
            | {"codes": "balanced accuracy or correlation", "codes_chance": "mean with permuted values"}
            | {"codes_p": "p"},
        )
    }
    if table[["constant", "episodic"]].notna().any(axis=None):
        shares = table.assign(**{name: 100 * table[name] for name in ("constant", "episodic")})
        parts["From the scores"] = shown(
            shares,
            first
            | {"constant": "variance of the constant part (%)", "constant_p": "p of the constant part"}
            | {"episodic": "variance of the episodic part (%)", "episodic_p": "p of the episodic part"},
        )
    recordings = result.tables["confounds_recordings"]
    return parts | {"Properties of the recordings": recordings}
