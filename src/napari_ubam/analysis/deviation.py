"""Deviation of every frame from the reference, as distance and as percentile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.kinds import KINDS
from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent

from .baseline import constant_part, rank_among
from .calibration import Calibration
from .codes import Codes
from .errors import DeviationError
from .neighbours import neighbours
from .reference import Means, Reference, ReferenceCodes, choose_reference
from .scores import DeviationResult, Scores
from .unit_vectors import unit_vectors

REFERENCE_FRAMES = 20_000

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Deviations = dict[str, npt.NDArray[np.float32]]


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

    The deviation of a frame is its mean cosine distance to the ``k`` nearest reference frames, with at most
    ``per_subject`` frames of one subject and none of its own subject.

    The percentile of a frame is the rank of its deviation among the deviations of the reference frames. Each
    reference frame is scored against the other reference subjects, and all reference subjects have the same
    weight. A frame of a subject outside the reference is scored several times, each time without one of the
    reference subjects, and the mean is taken. It is then compared with as many subjects as a reference frame.

    Windows are compared posture by posture if the codes tell the size of a window, and otherwise by their
    behaviour codes. The deviation of windows has two parts: what a recording always has, its median, and what
    rises above that. Both are compared with those of the reference.

    If the reference is a single subject, ten blocks of time take the place of the subjects. Frames within two
    seconds of a block's edge are then not used as reference. Other recordings of this subject are compared
    with the subject's own reference frames, since there are no others.

    Parameters
    ----------
    codes : sequence of Codes
        Recordings to score, including those of the reference.
    reference : sequence of str
        Names of the recordings that define normal.
    k : int
        Number of nearest frames. With few subjects there are fewer: ``per_subject`` of each.
    per_subject : int
        Number of nearest frames of one reference subject at most.
    reference_frames : int
        Number of reference frames of one subject at most, evenly spread over its valid frames.
    progress : callable, optional
        Called with :class:`~napari_ubam.progress.Progress` events of the stage ``"score"``.
    cancel : object with ``is_set()``, optional
        Stops the work when set.

    Returns
    -------
    DeviationResult
        Scores of all recordings, NaN in frames that are not valid, and warnings.

    Raises
    ------
    DeviationError
        If the reference is empty or unknown, or the recordings do not match each other.
    Cancelled
        When ``cancel`` is set.
    """
    check_codes(codes, reference)
    if min(k, per_subject, reference_frames) < 1:
        raise DeviationError("k, per_subject and reference_frames must be at least 1; choose larger numbers.")
    means = Means(codes)
    chosen = choose_reference(codes, reference, reference_frames, means)
    steps = _Steps(progress or silent, 2 * sum(int(one.valid.sum()) for one in codes))
    found: dict[str, Deviations] = {}
    for one in codes:
        found[one.name] = {
            kind: _deviations(one, kind, chosen, means, k, per_subject, steps.of(one), cancel)
            for kind in KINDS
        }
    constants = _constants(codes, found)
    for name, values in found.items():
        values["episodic"] = values["behaviour"] - np.float32(constants[name])
    names = set(reference)
    calibration = _calibrations(codes, names, chosen, found)
    always: Mapping[str, float] | list[float]
    if len(chosen.subjects) == 1:
        always = _constants_of_blocks(codes, chosen, names, found)
    else:
        always = _constants_by_subject(codes, names, constants)
    return DeviationResult(
        tuple(
            _scores(one, one.name in names, found[one.name], calibration, constants[one.name], always)
            for one in codes
        ),
        calibration,
        chosen.subjects,
        chosen.counts,
        tuple(_warnings(codes, reference, chosen.subjects)),
        reference_windows=chosen.window_counts,
    )


