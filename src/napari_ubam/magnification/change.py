"""The change from the postures of a recording to those of the reference, in coefficients of the magnifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from napari_ubam.analysis import Codes
from napari_ubam.analysis.phase_alignment import PhaseAlignment, frame_interval, phase_alignment
from napari_ubam.crops.identity import to_ranges
from napari_ubam.progress import Cancel, check_cancelled

from .defaults import SMOOTHING_MS
from .shrinkage import standing_out

CLEAR = 1.1
"""Times the spread of the reference; a smaller change may be the individual and not a deviation.

With this limit, a fifth of the frames are marked whose magnification is right in the worlds of the
benchmark, and three in four of those whose magnification is wrong; see docs/method.md.
"""

MARGIN = 4000
"""Frames before and after the wanted ones that are aligned, too, so that a range does not change a frame."""


@dataclass(frozen=True)
class ReferenceChange:
    """Change towards the reference over consecutive frames.

    Parameters
    ----------
    frames : ndarray of int64, shape (t,)
        Frame numbers.
    own : ndarray of float32, shape (t, k)
        Coefficients of the posture in each frame.
    measured : ndarray of float32, shape (t, k)
        Coefficients of the reference posture minus ``own``, smoothed in time.
    change : ndarray of float32, shape (t, k)
        What of it stands out from the differences between the reference recordings. This is magnified.
    spread : ndarray of float32, shape (t,)
        How much the reference recordings differ from each other at this phase, in the same units as the
        length of ``measured``; NaN where there is only one.
    alignment : PhaseAlignment
        Frames of the reference recordings at the same movement phase.
    """

    frames: NDArray[np.int64]
    own: NDArray[np.float32]
    measured: NDArray[np.float32]
    change: NDArray[np.float32]
    spread: NDArray[np.float32]
    alignment: PhaseAlignment

    @property
    def unclear(self) -> NDArray[np.bool_]:
        """Whether a frame differs from the reference less than `CLEAR` times its spread, shape (t,)."""
        small: NDArray[np.bool_] = np.linalg.norm(self.measured, axis=1) < CLEAR * self.spread
        return small


def changes_to_reference(
    recording: Codes,
    references: Sequence[Codes],
    coefficients: Mapping[str, NDArray[np.float32]],
    *,
    rows: slice = slice(None),
    smoothing_ms: float = SMOOTHING_MS,
    cancel: Cancel | None = None,
) -> list[ReferenceChange]:
    """Compute the change towards the reference for each run of frames without a gap.

    Each frame is compared with the frames of the reference at the same movement phase. The difference is
    smoothed in time, because it changes slowly even where the movement is fast, and shrunk by `standing_out`.

    Parameters
    ----------
    recording : Codes
    references : sequence of Codes
        Reference recordings. Those of the same subject are left out, unless there are no others.
    coefficients : mapping of str to ndarray of float32, shape (t, k)
        Coefficients of all frames of the recording and of each reference recording, by name.
    rows : slice
        Rows of the recording that are wanted. Others near them are computed, too.
    smoothing_ms : float
        Standard deviation of the Gaussian filter in milliseconds. 0 does not smooth.
    cancel : object with ``is_set()``, optional
        Stops the work when set.

    Returns
    -------
    list of ReferenceChange
        In the order of the frames. Frames without a code are in none of them.

    Raises
    ------
    DeviationError
        If no reference recording is usable.
    Cancelled
        When ``cancel`` is set.
    """
    first, last, _ = rows.indices(len(recording))
    own = coefficients[recording.name]
    found = []
    for start, stop in to_ranges(recording.valid):
        check_cancelled(cancel)
        part = slice(max(start, first - MARGIN), min(stop, last + MARGIN))
        if part.start >= part.stop:
            continue
        alignment = phase_alignment(recording, references, window=part, cancel=cancel)
        values = [coefficients[name] for name in alignment.names]
        mean = alignment.mean(values)
        interval = frame_interval(recording.times[part])
        measured = mean - own[part]
        if smoothing_ms:
            measured = gaussian_filter1d(measured, smoothing_ms / 1000 / interval, axis=0, mode="nearest")
        part_of = ReferenceChange(
            frames=recording.frames[part].astype(np.int64),
            own=own[part],
            measured=measured,
            change=standing_out(measured, alignment, values, mean, interval),
            spread=alignment.spread(values, mean),
            alignment=alignment,
        )
        found.append(part_of)
    return found
