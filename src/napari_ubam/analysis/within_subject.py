"""Every subject against its own baseline: before and after a lesion, a drug or a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent

from .codes import Codes
from .deviation import deviation_of, labels_of
from .deviation_search import Searcher, search_in_turn
from .errors import DeviationError
from .recorded import Recorded, recorded
from .reference import TOO_SHORT, time_blocks
from .reference_limits import REFERENCE_FRAMES, REFERENCE_TOTAL, Limits
from .scores import DeviationResult, Labels, Scores, ScoresInTurn
from .scoring_checks import check_codes


def deviation_within_subjects(
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
    """Score the recordings of each subject against the reference recordings of the same subject.

    Each subject's reference recordings are split into ten stretches of time. A frame of the reference is
    compared with the other stretches; frames within two seconds of an edge are not used as reference. So the
    percentiles tell how unusual a frame is for this subject, compared with stretches that were held out.

    Parameters
    ----------
    codes : sequence of Codes
        Recordings to score, including those of the reference.
    reference : sequence of str
        Names of the recordings that define normal, such as those of the first session.
    k, per_subject, reference_frames, reference_total, searcher, progress, cancel
        As for `deviation`; ``per_subject`` counts neighbours in a stretch.

    Returns
    -------
    DeviationResult
        With the distributions and the stretches of each subject. Subjects without a reference recording have
        no scores, and a warning.

    Raises
    ------
    DeviationError
        If the reference is empty or unknown, or no subject has a recording outside the reference.
    Cancelled
        When ``cancel`` is set.
    """
    entries = recorded(codes, progress or silent, cancel)
    check_codes(entries, reference)
    names = set(reference)
    subjects = list(dict.fromkeys(one.subject for one in entries))
    parts = {subject: [one for one in entries if one.subject == subject] for subject in subjects}
    compared = [subject for subject in subjects if any(one.name in names for one in parts[subject])]
    if not any(one.name not in names for subject in compared for one in parts[subject]):
        raise DeviationError(
            "No subject of the reference has another recording, so there is nothing to compare with its own "
            "baseline; choose a reference such as session=0, or compare subjects with each other."
        )
    found: dict[str, DeviationResult] = {}
    refused: dict[str, str] = {}
    for number, subject in enumerate(compared):
        try:
            found[subject] = deviation_of(
                parts[subject],
                [one.name for one in parts[subject] if one.name in names],
                k=k,
                per_subject=per_subject,
                limits=Limits(reference_frames, reference_total),
                searcher=searcher,
                progress=_part_of(progress, number, len(compared)),
                cancel=cancel,
            )
        except DeviationError:  # its baseline has too few frames; the others are scored
            refused[subject] = (
                f"The baseline of {subject} has too few valid frames to compare with, so its recordings have "
                "no scores; choose longer reference recordings, or check their tracks."
            )
    if not found:
        raise DeviationError(next(iter(refused.values())))
    return _merged(entries, names, found, refused)


def _merged(
    codes: Sequence[Recorded],
    names: set[str],
    found: Mapping[str, DeviationResult],
    refused: Mapping[str, str],
) -> DeviationResult:
    """Put the results of all subjects together, in the order of the codes."""
    stretches: dict[str, npt.NDArray[np.integer[Any]]] = {}
    for subject in found:
        own = [one for one in codes if one.subject == subject and one.name in names and one.valid.any()]
        stretches.update(time_blocks(own))
    others = dict.fromkeys(one.subject for one in codes if one.subject not in found)
    left_out = [subject for subject in others if subject not in refused]
    warnings = [
        *refused.values(),
        *(
            said
            for one in found.values()
            for said in one.warnings
            if "no frame is valid" in said or TOO_SHORT in said
        ),
    ]
    warnings += [
        f"{subject} has no recording in the reference, so its recordings have no scores; choose a reference "
        "that has a recording of each subject."
        for subject in left_out
    ]

    def scores(number: int) -> Scores:
        one = codes[number]
        return found[one.subject][one.name] if one.subject in found else _without(one)

    return DeviationResult(
        ScoresInTurn([_labels(one, names, found) for one in codes], scores),
        next(iter(found.values())).calibration,
        tuple(found),
        {subject: count for one in found.values() for subject, count in one.reference_counts.items()},
        tuple(warnings),
        {subject: one.calibration for subject, one in found.items()},
        stretches,
        {subject: count for one in found.values() for subject, count in one.reference_windows.items()},
        {subject: count for one in found.values() for subject, count in one.reference_available.items()},
    )


def _labels(one: Recorded, names: set[str], found: Mapping[str, DeviationResult]) -> Labels:
    """Labels of a recording: without scores, it is no reference of anything."""
    return labels_of(one, names if one.subject in found else ())


def _without(one: Recorded) -> Scores:
    """Scores of a recording that is compared with nothing."""
    nothing = np.full(len(one), np.nan, np.float32)
    labels = (one.name, one.subject, one.group, one.session, False, one.frames, one.times)
    return Scores(*labels, *[nothing] * 8)


def _part_of(progress: ProgressCallback | None, number: int, of: int) -> Callable[[Progress], None] | None:
    """Report the progress of one subject as a part of the whole."""
    if progress is None:
        return None

    def report(event: Progress) -> None:
        step, whole = round(100 * (number + event.share)), 100 * of
        progress(Progress(event.stage, step, whole, detail=event.detail))

    return report