def _deviations(
    one: Codes,
    kind: str,
    reference: Reference,
    means: Means,
    k: int,
    per_subject: int,
    progress: ProgressCallback,
    cancel: Cancel | None,
) -> npt.NDArray[np.float32]:
    """Deviation (t,) of every frame of a recording, NaN where it is not valid."""
    compared: ReferenceCodes = getattr(reference, kind)
    own = reference.own.get(one.name)
    grid = None if compared.window is None else one.grid(compared.window, means.of(one))
    if grid is None:
        queries, folds = unit_vectors(getattr(one, kind)[one.valid]), None if own is None else own[one.valid]
    else:
        queries, folds = grid.postures, None if own is None else own[grid.centre]
    nearest = neighbours(
        queries,
        compared.codes,
        k=k + per_subject,  # at least k remain, no matter which subject is left out
        query_subjects=folds,
        reference_subjects=compared.fold,
        per_subject=per_subject,
        unit_length=True,
        window=1 if compared.window is None else compared.window.steps,
        query_valid=None if grid is None else grid.begins,
        progress=progress,
        cancel=cancel,
    )
    if own is None:
        found = np.where(nearest.index < 0, -1, compared.fold[nearest.index])
        values = _leave_one_out_mean(nearest.distance, found, reference.folds, k)
    else:
        values = _mean_distance(nearest.distance, k)
    if grid is not None:
        return grid.at_frames(values)
    result = np.full(len(one), np.nan, np.float32)
    result[one.valid] = values
    return result


def _mean_distance(distance: Floats, k: int) -> npt.NDArray[np.float64]:
    """Mean (n,) of the first k of the ascending distances (n, m), without ``inf``; NaN if none is left."""
    nearest = distance[:, :k].astype(np.float64)
    found = np.isfinite(nearest)
    count = found.sum(axis=1)
    total = np.where(found, nearest, 0).sum(axis=1)
    mean: npt.NDArray[np.float64] = total / np.where(count, count, np.nan)
    return mean


def _leave_one_out_mean(distance: Floats, folds: Ints, count: int, k: int) -> npt.NDArray[np.float64]:
    """Mean distance (n,) to the k nearest, averaged over leaving out each of the ``count`` folds in turn.

    A reference frame is compared with all reference subjects but its own. Without this average, a frame of
    another subject would be compared with one subject more, and so have nearer neighbours.
    """
    whole = _mean_distance(distance, k)
    total = count * whole
    for fold in range(count):
        # Only these rows change when this fold is left out.
        rows = np.flatnonzero((folds[:, :k] == fold).any(axis=1))
        left = np.where(folds[rows] == fold, np.inf, distance[rows])
        total[rows] += _mean_distance(np.sort(left, axis=1), k) - whole[rows]
    return total / count


def _calibrations(
    codes: Sequence[Codes], names: set[str], reference: Reference, found: Mapping[str, Deviations]
) -> dict[str, Calibration]:
    def of(kind: str, subject: str) -> npt.NDArray[Any]:
        own = [found[one.name][kind] for one in codes if one.name in names and one.subject == subject]
        return np.concatenate(own)

    kinds = (*KINDS, "episodic")
    return {kind: Calibration.of([of(kind, subject) for subject in reference.subjects]) for kind in kinds}


def _constants(codes: Sequence[Codes], found: Mapping[str, Deviations]) -> dict[str, float]:
    """Constant part of each recording: that of its subject in its session, however the videos are cut."""
    parts: dict[tuple[str, str], list[str]] = {}
    for one in codes:
        parts.setdefault((one.subject, one.session), []).append(one.name)
    return {
        name: value
        for names in parts.values()
        for value in [constant_part(np.concatenate([found[name]["behaviour"] for name in names]))]
        for name in names
    }


def _constants_by_subject(
    codes: Sequence[Codes], names: set[str], constants: Mapping[str, float]
) -> dict[str, float]:
    """Constant part of each reference subject: the mean over its reference recordings, weighted by frames."""
    chosen = [one for one in codes if one.name in names and one.valid.any()]
    found = {}
    for subject in dict.fromkeys(one.subject for one in chosen):
        own = [one for one in chosen if one.subject == subject and np.isfinite(constants[one.name])]
        weights = [int(one.valid.sum()) for one in own]
        if own:
            found[subject] = float(np.average([constants[one.name] for one in own], weights=weights))
    return found


def _constants_of_blocks(
    codes: Sequence[Codes], reference: Reference, names: set[str], found: Mapping[str, Deviations]
) -> list[float]:
    """Constant part of each block of time, if the reference is one subject."""
    own = [one for one in codes if one.name in names and one.valid.any()]
    block = np.concatenate([reference.own[one.name] for one in own])
    values = np.concatenate([found[one.name]["behaviour"] for one in own])
    return [constant_part(values[block == number]) for number in range(reference.folds)]


