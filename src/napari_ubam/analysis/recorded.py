"""What is kept of a recording while a study is scored: its times and valid frames, and not its codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.kinds import KINDS
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .codes import Codes
from .window_grid import WindowGrid, WindowSize, window_grid


@dataclass(frozen=True)
class Recorded:
    """A recording without its codes, which are read when they are asked for.

    Parameters
    ----------
    name, subject, group, session : str
        Labels of the recording.
    frames, times, valid, has_posture : ndarray, shape (t,)
        As in `Codes`.
    window : WindowSize or None
        As in `Codes`.
    sizes : mapping of str to int
        Length of a code by kind.
    posture_sum : ndarray of float64, shape (d,), optional
        Sum of all postures of length 1; None if windows are not compared by postures.
    load : callable
        Reads the codes.
    """

    name: str
    subject: str
    group: str
    session: str
    frames: npt.NDArray[np.integer[Any]]
    times: npt.NDArray[np.floating[Any]]
    valid: npt.NDArray[np.bool_]
    has_posture: npt.NDArray[np.bool_]
    window: WindowSize | None
    sizes: Mapping[str, int]
    posture_sum: npt.NDArray[np.float64] | None
    load: Callable[[], Codes]

    def __len__(self) -> int:
        return len(self.frames)

    def windows(self, size: WindowSize) -> WindowGrid:
        """Tell where windows begin, without reading postures.

        Parameters
        ----------
        size : WindowSize

        Returns
        -------
        WindowGrid
            Its postures have no values.
        """
        nothing = np.empty((len(self), 0), np.float32)
        return window_grid(nothing, self.times, self.has_posture, self.valid, size)


def recorded(
    codes: Sequence[Codes], progress: ProgressCallback = silent, cancel: Cancel | None = None
) -> list[Recorded]:
    """Read each recording once, and keep what is small.

    Parameters
    ----------
    codes : sequence of Codes
        A list, or a sequence that reads the codes of one recording on access.
    progress : callable
        Called with the progress of the stage ``"reading"``.
    cancel : object with ``is_set()``, optional
        Stops the work when set.

    Returns
    -------
    list of Recorded
    """
    found = []
    for number in range(len(codes)):
        check_cancelled(cancel)
        one = codes[number]
        progress(Progress("reading", number, len(codes), detail=one.name))
        found.append(
            Recorded(
                one.name,
                one.subject,
                one.group,
                one.session,
                one.frames,
                one.times,
                one.valid,
                one.has_posture,
                one.window,
                {kind: getattr(one, kind).shape[1] for kind in KINDS},
                None if one.window is None else one.posture_sum(),
                partial(codes.__getitem__, number),
            )
        )
    return found
