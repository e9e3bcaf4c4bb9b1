"""Behaviour codes, computed while the posture codes of a recording are still being computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_ubam.analysis.pauses import without_pauses
from napari_ubam.crops.identity import to_ranges
from napari_ubam.progress import Cancel

from .encoder import Encoder

MIN_NEW_FRAMES = 512  # new frames needed before windows are encoded again


class WindowEncoder:
    """Encode each window as soon as the posture codes of all its frames are known.

    The video decoder can then continue while behaviour codes are computed.

    Parameters
    ----------
    encoder : Encoder
        Model that encodes the windows.
    times : (t,) float64 array
        Time of each frame of the recording, in seconds.
    cancel : Cancel, optional
        Flag that stops the work. The encoder checks it.
    """

    def __init__(self, encoder: Encoder, times: NDArray[np.float64], cancel: Cancel | None) -> None:
        self._encoder, self._times, self._cancel = encoder, times, cancel
        self._codes: NDArray[np.float32] | None = None
        self._complete = np.zeros(len(times), bool)
        self._known = 0  # number of frames with known posture at the last call
        self._next = 0  # first frame that has no behaviour code yet
        self._first_needed = 0  # first frame that the next windows can contain

    def update(self, posture: NDArray[np.float32], valid: NDArray[np.bool_], stop: int) -> None:
        """Encode the complete windows, if there are enough new frames.

        Parameters
        ----------
        posture : (t, d) float32 array
            Posture code of each frame. Rows from ``stop`` on are ignored.
        valid : (t,) bool array
            True for frames that have a posture code.
        stop : int
            Number of frames that are known so far.
        """
        if stop - self._known >= MIN_NEW_FRAMES:
            self._encode(posture, valid, stop)

    def finish(
        self, posture: NDArray[np.float32], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Encode the remaining windows and return the codes of the whole recording.

        Parameters
        ----------
        posture : (t, d) float32 array
            Posture code of each frame.
        valid : (t,) bool array
            True for frames that have a posture code.

        Returns
        -------
        behaviour : (t, e) float32 array
            Behaviour code of the window around each frame; NaN if the window is not complete.
        complete : (t,) bool array
            True for frames with a complete window.
        """
        self._encode(posture, valid, len(valid))
        assert self._codes is not None
        return self._codes, self._complete

    def _encode(self, posture: NDArray[np.float32], valid: NDArray[np.bool_], stop: int) -> None:
        rows = slice(self._first_needed, stop)
        segments = self._segments(valid[:stop])
        self._known = stop
        if not segments and (stop < len(valid) or self._codes is not None):
            return
        codes, complete = self._encoder.behaviour(
            posture[rows], self._times[rows], segments, cancel=self._cancel
        )
        if self._codes is None:
            self._codes = np.full((len(valid), codes.shape[1]), np.nan, np.float32)
        new = np.flatnonzero(complete) + self._first_needed
        new = new[new >= self._next]
        self._codes[new] = codes[new - self._first_needed]
        self._complete[new] = True
        self._update_first_needed(segments[-1] if segments else range(0), new)

    def _segments(self, valid: NDArray[np.bool_]) -> list[range]:
        """Give the known rows without a gap or a pause, counted from the first one that is needed."""
        first = self._first_needed
        ranges = [range(start + first, end + first) for start, end in to_ranges(valid[first:])]
        split = without_pauses(ranges, self._times)  # of the whole recording, so that all parts agree
        return [range(part.start - first, part.stop - first) for part in split]

    def _update_first_needed(self, last: range, new: NDArray[np.int64]) -> None:
        """Find the first frame that the windows of the next call can contain."""
        begin, end = last.start + self._first_needed, last.stop + self._first_needed
        if end < self._known:  # the segment has ended: it has no further windows
            self._next = self._first_needed = self._known
            return
        inside = new[new >= begin]
        if not len(inside):
            self._next, self._first_needed = max(self._next, begin), begin
            return
        # Half a window is at most as long as the time from the centre of the last complete window to the
        # last frame.
        self._next = int(inside[-1]) + 1
        half = self._times[self._known - 1] - self._times[self._next - 1]
        first = np.searchsorted(self._times[:end], self._times[self._next - 1] - half) - 1
        self._first_needed = max(int(first), begin)
