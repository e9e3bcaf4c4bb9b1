"""Posture and behaviour codes of one recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import DeviationError
from .individual import without_individual
from .unit_vectors import unit_vectors
from .window_grid import WindowGrid, WindowSize, window_grid


@dataclass(frozen=True)
class Codes:
    """Posture and behaviour codes of one recording.

    Parameters
    ----------
    name, subject, group, session : str
        Labels of the recording, from the study table.
    posture : ndarray of float, shape (t, d)
        Embedding of each frame.
    behaviour : ndarray of float, shape (t, e)
        Embedding of the window centred on each frame.
    times : ndarray of float, shape (t,)
        Time of each frame in the video, in seconds.
    frames : ndarray of int, shape (t,)
        Frame numbers in display order.
    valid : ndarray of bool, shape (t,)
        False where a frame has no usable code: in a gap of the track, or where its window is incomplete.
    encoded : ndarray of bool, shape (t,), optional
        True where a frame has a posture code, also if its window is incomplete. ``valid`` if left out.
    window : WindowSize, optional
        If given, windows are compared posture by posture. Otherwise they are compared by behaviour codes.

    Raises
    ------
    DeviationError
        If the arrays differ in length, or the code of a valid frame is not finite.
    """

    name: str
    subject: str
    group: str
    session: str
    posture: npt.NDArray[np.floating[Any]]
    behaviour: npt.NDArray[np.floating[Any]]
    times: npt.NDArray[np.floating[Any]]
    frames: npt.NDArray[np.integer[Any]]
    valid: npt.NDArray[np.bool_]
    encoded: npt.NDArray[np.bool_] | None = None
    window: WindowSize | None = None

    def __post_init__(self) -> None:
        names = ("posture", "behaviour", "times", "frames", "valid", "encoded")
        arrays = {name: getattr(self, name) for name in names}
        lengths = {name: len(array) for name, array in arrays.items() if array is not None}
        if len(set(lengths.values())) > 1:
            text = ", ".join(f"{length} {name}" for name, length in lengths.items())
            raise DeviationError(f"{self.name}: the codes have {text}; pass one of each for every frame.")
        for name in ("posture", "behaviour"):
            codes = getattr(self, name)
            if codes.ndim != 2:
                raise DeviationError(
                    f"{self.name}: {name} has the shape {codes.shape}; pass an array (t, d)."
                )
            # A sum is finite only if all its terms are. It needs no second array of this size.
            wanted = self.has_posture if name == "posture" else self.valid
            bad = wanted & ~np.isfinite(codes.sum(axis=1, dtype=np.float64))
            if bad.any():
                frame = int(self.frames[np.flatnonzero(bad)[0]])
                raise DeviationError(
                    f"{self.name}: the {name} code of frame {frame} is not finite; embed the recording again."
                )

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def has_posture(self) -> npt.NDArray[np.bool_]:
        """Frames that have a posture code, shape (t,)."""
        return self.valid if self.encoded is None else self.encoded

    def posture_sum(self) -> npt.NDArray[np.float64]:
        """Sum of all postures of length 1, shape (d,)."""
        total: npt.NDArray[np.float64] = unit_vectors(self.posture[self.has_posture]).sum(0, dtype=np.float64)
        return total

    def grid(self, window: WindowSize, mean: npt.NDArray[np.floating[Any]] | None = None) -> WindowGrid:
        """Read the postures at equal time steps, with half of the mean posture taken out.

        Parameters
        ----------
        window : WindowSize
        mean : ndarray of float, shape (d,), optional
            Mean posture of the subject in this session. That of the recording if left out.

        Returns
        -------
        WindowGrid
        """
        known = self.has_posture
        if mean is None:
            mean = self.posture_sum() / max(int(known.sum()), 1)
        postures = np.full(self.posture.shape, np.nan, np.float32)
        postures[known] = without_individual(unit_vectors(self.posture[known]), mean)
        return window_grid(postures, self.times, known, self.valid, window)
