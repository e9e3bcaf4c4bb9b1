"""Estimate the frame rate, and find gaps, from the times of a recording."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_UNIFORM_SHARE = 0.9
_GAP = 1.5


def is_uniform(steps: npt.NDArray[Any], tick: float = 0.0) -> bool:
    """Check whether a recording has a constant frame rate, apart from gaps.

    Parameters
    ----------
    steps : ndarray, shape (frames - 1,)
        Time from each frame to the next, in any unit.
    tick : float
        Resolution of the times, in the same unit. For example, MKV rounds to milliseconds, which is a quarter
        of a step at 240 frames per second.

    Returns
    -------
    bool
        True if 90 % of the steps differ from the median step by at most 10 % and the rounding error.
    """
    if not len(steps):
        return True
    return bool(
        np.isclose(steps, np.median(steps), rtol=0.1, atol=_slack(steps, tick)).mean() >= _UNIFORM_SHARE
    )


def is_gap(steps: npt.NDArray[Any], tick: float = 0.0) -> npt.NDArray[np.bool_]:
    """Find gaps, where frames are missing in a recording with a constant frame rate.

    Parameters
    ----------
    steps : ndarray, shape (frames - 1,)
        Time from each frame to the next, in any unit.
    tick : float
        Resolution of the times, in the same unit.

    Returns
    -------
    ndarray of bool, shape (frames - 1,)
        True if the step is longer than 1.5 median steps and the rounding error.
    """
    longer: npt.NDArray[np.bool_] = steps > _GAP * np.median(steps) + _slack(steps, tick)
    return longer


def _slack(steps: npt.NDArray[Any], tick: float) -> float:
    """Return the rounding error of a step. It is 0 if the clock has one tick per frame, as in AVI."""
    return 1.05 * tick if 2 * tick <= steps.mean() else 0.0


def frame_rate(times: npt.NDArray[np.float64], nominal: float | None, tick: float = 0.0) -> float:
    """Estimate the frame rate of a recording.

    Parameters
    ----------
    times : ndarray of float64, shape (frames,)
        Time of each frame in seconds.
    nominal : float or None
        Frame rate in the container. It is used if it agrees with the times within their rounding error.
    tick : float
        Resolution of the times in seconds.

    Returns
    -------
    float
        Frames per second. Gaps do not count if the rate is constant. 1.0 for a single frame without a nominal
        rate.
    """
    steps = np.diff(times)
    if not len(steps) or times[-1] <= times[0]:
        return nominal or 1.0
    if is_uniform(steps, tick):
        steps = steps[~is_gap(steps, tick)]
    measured = float(1 / steps.mean())
    # The first and the last time are rounded, which matters for short clips.
    tolerance = max(5e-4, 1.5 * tick / float(steps.sum()))
    return nominal if nominal and abs(measured / nominal - 1) < tolerance else measured


def rate_notes(times: npt.NDArray[np.float64], tick: float = 0.0) -> list[str]:
    """Describe gaps and a variable frame rate for the user.

    Parameters
    ----------
    times : ndarray of float64, shape (frames,)
        Time of each frame in seconds.
    tick : float
        Resolution of the times in seconds.

    Returns
    -------
    list of str
        Sentences. Empty for a constant frame rate without gaps.
    """
    steps = np.diff(times)
    if len(steps) < 2:
        return []
    if not is_uniform(steps, tick):
        return [f"The frame rate varies: {steps.min() * 1e3:.3g} to {steps.max() * 1e3:.3g} ms per frame."]
    gaps = np.flatnonzero(is_gap(steps, tick))
    if not len(gaps):
        return []
    longest = gaps[np.argmax(steps[gaps])]
    lost = round(float((steps[gaps] / np.median(steps) - 1).sum()))
    frames = "1 frame" if lost == 1 else f"{lost} frames"
    count = "a gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
    return [
        f"The recording has {count} in time, {frames} missing in total; the longest gap is "
        f"{steps[longest]:.3g} s, after frame {longest}."
    ]
