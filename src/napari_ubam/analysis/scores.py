"""Scores of recordings: what `deviation` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from .calibration import Calibration

_COLUMNS = (
    "posture_deviation",
    "behaviour_deviation",
    "posture_percentile",
    "behaviour_percentile",
    "constant",
    "episodic",
    "constant_percentile",
    "episodic_percentile",
)


@dataclass(frozen=True)
class Scores:
    """Deviation of every frame of a recording. NaN where the codes are not valid.

    Parameters
    ----------
    name, subject, group, session : str
        Labels of the recording, from the study table.
    reference : bool
        Whether the recording belongs to the reference. It is then scored without its own subject.
    frames : ndarray of int, shape (t,)
        Frame numbers in display order.
    times : ndarray of float, shape (t,)
        Time of each frame in the video, in seconds.
    posture_deviation, behaviour_deviation : ndarray of float32, shape (t,)
        Mean cosine distance to the nearest reference frames, 0 to 2.
    posture_percentile, behaviour_percentile : ndarray of float32, shape (t,)
        Percentage of the reference frames that deviate less when scored without their own subject, 0 to 100.
    constant : ndarray of float32, shape (t,)
        What the subject always has in this session: the median of its behaviour deviation, the same for all
        frames.
    episodic : ndarray of float32, shape (t,)
        What rises above it: behaviour deviation minus ``constant``; below 0 for half of the frames.
    constant_percentile : ndarray of float32, shape (t,)
        Percentage of the reference subjects, other than the own one, with a smaller constant part. If the
        reference is one subject or the own baseline: of its ten stretches of time, and NaN for the reference,
        whose parts they are.
    episodic_percentile : ndarray of float32, shape (t,)
        Percentage of the reference frames with a smaller episodic part, 0 to 100.
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
    constant: npt.NDArray[np.float32]
    episodic: npt.NDArray[np.float32]
    constant_percentile: npt.NDArray[np.float32]
    episodic_percentile: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.frames)

    def columns(self) -> dict[str, npt.NDArray[np.float32]]:
        """Deviations and percentiles by name, in the order of the score table."""
        return {name: getattr(self, name) for name in _COLUMNS}


class Labels(NamedTuple):
    """Labels of a recording that was scored.

    Parameters
    ----------
    name, subject, group, session : str
    reference : bool
    """

    name: str
    subject: str
    group: str
    session: str
    reference: bool


class ScoresInTurn(Sequence[Scores]):
    """Scores of many recordings that are put together one by one, since all together may not fit into memory.

    Parameters
    ----------
    labels : sequence of Labels
        Labels of each recording.
    make : callable
        Gives the scores of the recording with a number.
    """

    def __init__(self, labels: Sequence[Labels], make: Callable[[int], Scores]) -> None:
        self.labels, self._make = tuple(labels), make

    def __len__(self) -> int:
        return len(self.labels)

    def __reduce__(self) -> tuple[type, tuple[list[Scores]]]:
        """Pickle the scores and not what they are made from."""
        return tuple, (list(self),)

    @overload
    def __getitem__(self, index: int) -> Scores: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Scores]: ...
    def __getitem__(self, index: int | slice) -> Scores | Sequence[Scores]:
        """Put the scores of one recording together, or of some."""
        if isinstance(index, slice):
            return [self._make(number) for number in range(len(self))[index]]
        return self._make(range(len(self))[index])


