"""Whether a property of recordings can be read from codes and scores of subjects that were not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.classify.classifier import balanced_accuracy
from napari_ubam.analysis.classify.ridge import class_evidence, ridge
from napari_ubam.analysis.classify.windows import Features, RecordingWindows, sampled

from .properties import Property

Floats = npt.NDArray[np.float64]
Values = npt.NDArray[Any]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class WithoutSubject:
    """Features of all recordings, fitted without one subject.

    Parameters
    ----------
    subject : str
    features : ndarray of float, shape (r, m)
        Mean over the windows of each recording.
    """

    subject: str
    features: Floats


@dataclass(frozen=True)
class Rows:
    """Values of a property, with one row for each subject and value.

    Parameters
    ----------
    subjects : ndarray of str, shape (n,)
    members : sequence of ndarray of int
        Recordings of each row.
    values : ndarray of int or float, shape (n, p)
        Values in the true order, then permuted: among subjects of the same level, or within subjects if these
        have several values.
    count : int
        Number of classes; 0 for numbers.
    within : bool
        Whether the values vary within subjects.
    """

    subjects: Values
    members: Sequence[npt.NDArray[np.int64]]
    values: Values
    count: int
    within: bool

    def mean(self, of_recordings: Floats) -> Floats:
        """Average values of recordings in each row; NaN is left out."""
        return np.stack([np.nanmean(of_recordings[own], axis=0) for own in self.members])


def without_each_subject(
    recordings: Sequence[RecordingWindows], seed: int, check: Callable[[], Any]
) -> list[WithoutSubject]:
    """Compute the features of recordings as often as there are subjects, each time without one of them.

    Parameters
    ----------
    recordings : sequence of RecordingWindows
    seed : int
        Of the landmarks.
    check : callable
        Called for each subject.

    Returns
    -------
    list of WithoutSubject
    """
    subjects = list(dict.fromkeys(one.subject for one in recordings))
    of_subjects = {name: sampled([one for one in recordings if one.subject == name]) for name in subjects}
    each = [sampled([one]) for one in recordings]
    found = []
    for subject in subjects:
        check()
        features = Features([of_subjects[name] for name in subjects if name != subject], seed)
        found.append(WithoutSubject(subject, np.stack([features(one).mean(0) for one in each])))
    return found


def rows_of(
    one: Property,
    recordings: Sequence[RecordingWindows],
    levels: Mapping[str, str],
    permutations: int,
    seed: int,
) -> Rows | None:
    """Give the rows of a property, and permute its values.

    Parameters
    ----------
    one : Property
    recordings : sequence of RecordingWindows
    levels : mapping of str to str
        What is compared, by subject. Values are permuted only among subjects with the same level, so that
        a property that goes together with the levels is not read through them.
    permutations : int
    seed : int

    Returns
    -------
    Rows or None
        None if fewer than two values have two subjects.
    """
    table = pd.DataFrame(
        [
            (number, recording.subject, one.values[recording.name])
            for number, recording in enumerate(recordings)
            if recording.name in one.values
        ],
        columns=["number", "subject", "value"],
    )
    table = _one_value_each(table, one.numeric)
    count = 0
    if not one.numeric:
        subjects = table.groupby("value")["subject"].nunique()
        names = sorted(subjects.index[subjects >= 2], key=str)
        table = table[table["value"].isin(names)]
        table = table.assign(value=table["value"].map({name: place for place, name in enumerate(names)}))
        count = len(names)
    groups = table.groupby(["subject", "value"], sort=False)["number"]
    if table["value"].nunique() < 2 or table["subject"].nunique() < 4:
        return None
    parts = list(groups)
    own = np.array([str(key[0]) for key, _ in parts])
    true = np.array([key[1] for key, _ in parts], float if one.numeric else np.int64)
    within = len(set(own)) < len(own)
    blocks = own if within else np.array([levels.get(subject, "") for subject in own])
    generator = np.random.default_rng(seed)
    columns = [true, *(_permuted(true, blocks, generator) for _ in range(permutations))]
    members = [part.to_numpy() for _, part in parts]
    return Rows(own, members, np.stack(columns, axis=1), count, within)


def _one_value_each(table: pd.DataFrame, numeric: bool) -> pd.DataFrame:
    """Let few subjects with several values not decide that all are compared within subjects.

    Numbers of a subject are averaged; subjects with several names are left out. If at least half of the
    subjects have several values, these are compared within subjects.
    """
    several = table.groupby("subject")["value"].nunique() > 1
    if several.mean() >= 0.5:
        return table
    if numeric:
        return table.assign(value=table.groupby("subject")["value"].transform("mean"))
    return table[~table["subject"].isin(several.index[several])]


def can_differ(rows: Rows) -> bool:
    """Tell whether the permutations change anything.

    Parameters
    ----------
    rows : Rows

    Returns
    -------
    bool
        False if the property goes wholly together with what is compared.
    """
    return bool((rows.values != rows.values[:, :1]).any())


def read_from_codes(rows: Rows, folds: Sequence[WithoutSubject]) -> Floats:
    """Predict a property of subjects that are left out, and compare it with the truth.

    The penalty is chosen by leaving out rows among the other subjects; this cannot favour the true order.

    Parameters
    ----------
    rows : Rows
    folds : sequence of WithoutSubject

    Returns
    -------
    ndarray of float, shape (p,)
        For each order of the values, the balanced accuracy, or for numbers the correlation of prediction and
        value.
    """
    predicted = np.zeros(rows.values.shape)
    for fold in folds:
        asked = rows.subjects == fold.subject
        if not asked.any():
            continue
        features = rows.mean(fold.features)
        known = rows.values[~asked]
        if rows.count:
            evidence = class_evidence(features[~asked], features[asked], known, rows.count)
            predicted[asked] = evidence.argmax(2)
        else:
            weights = np.ones_like(known)
            predicted[asked] = ridge(features[~asked], features[asked], known, weights)[1]
    if rows.count:
        return balanced_accuracy(predicted.astype(np.int64), rows.values, rows.count)
    return _correlation(rows, predicted, rows.values)


def read_from_scores(rows: Rows, scores: Floats) -> Floats:
    """Tell how much of a score goes together with a property.

    Parameters
    ----------
    rows : Rows
    scores : ndarray of float, shape (r,)
        Score of each recording.

    Returns
    -------
    ndarray of float, shape (p,)
        For each order of the values, the share of the variance between its values (eta squared), or for
        numbers the squared correlation.
    """
    own = rows.mean(scores[:, None])[:, 0]
    known = np.isfinite(own)
    own = np.where(known, own, np.nanmean(own))
    if rows.within:
        own = _of_subject(rows, own[:, None])[:, 0]
    if not rows.count:
        columns = np.broadcast_to(own[:, None], rows.values.shape)
        return _correlation(rows, columns, rows.values) ** 2
    whole = ((own - own.mean()) ** 2).sum()
    between = np.zeros(rows.values.shape[1])
    for number in range(rows.count):
        inside = rows.values == number
        size = inside.sum(0)
        between += size * ((inside * own[:, None]).sum(0) / size - own.mean()) ** 2
    return between / max(float(whole), _ROUNDING**2)


def p_of(statistic: Floats) -> float:
    """Share of the orders with a statistic at least as large as that of the true one, which is the first.

    Parameters
    ----------
    statistic : ndarray of float, shape (p,)

    Returns
    -------
    float
        NaN if the true one is not known.
    """
    if not np.isfinite(statistic[0]):
        return float("nan")
    return float(np.mean(statistic >= statistic[0] - _ROUNDING))


def _permuted(values: Values, blocks: Values, generator: np.random.Generator) -> Values:
    found = values.copy()
    for block in np.unique(blocks):
        inside = np.flatnonzero(blocks == block)
        found[inside] = values[generator.permutation(inside)]
    return found


def _correlation(rows: Rows, a: Floats, b: Floats) -> Floats:
    """Correlate columns; within subjects, if the values vary there."""
    a, b = (_of_subject(rows, one) if rows.within else one - one.mean(0) for one in (a, b))
    size = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    found: Floats = (a * b).sum(0) / np.maximum(size, _ROUNDING**2)
    return found


def _of_subject(rows: Rows, values: Floats) -> Floats:
    """Take the mean of each subject out of its rows."""
    found = values.astype(np.float64).copy()
    for subject in np.unique(rows.subjects):
        inside = rows.subjects == subject
        found[inside] -= found[inside].mean(0)
    return found
