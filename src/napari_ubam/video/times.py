"""Times of the frames whose timestamps are missing, doubled, too coarse or wrong."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from .index import NO_TIME, IntArray

Times = npt.NDArray[np.float64]

MOST_WRONG = 0.1
"""Share of the timestamps that may go back before none of them is believed."""

ASSUMED_RATE = 25.0
"""Frames per second of streams and stacks without a frame rate."""


def times_of(pts: IntArray, tick: float, rates: tuple[float, ...]) -> tuple[Times | None, list[str]]:
    """Compute times from the presentation timestamps of frames in display order.

    Frames with the same time are spread over the tick in which they were stored. Single times that go back
    are replaced by the mean of their neighbours.

    Parameters
    ----------
    pts : ndarray of int64, shape (frames,)
        Timestamps in ticks, `NO_TIME` if missing.
    tick : float
        Seconds per tick.
    rates : tuple of float
        Frame rates that the stream states.

    Returns
    -------
    times : ndarray of float64, shape (frames,), or None
        Seconds since the first frame, ascending. None if the timestamps do not give them.
    notes : list of str
        Sentences for the user.
    """
    if not len(pts) or (pts == NO_TIME).any():
        return None, []
    good = _ascending(pts)
    wrong = int((~good).sum())
    if wrong > MOST_WRONG * len(pts) or not _are_single(~good):
        return None, []
    notes = []
    if wrong:
        notes.append(f"{_frames(wrong)} times that go back: they are estimated from the frames beside them.")
    ticks = np.interp(np.arange(len(pts)), np.flatnonzero(good), pts[good] - pts[0])
    doubled = int((np.diff(ticks) <= 0).sum())
    if not doubled:
        return ticks * tick, notes
    for rate in rates:
        stated = _on_the_stated_rate(ticks * tick, tick, rate)
        if stated is not None:
            return stated, [
                *notes,
                f"The file stores times in steps of {tick * 1e3:g} ms, too coarse for {rate:g} frames per "
                "second: the times follow this rate, which the stream states.",
            ]
    notes.append(
        f"{_frames(doubled)} the time of the frame before: such frames are spread over {tick:.3g} s."
    )
    return _spread(ticks) * tick, notes


def times_of_slots(dts: IntArray, places: IntArray, tick: float) -> Times | None:
    """Compute times from decoding timestamps.

    Parameters
    ----------
    dts : ndarray of int64, shape (packets,)
        Decoding timestamps in ticks, `NO_TIME` if missing.
    places : ndarray of int64, shape (frames,)
        For each frame, the packet whose time it gets. After the last packet, times continue at this rate.
    tick : float
        Seconds per tick.

    Returns
    -------
    ndarray of float64, shape (frames,), or None
        Seconds since the first frame. None if the decoding timestamps are not complete and ascending.
    """
    if not len(places) or (dts == NO_TIME).any() or (np.diff(dts) < 0).any():
        return None
    step = float(np.median(np.diff(dts))) if len(dts) > 1 else 1.0
    after = np.maximum(places - len(dts) + 1, 0) * step
    slots = dts[np.minimum(places, len(dts) - 1)] + after
    return (slots - slots[0]) * tick if (np.diff(slots) > 0).all() else None


def assumed_times(
    frames: int, rate: float | None, what: str, stated: bool = False
) -> tuple[Times, list[str]]:
    """Compute the times of a constant frame rate, with the note that it is assumed.

    Parameters
    ----------
    frames : int
        Number of frames.
    rate : float or None
        Frame rate that the stream states.
    what : str
        What is wrong with the stream.
    stated : bool
        Whether the file itself states the rate.

    Returns
    -------
    times : ndarray of float64, shape (frames,)
        Seconds since the first frame.
    notes : list of str
        One sentence.
    """
    rate = rate or ASSUMED_RATE
    source = ", as it states" if stated else ""
    return np.arange(frames) / rate, [
        f"The stream {what}: {rate:g} frames per second are assumed{source}; set fps if the camera had "
        "another rate."
    ]


def _ascending(pts: IntArray) -> npt.NDArray[np.bool_]:
    """Find the longest sequence of timestamps that does not go back."""
    if (np.diff(pts) >= 0).all():
        return np.ones(len(pts), bool)
    ends: list[int] = []
    last: list[int] = []
    before = np.full(len(pts), -1)
    for place, time in enumerate(pts.tolist()):
        length = bisect_right(ends, time)
        before[place] = last[length - 1] if length else -1
        ends[length : length + 1], last[length : length + 1] = [time], [place]
    chosen = np.zeros(len(pts), bool)
    place = last[-1]
    while place >= 0:
        chosen[place] = True
        place = int(before[place])
    return chosen


def _are_single(wrong: npt.NDArray[np.bool_]) -> bool:
    """Whether right times stand before and after each wrong one. Joined recordings have whole wrong parts."""
    return not (wrong[0] or wrong[-1] or (wrong[1:] & wrong[:-1]).any())


def _on_the_stated_rate(times: Times, tick: float, rate: float) -> Times | None:
    """Return times at the stated rate from each gap to the next, if they explain all times within a tick."""
    if 1 / rate >= tick:
        return None
    gaps = np.flatnonzero(np.diff(times) > 1.5 / rate + 1.05 * tick) + 1
    starts = np.concatenate([[0], gaps])
    segment = np.searchsorted(starts, np.arange(len(times)), side="right") - 1
    exact = times[starts][segment] + (np.arange(len(times)) - starts[segment]) / rate
    fits = (np.abs(exact - times) <= 1.05 * tick).all() and (np.diff(exact) > 0).all()
    return exact if fits else None


def _spread(ticks: Times) -> Times:
    """Spread runs of equal times evenly over one tick, or up to the next time if that comes earlier."""
    values, first, counts = np.unique(ticks, return_index=True, return_counts=True)
    room: Times = np.minimum(np.diff(values, append=values[-1] + 1), 1)
    run = np.repeat(np.arange(len(values)), counts)
    spread: Times = values[run] + (np.arange(len(ticks)) - first[run]) * (room / counts)[run]
    return spread


def _frames(count: int) -> str:
    return "1 frame has" if count == 1 else f"{count} frames have"