@dataclass(frozen=True)
class DeviationResult:
    """Scores of all recordings.

    Parameters
    ----------
    recordings : sequence of Scores
        In the order of the codes. Those of one recording are put together on access.
    calibration : mapping of str to Calibration
        Distribution behind the percentiles, for ``"posture"``, ``"behaviour"`` and ``"episodic"``.
    reference_subjects : tuple of str
        Subjects of the reference.
    reference_counts : mapping of str to int
        Number of reference frames used for the deviation of postures, by subject.
    warnings : tuple of str
        Sentences for the user.
    calibrations : mapping of str to mapping
        Distributions behind the percentiles by subject, if each is compared with its own baseline.
    stretches : mapping of str to ndarray of int, shape (t,)
        If each subject is compared with its own baseline: stretch of time of each frame of the reference
        recordings, by name. A frame of the reference is compared with the other stretches.
    reference_windows : mapping of str to int
        Number of reference windows used, by subject.
    reference_available : mapping of str to int
        Number of reference frames that there are, by subject.
    """

    recordings: Sequence[Scores]
    calibration: Mapping[str, Calibration]
    reference_subjects: tuple[str, ...]
    reference_counts: Mapping[str, int]
    warnings: tuple[str, ...] = field(default=())
    calibrations: Mapping[str, Mapping[str, Calibration]] = field(default_factory=dict)
    stretches: Mapping[str, npt.NDArray[np.integer[Any]]] = field(default_factory=dict)
    reference_windows: Mapping[str, int] = field(default_factory=dict)
    reference_available: Mapping[str, int] = field(default_factory=dict)

    @property
    def within_subjects(self) -> bool:
        """Whether each subject is compared with its own baseline."""
        return bool(self.calibrations)

    def calibration_of(self, subject: str) -> Mapping[str, Calibration]:
        """Give the distributions that a subject is compared with.

        Parameters
        ----------
        subject : str

        Returns
        -------
        mapping of str to Calibration
        """
        return self.calibrations.get(subject, self.calibration)

    @property
    def labels(self) -> tuple[Labels, ...]:
        """Labels of each recording."""
        if isinstance(self.recordings, ScoresInTurn):
            return self.recordings.labels
        return tuple(
            Labels(one.name, one.subject, one.group, one.session, one.reference) for one in self.recordings
        )

    def __getitem__(self, name: str) -> Scores:
        """Scores of a recording by its name."""
        for number, labels in enumerate(self.labels):
            if labels.name == name:
                return self.recordings[number]
        raise KeyError(name)


def score_tables(result: DeviationResult) -> Iterator[pd.DataFrame]:
    """Make the table of each recording, one after the other.

    Parameters
    ----------
    result : DeviationResult
        Scores.

    Yields
    ------
    DataFrame
        One row for each frame, with the columns of `score_table`.
    """
    for one in result.recordings:
        yield pd.DataFrame({"recording": one.name, "frame": one.frames, "time": one.times, **one.columns()})


def score_table(result: DeviationResult) -> pd.DataFrame:
    """Put the scores of all recordings into one table.

    Parameters
    ----------
    result : DeviationResult
        Scores.

    Returns
    -------
    DataFrame
        One row for each frame, with the columns ``recording, frame, time, posture_deviation,
        behaviour_deviation, posture_percentile, behaviour_percentile, constant, episodic,
        constant_percentile, episodic_percentile``. ``time`` is in seconds.
    """
    return pd.concat(list(score_tables(result)), ignore_index=True)


def pooled(scores: Sequence[Scores]) -> Scores:
    """Concatenate the scores of the recordings of a subject.

    Parameters
    ----------
    scores : sequence of Scores
        At least one.

    Returns
    -------
    Scores
        With the labels of the first recording, and the sessions of all.
    """
    first = scores[0]
    sessions = dict.fromkeys(one.session for one in scores)
    arrays = {name: np.concatenate([getattr(one, name) for one in scores]) for name in _arrays(first)}
    return Scores(first.name, first.subject, first.group, ", ".join(sessions), first.reference, **arrays)


def selected(scores: Scores, rows: npt.NDArray[np.bool_]) -> Scores:
    """Take some of the frames.

    Parameters
    ----------
    scores : Scores
    rows : ndarray of bool, shape (t,)

    Returns
    -------
    Scores
    """
    return replace(scores, **{name: array[rows] for name, array in _arrays(scores).items()})


def _arrays(scores: Scores) -> dict[str, Any]:
    """Everything that has a value for each frame, by name."""
    values = {field.name: getattr(scores, field.name) for field in fields(Scores)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
