"""The reference posture of every frame: what others do at the same phase of the movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from napari_ubam.crops.identity import to_ranges
from napari_ubam.progress import Cancel, check_cancelled

from .codes import Codes, DeviationError
from .phase import aligned

Floats = npt.NDArray[np.floating[Any]]

SHARPNESS = 0.05  # cosine distance by which a reference that is worse counts a third
STEADY = 0.3  # seconds over which the references' weights are smoothed
LONGEST = 3000  # frames of a reference that are looked at


@dataclass(frozen=True)
class PhaseAlignment:
    """Frames of others that show the reference posture of each frame of a recording.

    Parameters
    ----------
    names : tuple of str
        Recordings of the reference.
    rows : (t, r) int64 array
        Row of each of them; at the same phase of the movement.
    weights : (t, r) float32 array
        How much each counts; they sum to 1.
    distance : (t, r) float32 array
        Cosine distance of their windows from the frame's.
    """

    names: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    distance: npt.NDArray[np.float32]

    def mean(self, values: Sequence[Floats]) -> npt.NDArray[np.float32]:
        """Weigh what the references show.

        Parameters
        ----------
        values : sequence of (j, d) arrays
            One a recording of the reference, a row a frame.

        Returns
        -------
        (t, d) float32 array
        """
        total = np.zeros((len(self.rows), values[0].shape[1]), np.float32)
        for place, one in enumerate(values):
            total += self.weights[:, place, None] * np.asarray(one, np.float32)[self.rows[:, place]]
        return total


def phase_alignment(
    own: Codes, others: Sequence[Codes], *, window: slice = slice(None), cancel: Cancel | None = None
) -> PhaseAlignment:
    """Find the reference frames of a part of a recording.

    Each reference is followed through without jumps between cycles of the movement (`aligned`); those whose
    windows are nearer weigh more, by weights that change slowly.

    Parameters
    ----------
    own : Codes
        The recording that is asked about.
    others : sequence of Codes
        Recordings of the reference. Those of the own subject are left out, unless there are no others.
    window : slice
        Rows of ``own``; all must be valid.
    cancel : Cancel, optional

    Returns
    -------
    PhaseAlignment

    Raises
    ------
    DeviationError
        If no reference can be used, or a frame has no code.
    """
    used = usable_references(own, others)
    if not own.valid[window].all():
        raise DeviationError(f"{own.name}: some of these frames have no code; ask for others.")
    rows, distance = [], []
    own_period = frame_interval(
        own.times
    )  # of all, so that a frame does not depend on which others are asked for
    for one in used:
        check_cancelled(cancel)
        run = _longest_run(one.valid)
        ratio = own_period / frame_interval(one.times)
        path, cost = aligned(own.behaviour[window], one.behaviour[run], ratio, cancel=cancel)
        rows.append(path + run.start)
        distance.append(cost)
    far = np.stack(distance, 1).astype(np.float32)
    spread = max(STEADY / own_period, 0.5)
    slow = gaussian_filter1d(far, spread, axis=0, mode="nearest")
    weights = np.exp(-(slow - slow.min(1, keepdims=True)) / SHARPNESS)
    weights /= weights.sum(1, keepdims=True)
    return PhaseAlignment(tuple(one.name for one in used), np.stack(rows, 1), weights.astype(np.float32), far)


def usable_references(own: Codes, others: Sequence[Codes]) -> list[Codes]:
    """Choose what leads a recording: the reference's other subjects, or its own other recordings.

    Raises
    ------
    DeviationError
        If there is neither.
    """
    foreign = [one for one in others if one.subject != own.subject and one.valid.any()]
    used = foreign or [one for one in others if one.name != own.name and one.valid.any()]
    if not used:
        raise DeviationError(
            f"The reference has no recording that can be used but {own.name} itself; choose another one."
        )
    return used


def _longest_run(valid: npt.NDArray[np.bool_]) -> slice:
    """Longest run of valid rows, cut to what is looked at."""
    start, stop = max(to_ranges(valid), key=lambda run: run[1] - run[0])
    return slice(start, min(stop, start + LONGEST))


def frame_interval(times: Floats) -> float:
    """Seconds from frame to frame, the median; 1 for a single frame."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0
