"""Subjects compared with the reference subjects. The statistical unit is the animal or patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .calibration import Calibration
from .scores import DeviationResult, Scores, pooled

Statistic = Callable[[Scores, Mapping[str, Calibration]], float]

LINE = 95.0  # percentile above which a frame counts as deviant
SIGNIFICANT = 0.05  # q below which a subject counts as different from the reference


def mean_behaviour_deviation(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Average the behaviour deviation of all valid frames.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session, concatenated.
    calibration : mapping of str to Calibration
        Not used.

    Returns
    -------
    float
    """
    return float(np.nanmean(scores.behaviour_deviation))


def mean_posture_deviation(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Average the posture deviation of all valid frames.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session, concatenated.
    calibration : mapping of str to Calibration
        Not used.

    Returns
    -------
    float
    """
    return float(np.nanmean(scores.posture_deviation))


def mean_excess(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Average how far the behaviour deviation exceeds the 95th percentile of the reference.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session, concatenated.
    calibration : mapping of str to Calibration
        Gives the deviation at the 95th percentile.

    Returns
    -------
    float
        Mean over all valid frames, in units of cosine distance. Frames below the percentile count 0.
    """
    excess = scores.behaviour_deviation - calibration["behaviour"].deviation(LINE)
    return float(np.nanmean(np.clip(excess, 0, None)))


def share_over_line(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Compute the share of valid frames whose behaviour is above the 95th percentile.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session, concatenated.
    calibration : mapping of str to Calibration
        Not used.

    Returns
    -------
    float
        0 to 1.
    """
    percentile = scores.behaviour_percentile
    return float(np.mean(percentile[np.isfinite(percentile)] > LINE))


STATISTICS: dict[str, Statistic] = {
    statistic.__name__: statistic
    for statistic in (mean_behaviour_deviation, mean_posture_deviation, mean_excess, share_over_line)
}
"""Statistics that summarise the deviation of a subject, by name."""


def subject_table(result: DeviationResult, statistic: Statistic = mean_behaviour_deviation) -> pd.DataFrame:
    """Compare each subject with the reference subjects.

    A reference subject has one row for all its reference recordings, each scored against the other reference
    subjects. Other recordings have one row for each subject and session.

    p = (1 + number of reference subjects that deviate at least as much) / (n + 1), where n is the number of
    reference subjects other than the subject itself. This p is valid under the null hypothesis that all n + 1
    subjects come from the same population. It cannot be less than 1 / (n + 1). q is p adjusted for the number
    of rows outside the reference (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 1995).

    Parameters
    ----------
    result : DeviationResult
        Scores.
    statistic : callable
        Computes the deviation of a subject from its concatenated ``Scores`` and the calibration: one of
        ``STATISTICS`` or your own.

    Returns
    -------
    DataFrame
        Columns ``subject, group, session, deviation, p, q, n_reference, smallest_p, reference``. q is NaN for
        the reference. deviation, p and q are NaN where no frame is valid.
    """
    rows = [_row(scores, statistic, result.calibration) for scores in _joined(result)]
    own = {row.subject: row.deviation for row in rows if row.reference and np.isfinite(row.deviation)}
    table = pd.DataFrame([vars(row) | _rank(row, own) for row in rows])
    asked = ~table["reference"] & table["p"].notna()
    table["q"] = np.nan
    if asked.any():
        from scipy.stats import false_discovery_control  # takes a second to load

        table.loc[asked, "q"] = false_discovery_control(table.loc[asked, "p"])
    return table[_COLUMNS]


def group_table(subjects: pd.DataFrame) -> pd.DataFrame:
    """Summarise each group of subjects.

    A subject with several sessions counts once, with its mean deviation and its smallest q.

    Parameters
    ----------
    subjects : DataFrame
        Result of `subject_table`.

    Returns
    -------
    DataFrame
        One row for each group, the reference last. Columns ``reference`` (bool), ``group`` (empty for
        subjects without one), ``subjects`` (their number), ``deviation`` (median over subjects) and
        ``significant`` (number of subjects with q below 0.05).
    """
    rows = subjects.assign(reference=subjects["reference"].astype(bool), group=subjects["group"].fillna(""))
    each = rows.groupby(["reference", "group", "subject"], dropna=False).agg(
        deviation=("deviation", "mean"), q=("q", "min")
    )
    found = each.groupby(level=["reference", "group"]).agg(
        subjects=("deviation", "size"),
        deviation=("deviation", "median"),
        significant=("q", lambda q: int((q < SIGNIFICANT).sum())),
    )
    return found.reset_index()


_COLUMNS = ["subject", "group", "session", "deviation", "p", "q", "n_reference", "smallest_p", "reference"]


@dataclass
class _Row:
    subject: str
    group: str
    session: str
    deviation: float
    reference: bool


def _joined(result: DeviationResult) -> list[Scores]:
    """Scores behind each row of the table."""
    parts: dict[tuple[str, ...], list[Scores]] = {}
    for one in result.recordings:
        key = ("reference", one.subject) if one.reference else ("", one.subject, one.group, one.session)
        parts.setdefault(key, []).append(one)
    return [pooled(scores) for scores in parts.values()]


def _row(scores: Scores, statistic: Statistic, calibration: Mapping[str, Calibration]) -> _Row:
    empty = not np.isfinite(scores.behaviour_deviation).any()
    deviation = np.nan if empty else statistic(scores, calibration)
    return _Row(scores.subject, scores.group, scores.session, deviation, scores.reference)


def _rank(row: _Row, reference: Mapping[str, float]) -> dict[str, float]:
    others = [value for subject, value in reference.items() if subject != row.subject]
    above = sum(value >= row.deviation for value in others)
    least = 1 / (len(others) + 1)
    p = (1 + above) * least if np.isfinite(row.deviation) else np.nan
    return {"p": p, "n_reference": len(others), "smallest_p": least}
