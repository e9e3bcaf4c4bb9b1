"""Values of frames as a function of time, so that all frame rates are averaged alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_TINY = 1e-9  # seconds


class Signal:
    """Values of the frames of a recording, averaged over any period of time.

    A frame stands for the time around it, half an interval to each side. Gaps and frames without a value are
    left out of the averages.

    Parameters
    ----------
    times : ndarray of float, shape (t,)
        Time of each frame in seconds, ascending.
    values : ndarray of float, shape (t,) or (t, k)
        NaN where there is none.
    """

    def __init__(self, times: npt.NDArray[np.floating[Any]], values: npt.NDArray[np.floating[Any]]) -> None:
        seconds = np.asarray(times, np.float64)
        columns = np.asarray(values, np.float64).reshape(len(seconds), -1)
        steps = np.diff(seconds)
        self.interval = float(np.median(steps)) if len(steps) else 0.0
        half = np.minimum(steps, 1.5 * self.interval) / 2
        edge = self.interval / 2
        starts = seconds - np.concatenate([[edge], half])
        stops = seconds + np.concatenate([half, [edge]])
        self.first, self.last = float(starts[0]), float(stops[-1])
        known = np.asarray(np.isfinite(columns).all(axis=1))
        length = (stops - starts) * known
        filled = np.where(known[:, None], columns, 0.0)
        # Up to the start and to the stop of each frame; the last column counts the seconds that are known.
        sums = np.cumsum(np.column_stack([filled * length[:, None], length]), axis=0)
        self._sums = np.repeat(np.vstack([np.zeros((1, sums.shape[1])), sums]), 2, axis=0)[1:-1]
        self._bounds = np.column_stack([starts, stops]).ravel() - self.first

    @property
    def seconds(self) -> float:
        """Duration from the start of the first frame to the stop of the last one."""
        return self.last - self.first

    def means(self, start: Floats, stop: Floats, shift: Floats | float = 0.0) -> tuple[Floats, Floats]:
        """Average over periods of time.

        Parameters
        ----------
        start, stop : ndarray of float, any shape
            Seconds. What lies outside the recording continues at its other end, so that a stimulus that is
            shifted in time never loses frames.
        shift : ndarray of float or float
            Seconds that are added to both.

        Returns
        -------
        means : ndarray of float, shape (..., k)
            NaN where nothing is known.
        seconds : ndarray of float, shape (...)
            How much of each period is known.
        """
        sums = self._until(stop + shift) - self._until(start + shift)
        known = sums[..., -1]
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(known[..., None] > _TINY, sums[..., :-1] / known[..., None], np.nan)
        return means, np.maximum(known, 0.0)

    def turns(self, times: Floats) -> Floats:
        """Tell how many times a recording that continues at its other end was passed.

        Parameters
        ----------
        times : ndarray of float, any shape
            Seconds.

        Returns
        -------
        ndarray of float, same shape
            0 within the recording.
        """
        found: Floats = np.floor((times - self.first) / self.seconds)
        return found

    def _until(self, times: Floats) -> Floats:
        """Integrals from the start of the recording to times, shape (..., k + 1)."""
        turns, place = np.divmod(times - self.first, self.seconds)
        after = np.clip(np.searchsorted(self._bounds, place, side="right"), 1, len(self._bounds) - 1)
        low, high = self._bounds[after - 1], self._bounds[after]
        share = np.divide(place - low, high - low, out=np.zeros_like(place), where=high > low)
        before = self._sums[after - 1]
        found: Floats = (
            before + share[..., None] * (self._sums[after] - before) + turns[..., None] * self._sums[-1]
        )
        return found
