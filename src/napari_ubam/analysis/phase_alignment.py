"""Phase alignment: for each frame of a recording, the frames of the reference at the same movement phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from napari_ubam.crops.identity import to_ranges
from napari_ubam.progress import Cancel, check_cancelled

from .codes import Codes
from .errors import DeviationError
from .unit_vectors import unit_vectors

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

JUMP_COST = 0.3  # cosine distance; a jump to another moment must save more than this
FASTEST = 3  # frames of the reference for one frame of the query at most, at equal frame rates
BLOCK = 512  # frames whose distances are computed at once
SHARPNESS = 0.05  # cosine distance; a recording that is this much farther away gets a third of the weight
SMOOTHING = 0.3  # seconds (standard deviation) over which the weights are smoothed
LONGEST = 3000  # frames of a reference recording that are searched at most
LEAST_LEFT = 0.02  # of the weight beside the heaviest recording, so that a spread can be measured
SHORTEST = 2.0  # seconds of a recording whose mean tells the individual and not only what it did


@dataclass(frozen=True)
class PhaseAlignment:
    """Frames of the reference at the same movement phase as each frame of a recording.

    Parameters
    ----------
    names : tuple of str
        Names of the r reference recordings.
    rows : ndarray of int64, shape (t, r)
        Row of the aligned frame in each reference recording.
    weights : ndarray of float32, shape (t, r)
        Weight of each reference recording. Each row sums to 1.
    """

    names: tuple[str, ...]
    rows: Ints
    weights: npt.NDArray[np.float32]

    def mean(self, values: Sequence[Floats]) -> npt.NDArray[np.float32]:
        """Average values of the aligned frames over the reference recordings, by their weights.

        Parameters
        ----------
        values : sequence of ndarray of float, shape (j, d)
            Values of all frames of each reference recording, in the order of ``names``.

        Returns
        -------
        ndarray of float32, shape (t, d)
        """
        total = np.zeros((len(self.rows), values[0].shape[1]), np.float32)
        for place, one in enumerate(values):
            total += self.weights[:, place, None] * np.asarray(one, np.float32)[self.rows[:, place]]
        return total

    def spread(self, values: Sequence[Floats], mean: Floats) -> npt.NDArray[np.float32]:
        """Measure how much the reference recordings differ from each other at the same movement phase.

        Parameters
        ----------
        values : sequence of ndarray of float, shape (j, d)
            As for `mean`.
        mean : ndarray of float, shape (t, d)
            Their `mean`.

        Returns
        -------
        ndarray of float32, shape (t,)
            Weighted standard deviation of the aligned values from their mean, over all dimensions together.
            NaN where a single recording has all the weight.
        """
        total = np.zeros(len(self.rows))
        for place, one in enumerate(values):
            aligned = np.asarray(one, np.float32)[self.rows[:, place]]
            total += self.weights[:, place] * np.square(aligned - mean).sum(1)
        left = 1 - np.square(self.weights.astype(np.float64)).sum(1)
        found: npt.NDArray[np.float64] = np.sqrt(total / np.where(left > LEAST_LEFT, left, np.nan))
        return found.astype(np.float32)


def phase_alignment(
    recording: Codes,
    references: Sequence[Codes],
    *,
    window: slice = slice(None),
    cancel: Cancel | None = None,
) -> PhaseAlignment:
    """Align the recordings of the reference with a part of a recording.

    Each reference recording is aligned by `align_phase`, without the individual: the mean behaviour code of
    all individuals takes the place of the mean of each subject in each session, over the recordings that are
    given. Recordings with more similar windows get more
    weight, and the weights change slowly.

    Parameters
    ----------
    recording : Codes
        The recording that is compared with the reference.
    references : sequence of Codes
        Recordings of the reference. Those of the same subject are left out, unless there are no others.
    window : slice
        Rows of ``recording`` that are aligned. All of them must be valid.
    cancel : object with ``is_set()``, optional
        Stops the work when set.

    Returns
    -------
    PhaseAlignment

    Raises
    ------
    DeviationError
        If no reference recording is usable, or a frame has no code.
    Cancelled
        When ``cancel`` is set.
    """
    used = usable_references(recording, references)
    if not recording.valid[window].all():
        raise DeviationError(f"{recording.name}: some of these frames have no code; choose other frames.")
    # Of the whole recording, so that the result of a frame does not depend on the choice of the other frames.
    interval = frame_interval(recording.times)
    query_shift, *shifts = _shifts([recording, *used])
    query = unit_vectors(recording.behaviour[window]) + query_shift
    rows, distances = [], []
    for one, shift in zip(used, shifts, strict=True):
        check_cancelled(cancel)
        part = _longest_run(one.valid)
        rate_ratio = interval / frame_interval(one.times)
        path, distance = align_phase(
            query, unit_vectors(one.behaviour[part]) + shift, rate_ratio, cancel=cancel
        )
        rows.append(path + part.start)
        distances.append(distance)
    weights = _weights(np.stack(distances, 1), interval)
    return PhaseAlignment(tuple(one.name for one in used), np.stack(rows, 1), weights)


def align_phase(
    query: Floats,
    reference: Floats,
    rate_ratio: float = 1.0,
    jump_cost: float = JUMP_COST,
    cancel: Cancel | None = None,
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Follow a movement through a recording of another subject, without jumps between its cycles.

    Finds the path with the smallest sum of cosine distances (Viterbi, IEEE Trans. Inf. Theory 13, 1967). From
    frame to frame, the path stays at a frame of the reference, advances by a few frames, or jumps to any
    frame at a cost.

    Parameters
    ----------
    query : ndarray of float, shape (t, e)
        Behaviour codes of consecutive frames.
    reference : ndarray of float, shape (j, e)
        Behaviour codes of consecutive frames of the reference.
    rate_ratio : float
        Frame rate of the reference divided by that of the query.
    jump_cost : float
        Cost of a jump, in units of cosine distance.
    cancel : object with ``is_set()``, optional
        Stops the work when set.

    Returns
    -------
    path : ndarray of int64, shape (t,)
        Row of the reference for each frame of the query.
    distance : ndarray of float32, shape (t,)
        Cosine distance between the two, 0 to 2.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    one, other = unit_vectors(query), unit_vectors(reference)
    count, width = len(one), len(other)
    steps = np.arange(max(round(FASTEST * rate_ratio), 1) + 1)
    step_costs = 0.1 * jump_cost * np.abs(steps - rate_ratio) / max(rate_ratio, 1.0)
    step_to = np.full((count, width), -1, np.int16)  # step that leads to each frame; -1 is a jump
    jump_from = np.zeros(count, np.int64)  # frame that a jump starts from
    total: npt.NDArray[Any] = np.zeros(width)
    for start in range(0, count, BLOCK):
        check_cancelled(cancel)
        for row, distance in enumerate(1 - one[start : start + BLOCK] @ other.T, start):
            if row:
                jump_from[row] = int(total.argmin())
                cheapest = np.full(width, total[jump_from[row]] + jump_cost)
                for step, cost in zip(steps.tolist(), step_costs.tolist(), strict=True):
                    if step >= width:
                        break
                    advanced = total[: width - step] + cost
                    better = advanced < cheapest[step:]
                    cheapest[step:][better] = advanced[better]
                    step_to[row, step:][better] = step
                total = cheapest
            total = total + distance
    path = np.empty(count, np.int64)
    path[-1] = int(total.argmin())
    for row in range(count - 1, 0, -1):
        step = int(step_to[row, path[row]])
        path[row - 1] = jump_from[row] if step < 0 else path[row] - step
    return path, 1 - (one * other[path]).sum(1)


def usable_references(recording: Codes, references: Sequence[Codes]) -> list[Codes]:
    """Choose the reference recordings that a recording can be aligned with.

    Parameters
    ----------
    recording : Codes
        The recording that is compared with the reference.
    references : sequence of Codes
        Recordings of the reference.

    Returns
    -------
    list of Codes
        Recordings of other subjects. If there are none, the other recordings of the same subject.

    Raises
    ------
    DeviationError
        If there are neither.
    """
    usable = [one for one in references if one.name != recording.name and one.valid.any()]
    others = [one for one in usable if one.subject != recording.subject]
    if not usable:
        raise DeviationError(
            f"The reference has no usable recording other than {recording.name} itself; choose another one."
        )
    return others or usable


def frame_interval(times: Floats) -> float:
    """Measure the time between consecutive frames.

    Parameters
    ----------
    times : ndarray of float, shape (t,)
        Time of each frame in seconds.

    Returns
    -------
    float
        Median interval in seconds. 1 for a single frame.
    """
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0


def _shifts(recordings: Sequence[Codes]) -> list[npt.NDArray[np.float32]]:
    """Give what takes the individual out of each recording: a code (e,) that is added to its unit codes.

    Recordings of a subject in a session share one.
    """
    individuals: dict[tuple[str, str], list[Codes]] = {}
    for one in recordings:
        individuals.setdefault((one.subject, one.session), []).append(one)
    means = {who: _own_mean(own) for who, own in individuals.items()}
    known = [mean for mean in means.values() if mean is not None]
    common = np.mean(known, axis=0) if known else np.zeros(recordings[0].behaviour.shape[1])
    changes = {who: common - (common if mean is None else mean) for who, mean in means.items()}
    return [changes[one.subject, one.session].astype(np.float32) for one in recordings]


def _own_mean(recordings: Sequence[Codes]) -> npt.NDArray[np.float64] | None:
    """Mean unit behaviour code (e,) of a subject in a session; None if its recordings are too short."""
    rows = [np.flatnonzero(one.valid) for one in recordings]
    seconds = sum(len(own) * frame_interval(one.times) for own, one in zip(rows, recordings, strict=True))
    if seconds < SHORTEST:
        return None
    total, count = np.zeros(recordings[0].behaviour.shape[1]), 0
    for own, one in zip(rows, recordings, strict=True):
        step = max(sum(map(len, rows)) // LONGEST, 1)  # every recording has its share of the frames
        units = unit_vectors(one.behaviour[own[::step]])
        total, count = total + units.sum(0, dtype=np.float64), count + len(units)
    return total / count


def _weights(distances: Floats, interval: float) -> npt.NDArray[np.float32]:
    """Weight of each reference recording (t, r) from its distances (t, r), smoothed in time."""
    frames = max(SMOOTHING / interval, 0.5)
    smooth = gaussian_filter1d(distances.astype(np.float32), frames, axis=0, mode="nearest")
    weights = np.exp(-(smooth - smooth.min(1, keepdims=True)) / SHARPNESS)
    weights /= weights.sum(1, keepdims=True)
    return np.asarray(weights, np.float32)


def _longest_run(valid: npt.NDArray[np.bool_]) -> slice:
    """Longest run of valid rows, limited to the frames that are searched."""
    start, stop = max(to_ranges(valid), key=lambda run: run[1] - run[0])
    return slice(start, min(stop, start + LONGEST))
