"""How similar the windows of each subject are to its own baseline, and to the reference subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.codes import Codes
from napari_ubam.analysis.deviation import deviation
from napari_ubam.analysis.durations import frame_seconds, weighted_means
from napari_ubam.analysis.errors import DeviationError
from napari_ubam.analysis.reference import time_blocks
from napari_ubam.kinds import Kind
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

Floats = npt.NDArray[np.floating[Any]]

NEAREST = 10  # windows that a window is compared with
ENOUGH = 3  # reference subjects
COLUMNS = ("similarity", "similarity_first", "similarity_reference")


@dataclass(frozen=True)
class Similarities:
    """Similarity of each stretch of time to the own baseline.

    Parameters
    ----------
    stretches : DataFrame
        One row for each subject, session and stretch of time, ten in a session: ``subject, group, session,
        baseline`` (bool), ``stretch, recordings`` (number in the session), ``frames, seconds``, and mean
        cosine similarities to the nearest windows: ``similarity`` (of the own baseline),
        ``similarity_first`` (of the subject's first session after the baseline) and
        ``similarity_reference`` (of the reference recordings of other subjects). NaN where there is nothing
        to compare with.
    warnings : tuple of str
        Sentences for the user.
    """

    stretches: pd.DataFrame
    warnings: tuple[str, ...] = field(default=())


def similarities(
    codes: Sequence[Codes],
    sessions: Mapping[str, str],
    order: Sequence[str],
    baseline: Sequence[str],
    *,
    reference: Sequence[str] = (),
    kind: Kind = "behaviour",
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> Similarities:
    """Compare the windows of each subject with those of its own baseline.

    The baseline is compared with itself without what is compared: each of its sessions with its other
    sessions or, if it is one session, each of ten stretches of time with the other ones. Windows of other
    sessions are compared with as much of the baseline, so that a session that is like the baseline is as
    similar to it as the baseline is to itself.

    Parameters
    ----------
    codes : sequence of Codes
        Recordings of all subjects, and those of the reference.
    sessions : mapping of str to str
        Session of each recording that is followed, by its name.
    order : sequence of str
        All sessions in their order.
    baseline : sequence of str
        Sessions of the baseline.
    reference : sequence of str
        Names of reference recordings. A subject is never compared with recordings of its own. With fewer than
        three reference subjects this similarity is NaN.
    kind : str
        ``"behaviour"`` for windows, ``"posture"`` for single frames.
    progress : callable
    cancel : object with ``is_set()``, optional

    Returns
    -------
    Similarities
        Subjects whose baseline has too few frames are left out, with a warning.

    Raises
    ------
    DeviationError
        If no subject has a baseline that can be used.
    Cancelled
        When ``cancel`` is set.
    """
    followed = [one for one in codes if sessions.get(one.name) in order and one.valid.any()]
    subjects = list(dict.fromkeys(one.subject for one in followed))
    tell = _Parts(progress, len(subjects) + 1)
    firsts = first_sessions(followed, sessions, order, baseline)
    others, said = _to_reference(codes, reference, kind, tell.next("reference"), cancel)
    tables: list[pd.DataFrame] = []
    for subject in subjects:
        check_cancelled(cancel)
        report = tell.next(subject)
        own = [one for one in followed if one.subject == subject]
        mine = {one.name: sessions[one.name] for one in own}
        try:
            to_own = _to_sessions(own, mine, baseline, kind, report, cancel)
        except DeviationError as error:
            said.append(f"{subject} is left out, since its baseline cannot be used: {error}")
            continue
        try:
            to_first = _to_sessions(own, mine, [firsts[own[0].group]], kind, silent, cancel)
        except DeviationError:  # not recorded in that session, or too shortly
            to_first = {}
        tables.append(_stretches(own, mine, baseline, (to_own, to_first, others)))
    if not tables:
        raise DeviationError(said[-1] if said else "No recording of the sessions has a valid frame.")
    return Similarities(pd.concat(tables, ignore_index=True), tuple(said))


def first_sessions(
    codes: Sequence[Codes], sessions: Mapping[str, str], order: Sequence[str], baseline: Sequence[str]
) -> dict[str, str]:
    """Find the first session after the baseline that a group was recorded in.

    Parameters
    ----------
    codes : sequence of Codes
    sessions : mapping of str to str
        Session of each recording, by its name.
    order, baseline : sequence of str
        All sessions in their order, and those of the baseline.

    Returns
    -------
    dict of str to str
        Session by group; empty if there is none.
    """
    later = order[order.index(baseline[-1]) + 1 :]
    found = {}
    for group in dict.fromkeys(one.group for one in codes):
        has = {sessions[one.name] for one in codes if one.group == group and one.name in sessions}
        found[group] = next((one for one in later if one in has), "")
    return found


def _to_sessions(
    own: Sequence[Codes],
    sessions: Mapping[str, str],
    chosen: Sequence[str],
    kind: Kind,
    progress: ProgressCallback,
    cancel: Cancel | None,
) -> dict[str, Floats]:
    """Similarity (t,) of each recording of a subject to some of its sessions."""
    names = [one.name for one in own if sessions[one.name] in chosen]
    parts = {sessions[name] for name in names}
    per_part = 2
    if len(parts) > 1:
        # `deviation` leaves the own subject out. With the session in its place, it leaves the session out.
        own = [replace(one, subject=f"in {sessions[one.name]}" if one.name in names else "") for one in own]
        per_part = -(-NEAREST // (len(parts) - 1))
    found = deviation(own, names, k=NEAREST, per_subject=per_part, progress=progress, cancel=cancel)
    return {one.name: 1 - getattr(one, f"{kind}_deviation") for one in found.recordings}


def _to_reference(
    codes: Sequence[Codes],
    reference: Sequence[str],
    kind: Kind,
    progress: ProgressCallback,
    cancel: Cancel | None,
) -> tuple[dict[str, Floats], list[str]]:
    """Similarity of each recording to the reference recordings of other subjects."""
    names = set(reference)
    subjects = {one.subject for one in codes if one.name in names and one.valid.any()}
    if len(subjects) < ENOUGH:
        return {}, [
            f"The reference has {len(subjects)} of the {ENOUGH} subjects that it needs, so the similarity to "
            "the reference is missing; choose more recordings as reference."
        ]
    chosen = [one.name for one in codes if one.name in names]
    found = deviation(codes, chosen, k=NEAREST, progress=progress, cancel=cancel)
    return {one.name: 1 - getattr(one, f"{kind}_deviation") for one in found.recordings}, []


def _stretches(
    own: Sequence[Codes],
    sessions: Mapping[str, str],
    baseline: Sequence[str],
    found: Sequence[Mapping[str, Floats]],
) -> pd.DataFrame:
    """Average the similarities of a subject over stretches with equal numbers of frames, by time."""
    tables = []
    for session in dict.fromkeys(sessions.values()):
        parts = [one for one in own if sessions[one.name] == session]
        blocks = time_blocks(parts)
        frames = pd.concat(
            [
                pd.DataFrame(
                    {"stretch": blocks[one.name], "valid": one.valid, "seconds": frame_seconds(one.times)}
                    | {
                        name: values.get(one.name, np.full(len(one), np.nan))
                        for name, values in zip(COLUMNS, found, strict=True)
                    }
                )
                for one in parts
            ]
        )
        grouped = frames[frames["valid"]].groupby("stretch")
        table = weighted_means(frames[frames["valid"]], ["stretch"], COLUMNS, "seconds")
        table.insert(0, "seconds", grouped["seconds"].sum())
        table.insert(0, "frames", grouped.size())
        one = parts[0]
        labels = {"subject": one.subject, "group": one.group, "session": session}
        tables.append(
            table.reset_index().assign(**labels, baseline=session in baseline, recordings=len(parts))
        )
    columns = ["subject", "group", "session", "baseline", "stretch", "recordings", "frames", "seconds"]
    columns += COLUMNS
    return pd.concat(tables, ignore_index=True)[columns]


class _Parts:
    """Reports the progress of several searches as one."""

    def __init__(self, progress: ProgressCallback, of: int) -> None:
        self._progress, self._of, self._number = progress, of, -1

    def next(self, detail: str) -> Callable[[Progress], None]:
        """Begin the next part."""
        self._number += 1
        number = self._number

        def report(event: Progress) -> None:
            if event.stage != "score":  # codes are in memory, so reading them takes no time
                return
            step = round(100 * (number + event.share))
            self._progress(Progress("recovery", step, 100 * self._of, detail=detail))

        return report
