"""The scores of one recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

_COLUMNS = (
    "posture_deviation",
    "behaviour_deviation",
    "posture_percentile",
    "behaviour_percentile",
)


@dataclass(frozen=True)
class Scores:
    """Deviation of every frame of a recording; NaN where the codes are not valid.

    Parameters
    ----------
    name, subject, group, session : str
        As in the study.
    reference : bool
        Whether the recording belongs to the reference; it is then scored without its own subject.
    frames : ndarray of int, shape (t,)
        Frame numbers in display order.
    times : ndarray of float, shape (t,)
        Seconds of the video.
    posture_deviation, behaviour_deviation : ndarray of float32, shape (t,)
        Mean cosine distance to the nearest reference frames, 0 to 2.
    posture_percentile, behaviour_percentile : ndarray of float32, shape (t,)
        Share of reference frames that deviate less when their own subject is left out, 0 to 100.
    """

    name: str
    subject: str
    group: str
    session: str
    reference: bool
    frames: npt.NDArray[np.integer[Any]]
    times: npt.NDArray[np.floating[Any]]
    posture_deviation: npt.NDArray[np.float32]
    behaviour_deviation: npt.NDArray[np.float32]
    posture_percentile: npt.NDArray[np.float32]
    behaviour_percentile: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.frames)

    def columns(self) -> dict[str, npt.NDArray[np.float32]]:
        """Deviations and percentiles by name, in the order of the score table."""
        return {name: getattr(self, name) for name in _COLUMNS}


def pooled(scores: Sequence[Scores]) -> Scores:
    """Join the scores of a subject's recordings one after the other.

    Parameters
    ----------
    scores : sequence of Scores
        At least one.

    Returns
    -------
    Scores
        Labels of the first; sessions listed.
    """
    first = scores[0]
    sessions = dict.fromkeys(one.session for one in scores)
    arrays = {
        field.name: np.concatenate([getattr(one, field.name) for one in scores])
        for field in fields(Scores)
        if isinstance(getattr(first, field.name), np.ndarray)
    }
    return Scores(first.name, first.subject, first.group, ", ".join(sessions), first.reference, **arrays)
