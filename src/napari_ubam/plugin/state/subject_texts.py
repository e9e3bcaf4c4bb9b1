"""Words about the subjects of a scoring."""

from __future__ import annotations

from typing import Any

import pandas as pd

from napari_ubam.kinds import PARTS
from napari_ubam.study.values import counted

from .contents import Results


def part_text(one: Any, part: str) -> str:
    """Write a part of a subject's deviation, and its p in brackets, in few characters.

    Parameters
    ----------
    one : row of the table of subjects
    part : str
        ``"episodic"`` or ``"constant"``.

    Returns
    -------
    str
        Empty if there is no score.
    """
    value, p = getattr(one, part), getattr(one, f"{part}_p")
    if pd.isna(value):
        return ""
    number = f"{value:.3f}" if part == "episodic" else f"{value:.2f}"
    if pd.isna(p):
        return number
    short = f"{p:.2f}" if p >= 0.095 else f"{p:.3f}"
    return f"{number} ({short.removeprefix('0')})"


def subject_tip(one: Any) -> str:
    """Say more about a subject: percentile, p and q of both parts.

    Parameters
    ----------
    one : row of the table of subjects

    Returns
    -------
    str
        Three lines.
    """
    lines = [f"{one.subject}, {one.group}, session {one.session}"]
    for part in PARTS:
        value, rank, p, q = (getattr(one, f"{part}{end}") for end in ("", "_percentile", "_p", "_q"))
        if pd.isna(p):  # it has no scores, or it is the baseline that others are compared with
            lines.append(f"{part}: no score" if pd.isna(value) else f"{part} {value:.4f}")
            continue
        adjusted = "" if pd.isna(q) else f", q = {q:.3f}"
        lines.append(f"{part} {value:.4f}: above {rank:.0f}% of the reference, p = {p:.3f}{adjusted}")
    return "\n".join(lines)


def subjects_note(results: Results) -> str:
    """Summarise the groups, the numbers of subjects, and the smallest possible p.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        A line for each group, and one about p.
    """
    from napari_ubam.analysis import SIGNIFICANT, group_table

    lines, table = [], results.subjects
    for one in group_table(table).to_dict("records"):
        name, many = str(one["group"] or "no group"), counted(one["subjects"], "subject")
        medians = [f"median {part} {one[part]:.3g}" for part in PARTS]
        if one["reference"]:
            lines.append(f"* {name}, reference: {many}, {', '.join(medians)}")
        elif results.within:
            lines.append(f"{name}: {many}, {', '.join(medians)}")
        else:
            counts = (one["episodic_significant"], one["constant_significant"])
            both = ", ".join(
                f"{text} ({count} with q < {SIGNIFICANT})"
                for text, count in zip(medians, counts, strict=True)
            )
            lines.append(f"{name}: {many}, {both}")
    lines.append(_about_p(table, bool(results.within)))
    return "\n".join(lines)


def _about_p(table: pd.DataFrame, within: bool) -> str:
    is_reference = table["reference"].astype(bool)
    is_other = ~is_reference & (table["n_reference"] > 0)  # without a baseline, it is compared with nothing
    reference, others = (table.loc[rows, "subject"].nunique() for rows in (is_reference, is_other))
    smallest = f"The smallest possible p is {table['smallest_p'].min():.3f}"
    if within:
        return (
            f"{counted(others, 'subject')}, each compared with stretches of its own reference recordings. "
            f"{smallest}: p is a rank among these stretches, no test, since they are not independent."
        )
    return (
        f"{counted(others, 'subject')}, compared with {counted(reference, 'reference subject')}. "
        f"{smallest}; more reference subjects make it smaller. "
        "q is p corrected for multiple tests (Benjamini-Hochberg)."
    )
