"""How far every frame is from the reference, in distances and in percentiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent

from .calibration import Calibration, mean_distance, mean_leaving_out
from .codes import Codes, DeviationError
from .neighbours import neighbours
from .reference import Reference, choose
from .scores import Scores

REFERENCE_FRAMES = 20_000
KINDS = ("posture", "behaviour")

Deviations = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class DeviationResult:
    """Scores of all recordings.

    Parameters
    ----------
    recordings : tuple of Scores
        In the order of the codes.
    calibration : mapping of str to Calibration
        Distribution that the percentiles refer to, for ``"posture"`` and ``"behaviour"``.
    reference_subjects : tuple of str
        Subjects that define normal.
    reference_counts : mapping of str to int
        Frames that were compared with, by subject.
    warnings : tuple of str
        What the user should know, one sentence each.
    """

    recordings: tuple[Scores, ...]
    calibration: Mapping[str, Calibration]
    reference_subjects: tuple[str, ...]
    reference_counts: Mapping[str, int]
    warnings: tuple[str, ...] = field(default=())

    def __getitem__(self, name: str) -> Scores:
        """Scores of a recording by its name."""
        for scores in self.recordings:
            if scores.name == name:
                return scores
        raise KeyError(name)


def deviation(
    codes: Sequence[Codes],
    reference: Sequence[str],
    *,
    k: int = 10,
    per_subject: int = 2,
    reference_frames: int = REFERENCE_FRAMES,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> DeviationResult:
    """Score every frame against the reference subjects.

    The deviation of a frame is its mean cosine distance to the ``k`` nearest reference frames, at most
    ``per_subject`` from one subject and none from its own. Its percentile is the rank of that value among the
    reference frames, each scored against the reference subjects other than its own, where all reference
    subjects weigh the same. A subject that is not in the reference is scored as the mean over leaving out
    each reference subject in turn, so that it is compared with as many subjects as a reference frame.

    Of one reference subject alone, ten blocks of time take the place of the subjects; the frames within
    two seconds of an edge of a block are then no reference. Other recordings of this subject are compared
    with it too, since there is nothing else.

    Parameters
    ----------
    codes : sequence of Codes
        Recordings to be scored, those of the reference among them.
    reference : sequence of str
        Names of the recordings that define normal.
    k : int
        Neighbours counted. With few subjects there are fewer: ``per_subject`` from each.
    per_subject : int
        Neighbours at most from one reference subject.
    reference_frames : int
        Frames at most from one reference subject, spread evenly over its valid frames.
    progress : callable, optional
        Gets :class:`~napari_ubam.progress.Progress` events of the stage ``"score"``.
    cancel : object with ``is_set()``, optional
        Asks the work to stop.

    Returns
    -------
    DeviationResult
        Scores of all recordings, NaN in frames that are not valid, and warnings.

    Raises
    ------
    DeviationError
        Where the reference is empty or unknown, or recordings do not fit together.
    Cancelled
        When ``cancel`` is set.
    """
    _check(codes, reference)
    if min(k, per_subject, reference_frames) < 1:
        raise DeviationError("k, per_subject and reference_frames must be at least 1; give larger numbers.")
    chosen = choose(codes, reference, reference_frames)
    steps = _Steps(progress or silent, 2 * sum(int(one.valid.sum()) for one in codes))
    found: dict[str, Deviations] = {}
    for one in codes:
        found[one.name] = {
            kind: _deviations(one, kind, chosen, k, per_subject, steps.of(one), cancel) for kind in KINDS
        }
    calibration = _calibrations(codes, set(reference), chosen, found)
    return DeviationResult(
        tuple(_scores(one, one.name in set(reference), found[one.name], calibration) for one in codes),
        calibration,
        chosen.subjects,
        chosen.counts,
        tuple(_warnings(codes, reference, chosen.subjects)),
    )


def score_table(result: DeviationResult) -> pd.DataFrame:
    """Put the scores of all recordings into one table, one row a frame.

    Parameters
    ----------
    result : DeviationResult
        Scores.

    Returns
    -------
    DataFrame
        Columns ``recording, frame, time`` (seconds)``, posture_deviation, behaviour_deviation,
        posture_percentile, behaviour_percentile``.
    """
    tables = [
        pd.DataFrame({"recording": one.name, "frame": one.frames, "time": one.times, **one.columns()})
        for one in result.recordings
    ]
    return pd.concat(tables, ignore_index=True)


def _deviations(
    one: Codes,
    kind: str,
    reference: Reference,
    k: int,
    per_subject: int,
    progress: ProgressCallback,
    cancel: Cancel | None,
) -> npt.NDArray[np.float32]:
    """Deviation (t,) of every frame of a recording, NaN where it is not valid."""
    result = np.full(len(one), np.nan, np.float32)
    own = reference.own.get(one.name)
    nearest = neighbours(
        getattr(one, kind)[one.valid],
        getattr(reference, kind),
        k=k + per_subject,  # enough, whichever subject is left out
        query_subjects=None if own is None else own[one.valid],
        reference_subjects=reference.unit,
        per_subject=per_subject,
        progress=progress,
        cancel=cancel,
    )
    if own is None:
        units = np.where(nearest.index < 0, -1, reference.unit[nearest.index])
        result[one.valid] = mean_leaving_out(nearest.distance, units, reference.units, k)
    else:
        result[one.valid] = mean_distance(nearest.distance, k)
    return result


def _calibrations(
    codes: Sequence[Codes], names: set[str], reference: Reference, found: Mapping[str, Deviations]
) -> dict[str, Calibration]:
    def of(kind: str, subject: str) -> npt.NDArray[Any]:
        own = [found[one.name][kind] for one in codes if one.name in names and one.subject == subject]
        return np.concatenate(own)

    return {kind: Calibration.of([of(kind, subject) for subject in reference.subjects]) for kind in KINDS}


def _scores(
    one: Codes, is_reference: bool, found: Deviations, calibration: Mapping[str, Calibration]
) -> Scores:
    return Scores(
        one.name,
        one.subject,
        one.group,
        one.session,
        is_reference,
        one.frames,
        one.times,
        found["posture"],
        found["behaviour"],
        calibration["posture"].percentile(found["posture"]),
        calibration["behaviour"].percentile(found["behaviour"]),
    )


class _Steps:
    """Steps of all searches as steps of one stage."""

    def __init__(self, progress: ProgressCallback, frames: int) -> None:
        self._progress, self._frames = progress, frames
        self._before, self._begin = 0, time.monotonic()

    def of(self, one: Codes) -> Callable[[Progress], None]:
        """Take events of the next search in this recording."""
        length = int(one.valid.sum())

        def report(event: Progress) -> None:
            done = self._before + event.share * length
            eta = (time.monotonic() - self._begin) * (self._frames / done - 1) if done else None
            self._progress(Progress("score", int(done), self._frames, detail=one.name, eta=eta))
            if event.step == event.of:
                self._before += length

        return report


def _check(codes: Sequence[Codes], reference: Sequence[str]) -> None:
    names = [one.name for one in codes]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise DeviationError(f"Two recordings are named {twice[0]}; give each its own name.")
    if not reference:
        raise DeviationError(
            "The reference has no recording; choose at least three subjects, such as group=healthy."
        )
    if unknown := [name for name in reference if name not in names]:
        raise DeviationError(
            f"The reference names {unknown[0]}, which has no codes; embed it or leave it out."
        )
    for kind in KINDS:
        for one in codes:
            own, first = getattr(one, kind).shape[1], getattr(codes[0], kind).shape[1]
            if own != first:
                raise DeviationError(
                    f"{one.name}: its {kind} has {own} numbers a frame, that of {codes[0].name} {first}; "
                    "embed both with one model."
                )


def _warnings(codes: Sequence[Codes], reference: Sequence[str], subjects: tuple[str, ...]) -> list[str]:
    found = []
    if len(subjects) == 1:
        found.append(
            f"The reference is the one subject {subjects[0]}: a percentile tells how unusual a frame is for "
            "this subject and nothing about subjects in general; give at least three reference subjects."
        )
    elif len(subjects) == 2:
        found.append(
            f"The reference has only two subjects, {subjects[0]} and {subjects[1]}, which can be compared "
            "with nothing but each other, so percentiles are rough; give at least three."
        )
    again = dict.fromkeys(
        one.subject for one in codes if one.name not in reference and one.subject in subjects
    )
    if again and len(subjects) == 1:
        found.append(
            f"The recordings of {subjects[0]} that are not reference are compared with the same subject's "
            "reference recordings, as there are no others."
        )
    elif again:
        found.append(
            f"{', '.join(again)}: also reference, so the other recordings are compared with the other "
            "reference subjects and not with the own reference recordings; choose a reference of other "
            "subjects if that is not meant."
        )
    if len(set(reference)) == len(codes):
        found.append(
            "All recordings are reference, so none is asked about; choose a filter that leaves out those "
            "that may deviate."
        )
    found += [
        f"{one.name}: no frame is valid, so it has no scores; check its track and its length."
        for one in codes
        if not one.valid.any()
    ]
    return found
