"""Frame rate: what the times of a recording say of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_UNIFORM_SHARE = 0.9
_GAP = 1.5


def is_uniform(steps: npt.NDArray[Any], tick: float = 0.0) -> bool:
    """Whether a recording has one frame rate, apart from gaps.

    Parameters
    ----------
    steps : ndarray, shape (frames - 1,)
        Time from each frame to the next, in any unit.
    tick : float
        What times are rounded to, in the same unit: milliseconds in MKV, a quarter of a step at 240 a second.

    Returns
    -------
    bool
        True if nine in ten steps are the median step, up to a tenth of it and the rounding.
    """
    if not len(steps):
        return True
    return bool(
        np.isclose(steps, np.median(steps), rtol=0.1, atol=_slack(steps, tick)).mean() >= _UNIFORM_SHARE
    )


def is_gap(steps: npt.NDArray[Any], tick: float = 0.0) -> npt.NDArray[np.bool_]:
    """Tell the steps of a uniform recording within which frames are missing.

    Parameters
    ----------
    steps : ndarray, shape (frames - 1,)
        Time from each frame to the next, in any unit.
    tick : float
        What times are rounded to, in the same unit.

    Returns
    -------
    ndarray of bool, shape (frames - 1,)
        True where the step is more than one and a half of the usual one, beyond rounding.
    """
    longer: npt.NDArray[np.bool_] = steps > _GAP * np.median(steps) + _slack(steps, tick)
    return longer


def _slack(steps: npt.NDArray[Any], tick: float) -> float:
    """Tell what rounding adds to a step; nothing where the clock ticks once a frame, as in AVI."""
    return 1.05 * tick if 2 * tick <= steps.mean() else 0.0


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
    if is_uniform(steps, tick):
        steps = steps[~is_gap(steps, tick)]
    measured = float(1 / steps.mean())
    # The first and the last time are rounded, which matters in short clips.
    tolerance = max(5e-4, 1.5 * tick / float(steps.sum()))
    return nominal if nominal and abs(measured / nominal - 1) < tolerance else measured


def rate_notes(times: npt.NDArray[np.float64], tick: float = 0.0) -> list[str]:
    """Sentences about gaps and a varying rate, for the user.

    Parameters
    ----------
    times : ndarray of float64, shape (frames,)
        Seconds of each frame.
    tick : float
        Seconds to which the times are rounded.

    Returns
    -------
    list of str
        Empty for a constant rate without gaps.
    """
    steps = np.diff(times)
    if len(steps) < 2:
        return []
    if not is_uniform(steps, tick):
        return [f"The frame rate varies: {steps.min() * 1e3:.3g} to {steps.max() * 1e3:.3g} ms a frame."]
    gaps = np.flatnonzero(is_gap(steps, tick))
    if not len(gaps):
        return []
    longest = gaps[np.argmax(steps[gaps])]
    lost = round(float((steps[gaps] / np.median(steps) - 1).sum()))
    frames = "1 frame" if lost == 1 else f"{lost} frames"
    count = "a gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
    return [
        f"There is {count} in time, of {frames} in all: the longest is {steps[longest]:.3g} s after "
        f"frame {longest}."
    ]
