"""Subjects compared with the reference subjects. The statistical unit is the animal or patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import false_discovery_control

from napari_ubam.kinds import PARTS

from .baseline import constant_part, rank_among
from .calibration import Calibration
from .scores import DeviationResult, Scores, pooled, selected

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
    return _mean_above(scores.behaviour_deviation, calibration["behaviour"])


def episodic_excess(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Average how far the episodic part exceeds the 95th percentile of the reference.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session, concatenated.
    calibration : mapping of str to Calibration
        Gives the episodic part at the 95th percentile.

    Returns
    -------
    float
        Mean over all valid frames, in units of cosine distance. Frames below the percentile count 0.
    """
    return _mean_above(scores.episodic, calibration["episodic"])


def mean_constant(scores: Scores, calibration: Mapping[str, Calibration]) -> float:
    """Average the constant part of the behaviour deviation.

    Parameters
    ----------
    scores : Scores
        All recordings of a subject and session, concatenated.
    calibration : mapping of str to Calibration
        Not used.

    Returns
    -------
    float
        Mean over all valid frames, in units of cosine distance.
    """
    return float(np.nanmean(scores.constant))


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
    for statistic in (
        mean_behaviour_deviation,
        mean_posture_deviation,
        mean_excess,
        episodic_excess,
        mean_constant,
        share_over_line,
    )
}
"""Statistics that summarise the deviation of a subject, by name."""


def subject_table(result: DeviationResult, statistic: Statistic = mean_behaviour_deviation) -> pd.DataFrame:
    """Compare each subject with the reference subjects.

    A reference subject has one row for all its reference recordings, each scored against the other reference
    subjects. Other recordings have one row for each subject and session.

    Three numbers are compared: ``deviation``, the statistic that is asked for; ``constant``, what the subject
    always has; and ``episodic``, how far it rises above that. Each has its p and q.

    p = (1 + number of reference subjects with at least this value) / (n + 1), where n is the number of
    reference subjects other than the subject itself. This p is valid under the null hypothesis that all n + 1
    subjects come from the same population. It cannot be less than 1 / (n + 1). q is p adjusted for the number
    of rows outside the reference (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 1995).

    If each subject is compared with its own baseline, n is the number of stretches of the baseline. These are
    not independent, so p is then a rank and no test; with ten stretches it is at least 1 / 11.

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
        Columns ``subject, group, session, deviation, p, q, n_reference, smallest_p, reference, constant,
        constant_percentile, constant_p, constant_q, episodic, episodic_percentile, episodic_p, episodic_q``.
        A percentile is the percentage of the other reference subjects with a smaller value. q is NaN for the
        reference. All of them are NaN where no frame is valid.
    """
    statistics = {"deviation": statistic, "constant": mean_constant, "episodic": episodic_excess}
    table = pd.DataFrame([_row(names, result, statistics) for names in _joined(result)])
    for name, of in statistics.items():
        prefix = "" if name == "deviation" else f"{name}_"
        ranks = pd.DataFrame([_rank(row, table, name, result, of) for row in table.index], index=table.index)
        table[f"{prefix}percentile"], table[f"{prefix}p"] = ranks["percentile"], ranks["p"]
        table[f"{prefix}q"] = _adjusted(table[f"{prefix}p"], table["reference"])
        table["n_reference"], table["smallest_p"] = ranks["n_reference"], ranks["smallest_p"]
    return table[_COLUMNS]


def group_table(subjects: pd.DataFrame) -> pd.DataFrame:
    """Summarise each group of subjects.

    A subject with several sessions counts once, with its mean values and its smallest q.

    Parameters
    ----------
    subjects : DataFrame
        Result of `subject_table`.

    Returns
    -------
    DataFrame
        One row for each group, the reference last. Columns ``reference`` (bool), ``group`` (empty for
        subjects without one), ``subjects`` (their number), ``deviation``, ``constant`` and ``episodic``
        (medians over subjects), and ``significant``, ``constant_significant`` and ``episodic_significant``
        (number of subjects with q below 0.05).
    """
    rows = subjects.assign(reference=subjects["reference"].astype(bool), group=subjects["group"].fillna(""))
    values = {"deviation": "q", "constant": "constant_q", "episodic": "episodic_q"}
    each = rows.groupby(["reference", "group", "subject"], dropna=False).agg(
        dict.fromkeys(values, "mean") | dict.fromkeys(values.values(), "min")
    )
    groups = each.groupby(level=["reference", "group"])
    found = groups.agg(dict.fromkeys(values, "median"))
    found.insert(0, "subjects", groups.size())
    for q in values.values():
        found[q.replace("q", "significant")] = groups[q].agg(lambda one: int((one < SIGNIFICANT).sum()))
    return found.reset_index()


