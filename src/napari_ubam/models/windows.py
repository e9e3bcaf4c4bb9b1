"""Windows of postures around frames, at equal time steps for every frame rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ubam.analysis.pauses import without_pauses


@dataclass(frozen=True)
class Windows:
    """Position of the steps of each window between the frames of a recording.

    Parameters
    ----------
    centres : (n,) int64 array
        Centre row of each window.
    before : (n, steps) int64 array
        Row at or before each step.
    weight : (n, steps) float32 array
        Position of each step between this row and the next one, 0 to 1.
    """

    centres: NDArray[np.int64]
    before: NDArray[np.int64]
    weight: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.centres)

    def of(
        self, codes: NDArray[np.float32], which: NDArray[np.integer[Any]] | slice = slice(None)
    ) -> NDArray[np.float32]:
        """Read codes at the steps of windows.

        Parameters
        ----------
        codes : (t, d) float32 array
            Codes of all frames of the recording.
        which : array of int or slice
            Indices of the windows.

        Returns
        -------
        (n, steps, d) float32 array
            Linearly interpolated between frames.
        """
        before, weight = self.before[which], self.weight[which][..., None]
        after = np.minimum(before + 1, len(codes) - 1)
        mixed = codes[before] * (1 - weight) + np.where(weight > 0, codes[after], 0) * weight
        return mixed.astype(np.float32, copy=False)


def windows(
    times: NDArray[np.float64],
    segments: Sequence[range],
    window_ms: float,
    steps: int,
    *,
    have_pauses: bool = True,
) -> Windows:
    """Place a window around each frame.

    Windows that reach over the end of a segment, or over a pause of the recording, are left out.

    Parameters
    ----------
    times : (t,) float64 array
        Time of each frame in seconds.
    segments : sequence of range
        Rows of consecutive frames without a gap.
    window_ms : float
        Length of a window in milliseconds.
    steps : int
        Number of steps in a window, both ends included.
    have_pauses : bool
        Whether segments are split at pauses here. What a pause is depends on the times of the whole
        recording, so segments of a part of a recording must be split before.

    Returns
    -------
    Windows
        In the order of the frames.
    """
    offsets = (np.arange(steps) / (steps - 1) - 0.5) * window_ms / 1000
    split = without_pauses(segments, times) if have_pauses else segments
    whole = (part for part in split if len(part))
    parts = [_of_segment(times, np.arange(part.start, part.stop), offsets) for part in whole]
    if not parts:
        nothing = np.empty((0, steps))
        return Windows(np.empty(0, np.int64), nothing.astype(np.int64), nothing.astype(np.float32))
    centres, before, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Windows(centres, before, weight)


def _of_segment(
    times: NDArray[np.float64], rows: NDArray[np.int64], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    inside = times[rows]
    slack = 1e-6  # times are sums of rounded numbers
    whole = (inside + offsets[0] >= inside[0] - slack) & (inside + offsets[-1] <= inside[-1] + slack)
    at = np.clip(inside[whole, None] + offsets, inside[0], inside[-1])
    place = np.interp(at, inside, np.arange(len(rows)))
    place = np.where(np.abs(place - place.round()) < 1e-3, place.round(), place)
    before = np.floor(place).astype(np.int64)
    return rows[whole], rows[before], (place - before).astype(np.float32)
