"""Behaviour codes while postures still come, so that the decoder never waits for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops.identity import to_ranges
from napari_ubam.progress import Cancel

from .encoder import Encoder

FRAMES = 512  # that come together before their windows are encoded


class Behaving:
    """Encodes windows as soon as all their frames are there.

    Parameters
    ----------
    encoder : Encoder
    times : (t,) float64 array
        Seconds of each frame of the recording.
    cancel : Cancel, optional
        Passed to the encoder.
    """

    def __init__(self, encoder: Encoder, times: NDArray[np.float64], cancel: Cancel | None) -> None:
        self._encoder, self._times, self._cancel = encoder, times, cancel
        self._codes: NDArray[np.float32] | None = None
        self._whole = np.zeros(len(times), bool)
        self._seen = self._next = self._from = 0  # rows known, first without its code, first that it needs

    def follow(self, posture: NDArray[np.float32], valid: NDArray[np.bool_], stop: int) -> None:
        """Encode what can be, once enough frames came; rows before ``stop`` are there."""
        if stop - self._seen >= FRAMES:
            self._encode(posture, valid, stop)

    def finish(
        self, posture: NDArray[np.float32], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Encode the rest; give the codes of all frames (t, d), and which windows are whole (t,)."""
        self._encode(posture, valid, len(valid))
        assert self._codes is not None
        return self._codes, self._whole

    def _encode(self, posture: NDArray[np.float32], valid: NDArray[np.bool_], stop: int) -> None:
        rows = slice(self._from, stop)
        segments = [range(*pair) for pair in to_ranges(valid[rows])]
        self._seen = stop
        if not segments and (stop < len(valid) or self._codes is not None):
            return
        codes, whole = self._encoder.behaviour(
            posture[rows], self._times[rows], segments, cancel=self._cancel
        )
        if self._codes is None:
            self._codes = np.full((len(valid), codes.shape[1]), np.nan, np.float32)
        new = np.flatnonzero(whole) + self._from
        new = new[new >= self._next]
        self._codes[new] = codes[new - self._from]
        self._whole[new] = True
        self._look_back(segments[-1] if segments else range(0), new)

    def _look_back(self, last: range, new: NDArray[np.int64]) -> None:
        """Find how far back the windows that are not whole yet may reach."""
        begin, end = last.start + self._from, last.stop + self._from
        if end < self._seen:  # it ended before the last frame, so nothing more comes of it
            self._next = self._from = self._seen
            return
        inside = new[new >= begin]
        if not len(inside):
            self._next, self._from = max(self._next, begin), begin
            return
        # Half a window is no longer than from the last whole one's frame to the last frame.
        self._next = int(inside[-1]) + 1
        half = self._times[self._seen - 1] - self._times[self._next - 1]
        first = np.searchsorted(self._times[:end], self._times[self._next - 1] - half) - 1
        self._from = max(int(first), begin)
