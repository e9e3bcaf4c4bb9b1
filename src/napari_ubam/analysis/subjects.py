"""Whole subjects against the reference subjects: the unit of statistics is the animal or patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from .calibration import Calibration
from .deviation import DeviationResult
from .scores import Scores, pooled

Statistic = Callable[[Scores, Mapping[str, Calibration]], float]

LINE = 95.0  # percentile over which a frame counts as deviant


def mean_behaviour_deviation(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Mean behaviour deviation of all valid frames.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session joined.
    calibration : mapping of str to Calibration
        Not used.
    """
    return float(np.nanmean(scores.behaviour_deviation))


def mean_posture_deviation(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Mean posture deviation of all valid frames.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session joined.
    calibration : mapping of str to Calibration
        Not used.
    """
    return float(np.nanmean(scores.posture_deviation))


def mean_excess(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Mean of what the behaviour deviation exceeds the reference's 95th percentile by, 0 below it.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session joined.
    calibration : mapping of str to Calibration
        Tells the deviation at the 95th percentile.
    """
    excess = scores.behaviour_deviation - calibration["behaviour"].deviation(LINE)
    return float(np.nanmean(np.clip(excess, 0, None)))


def share_over_line(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Share of valid frames whose behaviour is over the 95th percentile, 0 to 1.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session joined.
    calibration : mapping of str to Calibration
        Not used.
    """
    percentile = scores.behaviour_percentile
    return float(np.mean(percentile[np.isfinite(percentile)] > LINE))


STATISTICS: dict[str, Statistic] = {
    statistic.__name__: statistic
    for statistic in (mean_behaviour_deviation, mean_posture_deviation, mean_excess, share_over_line)
}
"""What a subject's deviation may be, by name."""


def subject_table(result: DeviationResult, statistic: Statistic = mean_behaviour_deviation) -> pd.DataFrame:
    """Compare each subject with the reference subjects.

    A reference subject has one row over all its reference recordings, each scored against the other reference
    subjects. Any other recordings have one row a subject and session. Then
    p = (1 + number of reference subjects that deviate at least as much) / (n + 1), where n reference subjects
    are others than the subject itself: under the null hypothesis that all n + 1 subjects are drawn alike,
    such a p-value is valid, and it cannot be less than 1 / (n + 1). q is adjusted by Benjamini and Hochberg
    (J. R. Stat. Soc. B 57, 1995) over the rows that are not reference.

    Parameters
    ----------
    result : DeviationResult
        Scores.
    statistic : callable
        Deviation of a subject from its joined ``Scores`` and the calibration; one of ``STATISTICS`` or alike.

    Returns
    -------
    DataFrame
        Columns ``subject, group, session, deviation, p, q, n_reference, smallest_p, reference``. q is NaN
        for the reference; deviation, p and q are where no frame is valid.
    """
    rows = [_row(scores, statistic, result.calibration) for scores in _joined(result)]
    own = {row.subject: row.deviation for row in rows if row.reference and np.isfinite(row.deviation)}
    table = pd.DataFrame([vars(row) | _rank(row, own) for row in rows])
    asked = ~table["reference"] & table["p"].notna()
    table["q"] = np.nan
    if asked.any():
        table.loc[asked, "q"] = false_discovery_control(table.loc[asked, "p"])
    return table[_COLUMNS]


_COLUMNS = ["subject", "group", "session", "deviation", "p", "q", "n_reference", "smallest_p", "reference"]


@dataclass
class _Row:
    subject: str
    group: str
    session: str
    deviation: float
    reference: bool


def _joined(result: DeviationResult) -> list[Scores]:
    """Scores of each row of the table."""
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