def _scores(
    one: Codes,
    is_reference: bool,
    found: Deviations,
    calibration: Mapping[str, Calibration],
    constant: float,
    constants: Mapping[str, float] | list[float],
) -> Scores:
    """Put the scores of a recording together; ``constants`` are those of reference subjects or blocks."""
    if isinstance(constants, list):  # the blocks are parts of the reference, so it has no rank among them
        others = np.array([] if is_reference else constants)
    else:
        others = np.array([value for subject, value in constants.items() if subject != one.subject])

    def constantly(value: float) -> npt.NDArray[np.float32]:
        return np.where(np.isfinite(found["behaviour"]), value, np.nan).astype(np.float32)

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
        constantly(constant),
        found["episodic"],
        constantly(rank_among(constant, others)),
        calibration["episodic"].percentile(found["episodic"]),
    )


class _Steps:
    """Progress of all searches as progress of one stage."""

    def __init__(self, progress: ProgressCallback, frames: int) -> None:
        self._progress, self._frames = progress, frames
        self._before, self._begin = 0, time.monotonic()

    def of(self, one: Codes) -> Callable[[Progress], None]:
        """Report the events of the next search in this recording."""
        length = int(one.valid.sum())

        def report(event: Progress) -> None:
            done = self._before + event.share * length
            eta = (time.monotonic() - self._begin) * (self._frames / done - 1) if done else None
            self._progress(Progress("score", int(done), self._frames, detail=one.name, eta=eta))
            if event.step == event.of:
                self._before += length

        return report


def check_codes(codes: Sequence[Codes], reference: Sequence[str]) -> None:
    """Refuse codes that cannot be compared.

    Parameters
    ----------
    codes : sequence of Codes
    reference : sequence of str
        Names of the recordings that define normal.

    Raises
    ------
    DeviationError
        If the reference is empty or unknown, or the recordings do not match each other.
    """
    names = [one.name for one in codes]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise DeviationError(f"Two recordings are named {twice[0]}; give each recording its own name.")
    if not reference:
        raise DeviationError(
            "The reference has no recording; choose at least three subjects, such as group=healthy."
        )
    if unknown := [name for name in reference if name not in names]:
        raise DeviationError(
            f"The reference includes {unknown[0]}, which has no codes; embed it or leave it out."
        )
    for kind in KINDS:
        for one in codes:
            own, first = getattr(one, kind).shape[1], getattr(codes[0], kind).shape[1]
            if own != first:
                raise DeviationError(
                    f"{one.name}: its {kind} codes have {own} values, those of {codes[0].name} have {first}; "
                    "embed both with the same model."
                )


def _warnings(codes: Sequence[Codes], reference: Sequence[str], subjects: tuple[str, ...]) -> list[str]:
    found = []
    if len(subjects) == 1:
        found.append(
            f"The reference is the one subject {subjects[0]}: a percentile tells how unusual a frame is for "
            "this subject, and nothing about other subjects; choose at least three reference subjects."
        )
    elif len(subjects) == 2:
        found.append(
            f"The reference has only two subjects, {subjects[0]} and {subjects[1]}, and each is compared "
            "with the other only, so percentiles are rough; choose at least three."
        )
    again = dict.fromkeys(
        one.subject for one in codes if one.name not in reference and one.subject in subjects
    )
    if again and len(subjects) == 1:
        found.append(
            f"The recordings of {subjects[0]} outside the reference are compared with the reference "
            "recordings of the same subject, since there are no others."
        )
    elif again:
        found.append(
            f"{', '.join(again)}: also in the reference, so the other recordings are compared with the other "
            "reference subjects only; if you do not want this, choose a reference of other subjects."
        )
    rates = sorted({round(1 / float(np.median(np.diff(one.times)))) for one in codes if len(one) > 1})
    if any(one.window is not None for one in codes) and rates and rates[-1] > 1.02 * rates[0]:
        found.append(
            f"The recordings have different frame rates ({', '.join(map(str, rates))} frames per second): "
            "where postures are interpolated between frames, windows deviate a little less; compare "
            "recordings of one rate."
        )
    if len(set(reference)) == len(codes):
        found.append(
            "All recordings are in the reference, so there is nothing to compare with it; choose a filter "
            "that leaves out the recordings to examine."
        )
    found += [
        f"{one.name}: no frame is valid, so it has no scores; check its track and its length."
        for one in codes
        if not one.valid.any()
    ]
    return found
