"""A recording as the checks after a training see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_ubam.learners.posture_track import PostureTrack
from napari_ubam.learners.sampling import Crops, evenly_spaced

from .holdout import boundary, first_late_frame


@dataclass(frozen=True)
class CheckedRecording:
    """A recording with its crops and postures.

    Parameters
    ----------
    name, subject : str
        As in the study.
    crops : Crops
        Crops of the frames that have one.
    frames : (t,) int64 array
        Frame number of each row of the track.
    track : PostureTrack
        Posture codes of the trained encoder. A row without a crop may hold NaN.
    session : str
        As in the study.
    """

    name: str
    subject: str
    crops: Crops
    frames: NDArray[np.int64]
    track: PostureTrack
    session: str = ""

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows with a crop and a posture."""
        has_crop = np.zeros(len(self.frames), bool)
        for start, stop in self.crops.runs:
            has_crop |= (self.frames >= start) & (self.frames < stop)
        return np.flatnonzero(has_crop & np.isfinite(self.track.posture).all(1))

    def early_track(self) -> PostureTrack:
        """Return the track with the windows that end before the last fifth, for the training."""
        windows = self.track.windows
        last = windows.before[:, -1] + (windows.weight[:, -1] > 0)  # interpolation reads the next row
        return self.track.of_windows(self.frames[last] < boundary(self.crops.runs))

    def late_windows(self) -> NDArray[np.int64]:
        """Return the indices of the windows in the last fifth, without a gap at its beginning."""
        first = self.frames[self.track.windows.before[:, 0]]
        return np.flatnonzero(first >= first_late_frame(self.crops))

    def spaced_rows(self, most: int) -> NDArray[np.int64]:
        """Evenly spaced rows with a crop and a posture.

        Parameters
        ----------
        most : int
            Largest number of rows.

        Returns
        -------
        (n,) int64 array
        """
        return self.rows[evenly_spaced(len(self.rows), most)]
