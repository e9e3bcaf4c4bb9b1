"""Curves of groups over sessions: means with bands, and the decision for each session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import bootstrap

from .equivalence import equivalence, stretch_equivalence

Floats = npt.NDArray[np.float64]

MEASURES: dict[str, str] = {
    "change": "Similarity to the own baseline, minus that of the baseline",
    "change_reference": "Similarity to the reference, minus that at the baseline",
    "similarity_first": "Similarity to the first session after the baseline",
    "similarity": "Similarity to the own baseline",
    "overlap": "Overlap with the baseline along a linear discriminant",
}
"""Measures of a subject in a session, with their titles."""


def bands(
    values: pd.DataFrame,
    groups: Sequence[str],
    order: Sequence[str],
    *,
    resamples: int = 5000,
    seed: int = 0,
) -> pd.DataFrame:
    """Average each group in each session, with a band from a bootstrap over subjects.

    Parameters
    ----------
    values : DataFrame
        One row for each subject and session: ``subject, group, session``, and some of `MEASURES`.
    groups, order : sequence of str
        Groups, and sessions in their order.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``measure, group, session, n`` (subjects), ``mean, low, high``: the 95% percentile interval of the
        mean, NaN with fewer than three subjects.

    Raises
    ------
    ValueError
        If a subject has two rows in a session.
    """
    if len(twice := values[values.duplicated(["subject", "session"])]):
        raise ValueError(f"{twice['subject'].iloc[0]} has two rows in a session; the subject is the unit.")
    rows = []
    for measure in (one for one in MEASURES if one in values):
        for group in groups:
            for session in order:
                chosen = values[(values["group"] == group) & (values["session"] == session)]
                known = chosen[measure].dropna().to_numpy(float)
                if len(known):
                    low, high = _band(known, resamples, seed)
                    rows.append((measure, group, session, len(known), float(known.mean()), low, high))
    return pd.DataFrame(rows, columns=["measure", "group", "session", "n", "mean", "low", "high"])


def decisions(
    values: pd.DataFrame,
    groups: Sequence[str],
    order: Sequence[str],
    margin: float,
) -> pd.DataFrame:
    """Test each group in each session for equivalence to its baseline.

    Parameters
    ----------
    values : DataFrame
        Result of `session_table`.
    groups, order : sequence of str
    margin : float
        Largest change that counts as none.

    Returns
    -------
    DataFrame
        One row for each group and session after the baseline: ``group, session, n, change, low, high, margin,
        p, state``; see `Equivalence`.
    """
    rows = []
    later = values[~values["baseline"]]
    for group in groups:
        for session in order:
            chosen = later[(later["group"] == group) & (later["session"] == session)]
            if len(chosen):
                found = equivalence(chosen["change"].to_numpy(float), margin)
                rows.append({"group": group, "session": session, "margin": margin, **asdict(found)})
    columns = ["group", "session", "n", "change", "low", "high", "margin", "p", "state"]
    return pd.DataFrame(rows, columns=columns)


def recovered_from(table: pd.DataFrame, order: Sequence[str]) -> dict[str, str]:
    """Tell from which session on each group is equivalent to its baseline.

    Sessions are tested in a fixed sequence, from the last one back, until one is not equivalent. So the risk
    of a wrong statement for a group does not grow with the number of sessions.

    Parameters
    ----------
    table : DataFrame
        Result of `decisions`.
    order : sequence of str

    Returns
    -------
    dict of str to str
        Session by group; empty if the last session is not equivalent.
    """
    found: dict[str, str] = {}
    for group, rows in table.groupby("group", sort=False):
        found[str(group)] = ""
        states = dict(zip(rows["session"], rows["state"], strict=True))
        for session in reversed([one for one in order if one in states]):
            if states[session] != "recovered":
                break
            found[str(group)] = session
    return found


def describe_subjects(values: pd.DataFrame, stretches: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Add to each subject and session how its stretches of time lie to those of the baseline.

    Parameters
    ----------
    values : DataFrame
        Result of `session_table`.
    stretches : DataFrame
        ``stretches`` of `Similarities`.
    margin : float

    Returns
    -------
    DataFrame
        With ``low, high, state`` of `stretch_equivalence`; none for sessions of the baseline.
    """
    parts: dict[Any, Floats] = {
        key: part["similarity"].to_numpy(float) for key, part in stretches.groupby(["subject", "session"])
    }
    own: dict[Any, Floats] = {
        subject: part["similarity"].to_numpy(float)
        for subject, part in stretches[stretches["baseline"]].groupby("subject")
    }
    rows: list[tuple[float, float, str]] = []
    for row in values.itertuples():
        if row.baseline:
            rows.append((np.nan, np.nan, "baseline"))
            continue
        found = stretch_equivalence(own[row.subject], parts[row.subject, row.session], margin)
        rows.append((found.low, found.high, found.state))
    return values.assign(**dict(zip(("low", "high", "state"), zip(*rows, strict=True), strict=True)))


def _band(known: Floats, resamples: int, seed: int) -> tuple[float, float]:
    if len(known) < 3:
        return float("nan"), float("nan")
    if np.ptp(known) == 0:
        return float(known[0]), float(known[0])
    found = bootstrap(
        (known,),
        np.mean,
        n_resamples=resamples,
        vectorized=True,
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
