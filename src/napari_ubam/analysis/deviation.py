"""Deviation of every frame from the reference, as distance and as percentile."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.kinds import KINDS
from napari_ubam.progress import Cancel, ProgressCallback, silent

from .baseline import constant_part, rank_among
from .calibration import Calibration
from .codes import Codes
from .deviation_search import Deviations, Searcher, SearchTask, search_in_turn
from .durations import frame_seconds
from .errors import DeviationError
from .recorded import Recorded, recorded
from .reference import Means, Reference, choose_reference
from .reference_limits import REFERENCE_FRAMES, REFERENCE_TOTAL, Limits
from .scores import DeviationResult, Labels, Scores, ScoresInTurn
from .scoring_checks import check_codes, scoring_warnings

Found = Mapping[str, Deviations]


def deviation(
    codes: Sequence[Codes],
    reference: Sequence[str],
    *,
    k: int = 10,
    per_subject: int = 2,
    reference_frames: int = REFERENCE_FRAMES,
    reference_total: int = REFERENCE_TOTAL,
    searcher: Searcher = search_in_turn,
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
        Recordings to score, including those of the reference. A sequence that reads the codes of one
        recording on access is never read as a whole.
    reference : sequence of str
        Names of the recordings that define normal.
    k : int
        Number of nearest frames. With few subjects there are fewer: ``per_subject`` of each.
    per_subject : int
        Number of nearest frames of one reference subject at most.
    reference_frames : int
        Number of reference frames of one subject at most, evenly spread over its valid frames, and of its
        windows.
    reference_total : int
        Number of reference frames of all subjects together at most, the same for each subject, and of
        windows. The time of the search grows with this number times the number of frames.
    searcher : callable
        Searches the recordings; by default one after the other in this process.
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
    entries = recorded(codes, progress or silent, cancel)
    return deviation_of(
        entries,
        reference,
        k=k,
        per_subject=per_subject,
        limits=Limits(reference_frames, reference_total),
        searcher=searcher,
        progress=progress,
        cancel=cancel,
    )


def deviation_of(
    recordings: Sequence[Recorded],
    reference: Sequence[str],
    *,
    k: int,
    per_subject: int,
    limits: Limits,
    searcher: Searcher = search_in_turn,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> DeviationResult:
    """Score recordings whose codes are read one by one; see `deviation`.

    Parameters
    ----------
    recordings : sequence of Recorded
    reference : sequence of str
    k, per_subject : int
    limits : Limits
        Number of reference frames at most.
    searcher, progress, cancel
        As for `deviation`.

    Returns
    -------
    DeviationResult
    """
    check_codes(recordings, reference)
    if min(k, per_subject, limits.subject, limits.total) < 1:
        raise DeviationError("k, per_subject and reference_frames must be at least 1; choose larger numbers.")
    means = Means(recordings)
    chosen = choose_reference(recordings, reference, limits, means, progress or silent, cancel)
    task = SearchTask(chosen.posture, chosen.behaviour, chosen.folds, means, k, per_subject)
    found = dict(searcher(task, recordings, dict(chosen.own), progress or silent, cancel))
    names, constants = set(reference), _constants(recordings, found)
    always: Mapping[str, float] | list[float]
    if len(chosen.subjects) == 1:
        always = _constants_of_blocks(recordings, chosen, names, found)
    else:
        always = _constants_by_subject(recordings, names, constants)
    calibration = _calibrations(recordings, names, chosen, found, constants)

    def scores(number: int) -> Scores:
        one = recordings[number]
        part = names, found[one.name], calibration, constants[one.name], always
        return _scores(one, *part)

    return DeviationResult(
        ScoresInTurn([labels_of(one, names) for one in recordings], scores),
        calibration,
        chosen.subjects,
        chosen.counts,
        (*scoring_warnings(recordings, reference, chosen.subjects), *chosen.warnings),
        reference_windows=chosen.window_counts,
        reference_available=chosen.available,
    )


def labels_of(one: Recorded, reference: Collection[str]) -> Labels:
    """Give the labels of a recording.

    Parameters
    ----------
    one : Recorded
    reference : collection of str
        Names of the reference recordings.

    Returns
    -------
    Labels
    """
    return Labels(one.name, one.subject, one.group, one.session, one.name in reference)


def _episodic(found: Deviations, constant: float) -> npt.NDArray[np.float32]:
    """Give what rises above the constant part."""
    return found["behaviour"] - np.float32(constant)


def _calibrations(
    codes: Sequence[Recorded],
    names: set[str],
    reference: Reference,
    found: Found,
    constants: Mapping[str, float],
) -> dict[str, Calibration]:
    def of(kind: str, subject: str) -> npt.NDArray[Any]:
        own = [one.name for one in codes if one.name in names and one.subject == subject]
        if kind == "episodic":
            return np.concatenate([_episodic(found[name], constants[name]) for name in own])
        return np.concatenate([found[name][kind] for name in own])

    kinds = (*KINDS, "episodic")
    return {kind: Calibration.of([of(kind, subject) for subject in reference.subjects]) for kind in kinds}


def _constants(codes: Sequence[Recorded], found: Found) -> dict[str, float]:
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
    codes: Sequence[Recorded], names: set[str], constants: Mapping[str, float]
) -> dict[str, float]:
    """Constant part of each reference subject: the mean over its reference recordings, weighted by time."""
    chosen = [one for one in codes if one.name in names and one.valid.any()]
    found = {}
    for subject in dict.fromkeys(one.subject for one in chosen):
        own = [one for one in chosen if one.subject == subject and np.isfinite(constants[one.name])]
        weights = [int(one.valid.sum()) * frame_seconds(one.times) for one in own]
        if own:
            found[subject] = float(np.average([constants[one.name] for one in own], weights=weights))
    return found


def _constants_of_blocks(
    codes: Sequence[Recorded], reference: Reference, names: set[str], found: Found
) -> list[float]:
    """Constant part of each block of time, if the reference is one subject."""
    own = [one for one in codes if one.name in names and one.valid.any()]
    block = np.concatenate([reference.own[one.name] for one in own])
    values = np.concatenate([found[one.name]["behaviour"] for one in own])
    return [constant_part(values[block == number]) for number in range(reference.folds)]


def _scores(
    one: Recorded,
    names: set[str],
    found: Deviations,
    calibration: Mapping[str, Calibration],
    constant: float,
    constants: Mapping[str, float] | list[float],
) -> Scores:
    """Put the scores of a recording together; ``constants`` are those of reference subjects or blocks."""
    labels, episodic = labels_of(one, names), _episodic(found, constant)
    if isinstance(constants, list):  # the blocks are parts of the reference, so it has no rank among them
        others = np.array([] if labels.reference else constants)
    else:
        others = np.array([value for subject, value in constants.items() if subject != one.subject])

    def constantly(value: float) -> npt.NDArray[np.float32]:
        return np.where(np.isfinite(found["behaviour"]), value, np.nan).astype(np.float32)

    return Scores(
        *labels,
        one.frames,
        one.times,
        found["posture"],
        found["behaviour"],
        calibration["posture"].percentile(found["posture"]),
        calibration["behaviour"].percentile(found["behaviour"]),
        constantly(constant),
        episodic,
        constantly(rank_among(constant, others)),
        calibration["episodic"].percentile(episodic),
    )
