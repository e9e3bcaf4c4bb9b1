"""Tells the group of subjects from the codes of their windows, each subject unseen by what judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.analysis import AnalysisError
from napari_ubam.analysis.codes import Codes
from napari_ubam.kinds import Kind
from napari_ubam.study.values import counted, listed

from .labelings import Labelings, labelings
from .ridge import class_evidence
from .windows import Fold, RecordingWindows, leave_one_out, recording_windows

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """How subjects are classified.

    Parameters
    ----------
    kind : str
        ``"behaviour"``: codes of windows. ``"posture"``: codes of single frames.
    permutations : int
        Number of labelings that are counted. If there are more, this many are drawn at random.
    seed : int
    """

    kind: Kind = "behaviour"
    permutations: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Classified:
    """Subjects that were classified, each by a classifier that never saw it.

    Parameters
    ----------
    levels : tuple of str
        Groups, in order.
    subjects : DataFrame
        One row for each subject: ``subject, level, decided, correct, evidence, windows`` (number) and
        ``windows_correct`` (share). The evidence is that for its own group against the strongest other: 1 is
        the mean of the known subjects of its group, and below 0 it is taken for another.
    accuracy, low, high : float
        Share of subjects that are classified correctly, the mean over groups, and its 95% interval.
    chance : float
        Mean accuracy with permuted groups.
    p : float
        Share of the labelings with an accuracy at least as high.
    labelings : Labelings
        What was permuted.
    accuracies : ndarray of float, shape (p,)
        Accuracy with each labeling; the first is the true one.
    windows : mapping of str to ndarray of float, shape (n, c)
        For each recording and each of its windows, the evidence for each group.
    recordings : sequence of RecordingWindows
        The windows, with their rows.
    """

    levels: tuple[str, ...]
    subjects: pd.DataFrame
    accuracy: float
    low: float
    high: float
    chance: float
    p: float
    labelings: Labelings
    accuracies: Floats
    windows: Mapping[str, Floats]
    recordings: Sequence[RecordingWindows] = field(default=())


def classify_subjects(
    codes: Sequence[Codes],
    groups: Mapping[str, str],
    settings: Settings | None = None,
    *,
    levels: Sequence[str] = (),
    check: Callable[[], Any] = lambda: None,
) -> Classified:
    """Tell the group of each subject from the codes of its windows.

    Each subject is left out with all its recordings. All that is fitted, such as principal components, the
    penalty and the threshold, is fitted on the other subjects. For the permutation test, groups are permuted
    among subjects, and all that depends on them is done again.

    Parameters
    ----------
    codes : sequence of Codes
        Codes of the recordings. Subjects are told apart by ``Codes.subject``.
    groups : mapping of str to str
        Group of each subject. Others are left out.
    settings : Settings, optional
    levels : sequence of str
        Groups in the order to use; by the alphabet if left out.
    check : callable
        Called before each fold and each block of labelings; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    Classified

    Raises
    ------
    AnalysisError
        If there are fewer than two groups, or a group has fewer than two subjects with a window.
    """
    settings = settings or Settings()
    known = recording_windows([one for one in codes if one.subject in groups], settings.kind)
    names = tuple(levels) or tuple(sorted(set(groups.values())))
    subjects = list(dict.fromkeys(one.subject for one in known))
    true = [names.index(groups[subject]) for subject in subjects]
    _check_groups(true, names)
    permuted = labelings(true, settings.permutations, settings.seed)
    folds = leave_one_out(known, settings.seed, check)
    evidence = evidence_of(folds, permuted.labels, len(names), check)
    accuracies = balanced_accuracy(evidence.argmax(2), permuted.labels, len(names))
    windows = _window_evidence(folds, known, permuted.labels[:, :1], len(names))
    table = _table(subjects, names, permuted.labels[:, 0], evidence[:, 0], known, windows)
    low, high = accuracy_interval(table)
    return Classified(
        names,
        table,
        float(accuracies[0]),
        low,
        high,
        float(accuracies.mean()),
        permuted.p(accuracies),
        permuted,
        accuracies,
        windows,
        known,
    )


def evidence_of(
    folds: Sequence[Fold], labels: Integers, count: int, check: Callable[[], Any] = lambda: None
) -> Floats:
    """Evidence for each group, for many labelings of the subjects.

    Parameters
    ----------
    folds : sequence of Fold
        One for each of n subjects.
    labels : ndarray of int, shape (n, p)
        Group of each subject in each labeling.
    count : int
        Number of groups.
    check : callable
        Called before each fold.

    Returns
    -------
    ndarray of float, shape (n, p, count)
    """
    found = np.empty((*labels.shape, count))
    for number, fold in enumerate(folds):
        check()
        found[number] = class_evidence(fold.others, fold.own, np.delete(labels, number, axis=0), count)[0]
    return found


def balanced_accuracy(decided: Integers, labels: Integers, count: int) -> Floats:
    """Share of correct decisions in each group, averaged over groups.

    Parameters
    ----------
    decided, labels : ndarray of int, shape (n, p)
        Decision and truth of each subject in each labeling.
    count : int
        Number of groups.

    Returns
    -------
    ndarray of float, shape (p,)
    """
    inside = labels[None] == np.arange(count)[:, None, None]
    right = (inside & (decided == labels)[None]).sum(1) / inside.sum(1)
    shares: Floats = right.mean(0)
    return shares


def accuracy_interval(subjects: pd.DataFrame) -> tuple[float, float]:
    """95% interval of the balanced accuracy.

    Wilson's intervals of the groups are combined by the distances from their shares (Zou and Donner, Stat.
    Med. 27, 1693, 2008). Classifiers of different subjects share most of their data, so it is approximate.

    Parameters
    ----------
    subjects : DataFrame
        One row for each subject: ``level`` and ``correct``.

    Returns
    -------
    low, high : float
    """
    from statsmodels.stats.proportion import proportion_confint  # it takes a second to load

    each = subjects.groupby("level")["correct"].agg(["sum", "size"])
    share = (each["sum"] / each["size"]).to_numpy(float)
    low, high = proportion_confint(each["sum"].to_numpy(), each["size"].to_numpy(), method="wilson")
    below, above = (np.sqrt(((share - one) ** 2).sum()) / len(share) for one in (low, high))
    return max(float(share.mean() - below), 0.0), min(float(share.mean() + above), 1.0)


def margin(evidence: Floats, own: int) -> Floats:
    """Evidence for a group against the strongest other one.

    Parameters
    ----------
    evidence : ndarray of float, shape (n, c)
    own : int
        Number of the group.

    Returns
    -------
    ndarray of float, shape (n,)
        With two groups, the evidence for this one.
    """
    others = np.delete(evidence, own, axis=1)
    found: Floats = (evidence[:, own] - others.max(1)) / 2
    return found


def _check_groups(true: Sequence[int], names: Sequence[str]) -> None:
    counts = np.bincount(np.asarray(true, np.int64), minlength=len(names))
    if len(names) < 2:
        raise AnalysisError(
            f"There is only one group ({listed(names)}), so nothing can be told apart; choose another "
            "column, or more recordings."
        )
    for name, count in zip(names, counts, strict=True):
        if count < 2:
            raise AnalysisError(
                f"{name} has {counted(int(count), 'subject')} with a window, and one subject is no group: "
                "when it is left out, nothing is known of the group; add subjects, or leave it out."
            )


def _window_evidence(
    folds: Sequence[Fold], known: Sequence[RecordingWindows], labels: Integers, count: int
) -> dict[str, Floats]:
    """Judge every window of a subject by the classifier that never saw this subject."""
    found = {}
    for number, fold in enumerate(folds):
        others = np.delete(labels, number, axis=0)
        for one in known:
            if one.subject == fold.subject:
                asked = fold.features(one.codes)
                found[one.name] = class_evidence(fold.others, asked, others, count)[:, 0]
    return found


def _table(
    subjects: Sequence[str],
    names: Sequence[str],
    labels: Integers,
    evidence: Floats,
    known: Sequence[RecordingWindows],
    windows: Mapping[str, Floats],
) -> pd.DataFrame:
    rows = []
    for number, subject in enumerate(subjects):
        own, decided = int(labels[number]), int(evidence[number].argmax())
        each = np.concatenate([windows[one.name] for one in known if one.subject == subject])
        rows.append(
            {
                "subject": subject,
                "level": names[own],
                "decided": names[decided],
                "correct": own == decided,
                "evidence": float(margin(evidence[number][None], own)[0]),
                "windows": len(each),
                "windows_correct": float((each.argmax(1) == own).mean()),
            }
        )
    return pd.DataFrame(rows)
