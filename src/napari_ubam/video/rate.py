"""Frame rate: what the times of a recording say of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_UNIFORM_SHARE = 0.9
_GAP = 1.5


def is_uniform(steps: npt.NDArray[Any]) -> bool:
    """Whether a recording has one frame rate, apart from gaps.

    Parameters
    ----------
    steps : ndarray, shape (frames - 1,)
        Time from each frame to the next, in any unit.

    Returns
    -------
    bool
        True if nine in ten steps are within a tenth of the median step: containers with coarse clocks
        (milliseconds) round steps up and down.
    """
    if not len(steps):
        return True
    return bool(np.isclose(steps, np.median(steps), rtol=0.1).mean() >= _UNIFORM_SHARE)


def frame_rate(times: npt.NDArray[np.float64], nominal: float | None, tick: float = 0.0) -> float:
    """Frames per second of a recording.

    Parameters
    ----------
    times : ndarray of float64, shape (frames,)
        Seconds of each frame.
    nominal : float or None
        Rate that the container states; taken where it agrees with the times up to their rounding.
    tick : float
        Seconds to which the times are rounded.

    Returns
    -------
    float
        Rate without gaps where it is uniform, else the mean rate; 1.0 for one frame without a stated rate.
    """
    steps = np.diff(times)
    if not len(steps) or times[-1] <= times[0]:
        return nominal or 1.0
    if is_uniform(steps):
        steps = steps[steps < _GAP * np.median(steps)]
    measured = float(1 / steps.mean())
    # The first and the last time are rounded, which matters in short clips.
    tolerance = max(5e-4, 1.5 * tick / float(steps.sum()))
    return nominal if nominal and abs(measured / nominal - 1) < tolerance else measured


def rate_notes(times: npt.NDArray[np.float64]) -> list[str]:
    """Sentences about gaps and a varying rate, for the user.

    Parameters
    ----------
    times : ndarray of float64, shape (frames,)
        Seconds of each frame.

    Returns
    -------
    list of str
        Empty for a constant rate without gaps.
    """
    steps = np.diff(times)
    if len(steps) < 2:
        return []
    if not is_uniform(steps):
        return [f"The frame rate varies: {steps.min() * 1e3:.3g} to {steps.max() * 1e3:.3g} ms a frame."]
    gaps = np.flatnonzero(steps > _GAP * np.median(steps))
    if not len(gaps):
        return []
    longest = gaps[np.argmax(steps[gaps])]
    lost = round(float((steps[gaps] / np.median(steps) - 1).sum()))
    count = "a gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
    return [
        f"There is {count} in time, of {lost} frames in all: the longest is {steps[longest]:.3g} s after "
        f"frame {longest}."
    ]
