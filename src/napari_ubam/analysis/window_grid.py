"""Postures at equal time steps, so that windows of any two recordings are compared step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .pauses import without_pauses
from .unit_vectors import unit_vectors

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

_SLACK = 1e-6  # seconds: times are sums of rounded numbers
_ROUNDING = 1e-3  # of a step: a point of the grid this near to a frame is the frame
_FITS, _REGULAR = 0.01, 0.1  # of an interval: how far frame rate and intervals may be off the steps


@dataclass(frozen=True)
class WindowSize:
    """Length of a window, and the steps at which its postures are compared.

    Parameters
    ----------
    milliseconds : float
        From the first to the last step.
    steps : int
        Number of steps, both ends included; at least 2.
    """

    milliseconds: float
    steps: int

    @property
    def step(self) -> float:
        """Seconds between two steps."""
        return self.milliseconds / 1000 / (self.steps - 1)


@dataclass(frozen=True)
class WindowGrid:
    """Postures of a recording at equal time steps, and the windows that begin at each.

    Parameters
    ----------
    postures : ndarray of float32, shape (g, d)
        Codes of length 1, interpolated between frames. Segments without a gap follow each other.
    begins : ndarray of bool, shape (g,)
        Whether a whole window begins at a point of the grid.
    centre : ndarray of int, shape (g,)
        Frame next to the middle of the window that begins at a point; -1 where none begins.
    place : ndarray of float64, shape (t,)
        Point at which the window around each frame begins, in fractions of a step; NaN if there is none.
    """

    postures: npt.NDArray[np.float32]
    begins: Flags
    centre: npt.NDArray[np.int64]
    place: npt.NDArray[np.float64]

    def at_frames(self, values: Floats) -> npt.NDArray[np.float32]:
        """Read values of windows at the frames.

        Parameters
        ----------
        values : ndarray of float, shape (g,)
            A value for each window, at the point where it begins.

        Returns
        -------
        ndarray of float32, shape (t,)
            Linearly interpolated between windows; NaN for frames without a whole window.
        """
        found = np.full(len(self.place), np.nan, np.float32)
        known = np.isfinite(self.place)
        before = np.floor(self.place[known]).astype(np.int64)
        share = self.place[known] - before
        after = np.where(share > 0, before + 1, before)
        found[known] = values[before] * (1 - share) + values[after] * share
        return found


def window_grid(
    postures: Floats, times: Floats, encoded: Flags, valid: Flags, size: WindowSize
) -> WindowGrid:
    """Read the postures of a recording at equal time steps.

    If the frame rate fits the steps to one in a hundred, as 29.97 fits 30, the points of the grid are frames,
    and nothing is interpolated. No window reaches over a pause of the recording.

    Parameters
    ----------
    postures : ndarray of float, shape (t, d)
        Posture codes; only their direction counts. With d = 0, only the places of the windows are found.
    times : ndarray of float, shape (t,)
        Time of each frame in seconds, ascending.
    encoded : ndarray of bool, shape (t,)
        Frames that have a posture. A window never reaches over a frame without one.
    valid : ndarray of bool, shape (t,)
        Frames that are asked for.
    size : WindowSize

    Returns
    -------
    WindowGrid
    """
    parts, before = [], 0
    place = np.full(len(times), np.nan)
    for rows in _segments(encoded, np.asarray(times, float)):
        inside = np.asarray(times[rows], float)
        at, own = _points(inside, size)
        count, last = len(at), len(at) - size.steps  # the last point at which a window can begin
        if last < 0:
            continue
        own = np.where(np.abs(own - own.round()) < _ROUNDING, own.round(), own)
        # The grid ends up to one step before the segment does: the last window stands for those frames.
        whole = (own >= 0) & (own < last + 1) & valid[rows]
        place[rows] = np.where(whole, before + np.clip(own, 0, last), np.nan)
        centre = np.full(count, -1)
        centre[: last + 1] = rows.start + _nearest(inside, at[: last + 1] + size.milliseconds / 2000)
        parts.append((_interpolated(postures[rows], inside, at), centre))
        before += count
    if not parts:
        nothing = np.empty((0, postures.shape[1]), np.float32)
        return WindowGrid(nothing, np.zeros(0, bool), np.zeros(0, np.int64), place)
    grid, centre = (np.concatenate(part) for part in zip(*parts, strict=True))
    return WindowGrid(grid, centre >= 0, centre, place)


def _segments(encoded: Flags, times: Floats) -> Iterator[slice]:
    """Give the runs of frames with a posture and without a pause."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], encoded, [False]])))
    for part in without_pauses((range(*run) for run in edges.reshape(-1, 2).tolist()), times):
        yield slice(part.start, part.stop)


def _points(times: Floats, size: WindowSize) -> tuple[Floats, Floats]:
    """Give the times of the grid, and the point at which the window around each frame begins."""
    half, steps = (size.steps - 1) / 2, np.diff(times)
    usual = float(np.median(steps)) if len(steps) else size.step
    every = max(round(size.step / usual), 1)
    fits = abs(size.step / usual / every - 1) < _FITS
    if fits and (np.abs(steps - usual) < _REGULAR * usual).all():
        return times[::every], np.arange(len(times)) / every - half
    count = int((times[-1] - times[0] + _SLACK) / size.step) + 1
    return times[0] + np.arange(count) * size.step, (times - times[0]) / size.step - half


def _interpolated(postures: Floats, times: Floats, at: Floats) -> npt.NDArray[np.float32]:
    if not postures.shape[1]:
        return np.empty((len(at), 0), np.float32)
    units = unit_vectors(postures)
    if len(times) == 1:
        return np.repeat(units, len(at), axis=0)
    row = np.interp(at, times, np.arange(len(times)))
    row = np.where(np.abs(row - row.round()) < _ROUNDING, row.round(), row)
    before = np.minimum(np.floor(row).astype(np.int64), len(times) - 1)
    share = (row - before)[:, None]
    if not share.any():
        return units[before]
    after = np.minimum(before + 1, len(times) - 1)
    return unit_vectors(units[before] * (1 - share) + units[after] * share)


def _nearest(times: Floats, at: Floats) -> npt.NDArray[np.int64]:
    after = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
    after = np.minimum(after, len(times) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(at - times[before] < times[after] - at, before, after)