_PARTS = [f"{part}{end}" for part in PARTS[::-1] for end in ("", "_percentile", "_p", "_q")]
_LABELS = ["subject", "group", "session"]
_COLUMNS = [*_LABELS, "deviation", "p", "q", "n_reference", "smallest_p", "reference", *_PARTS]


def _mean_above(values: npt.NDArray[np.float32], calibration: Calibration) -> float:
    """Average how far values exceed the line; those below it count 0."""
    return float(np.nanmean(np.clip(values - calibration.deviation(LINE), 0, None)))


def _joined(result: DeviationResult) -> list[list[str]]:
    """Names of the recordings behind each row of the table."""
    parts: dict[tuple[str, ...], list[str]] = {}
    for one in result.labels:
        key = ("reference", one.subject) if one.reference else ("", one.subject, one.group, one.session)
        parts.setdefault(key, []).append(one.name)
    return list(parts.values())


def _row(
    names: list[str], result: DeviationResult, statistics: Mapping[str, Statistic]
) -> dict[str, str | bool | float]:
    """Labels and values of a row: frames of one subject are in memory at a time."""
    scores = pooled([result[name] for name in names])
    calibration = result.calibration_of(scores.subject)
    values = {name: _value(scores, of, calibration) for name, of in statistics.items()}
    return {**{name: getattr(scores, name) for name in _LABELS}, "reference": scores.reference, **values}


def _value(scores: Scores, statistic: Statistic, calibration: Mapping[str, Calibration]) -> float:
    empty = not np.isfinite(scores.behaviour_deviation).any()
    return float("nan") if empty else statistic(scores, calibration)


def _rank(
    row: int, table: pd.DataFrame, name: str, result: DeviationResult, statistic: Statistic
) -> dict[str, float]:
    """Compare a value with those of the other reference subjects, or with stretches of the own baseline."""
    value, subject = float(table[name][row]), str(table["subject"][row])
    if result.within_subjects:
        others = _of_stretches(result, subject, statistic)
        value = float("nan") if table["reference"][row] else value  # it is what the others are
    else:
        is_other = table["reference"] & (table["subject"] != subject) & table[name].notna()
        others = table.loc[is_other, name].to_numpy(float)
    least = 1 / (len(others) + 1)
    p = (1 + int((others >= value).sum())) * least if np.isfinite(value) else np.nan
    return {"percentile": rank_among(value, others), "p": p, "n_reference": len(others), "smallest_p": least}


def _of_stretches(result: DeviationResult, subject: str, statistic: Statistic) -> npt.NDArray[np.float64]:
    """Statistic of each stretch of a subject's baseline, compared with the other stretches."""
    names = [one.name for one in result.labels if one.subject == subject and one.name in result.stretches]
    own = [result[name] for name in names]
    if not own:
        return np.empty(0)
    stretch, whole = np.concatenate([result.stretches[one.name] for one in own]), pooled(own)
    values = [
        _value(_as_one(selected(whole, stretch == number)), statistic, result.calibration_of(subject))
        for number in np.unique(stretch)
    ]
    return np.array([value for value in values if np.isfinite(value)])


def _as_one(scores: Scores) -> Scores:
    """Give a stretch its own constant part, as a recording has it."""
    constant = np.float32(constant_part(scores.behaviour_deviation))
    return replace(
        scores,
        constant=np.where(np.isfinite(scores.constant), constant, np.nan),
        episodic=scores.behaviour_deviation - constant,
    )


def _adjusted(p: pd.Series, is_reference: pd.Series) -> pd.Series:
    """Adjust p for the number of rows outside the reference; NaN for the others."""
    asked = ~is_reference & p.notna()
    q = pd.Series(np.nan, p.index)
    if asked.any():
        q[asked] = false_discovery_control(p[asked])
    return q
