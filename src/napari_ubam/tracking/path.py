"""From the parts of single frames to one subject over time: its way, and where its head is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from .background import Part

UNSEEN = 2.5  # cost of a frame in which the subject is not seen
FARTHEST = 8.0  # highest cost of a step from one frame to the next
TURNED = 12.0  # cost of head and tail changing places from one frame to the next
LONG = 0.35  # elongation from which the axis is sure; of a rounder body, head and tail may change places

Floats = npt.NDArray[np.float64]


def follow(parts: Sequence[Sequence[Part]]) -> npt.NDArray[np.int64]:
    """Choose the part of each frame that is the subject: of its size, near to where it was.

    Parameters
    ----------
    parts : sequence of sequence of Part
        Of each frame.

    Returns
    -------
    ndarray of int64, shape (t,)
        Number of the part, -1 where the subject is not seen.
    """
    areas = [one[0].area for one in parts if one]
    typical = float(np.median(areas)) if areas else 1.0
    reach = max(np.sqrt(typical), 1.0)  # cells, about half of a body length
    costs, back = [np.zeros(1)], []
    last: list[tuple[float, float] | None] = [None]
    for found in parts:
        own = [abs(np.log(one.area / typical)) for one in found]
        step = np.zeros((len(last), len(found) + 1))
        for there, one in enumerate(found):
            for here, before in enumerate(last):
                if before is not None:
                    far = ((one.x - before[0]) ** 2 + (one.y - before[1]) ** 2) / reach**2
                    step[here, there] = min(far, FARTHEST)
        total = costs[-1][:, None] + step + np.array([*own, UNSEEN])
        back.append(total.argmin(axis=0))
        costs.append(total.min(axis=0))
        best = back[-1][-1]  # where nothing is seen, the last place stays
        last = [*((one.x, one.y) for one in found), last[best]]
    chosen = np.full(len(parts), -1, np.int64)
    state = int(costs[-1].argmin())
    for number in range(len(parts) - 1, -1, -1):
        chosen[number] = state if state < len(parts[number]) else -1
        state = int(back[number][state])
    return chosen


def headings(parts: Sequence[Part], centres: Floats, smooth: float = 2.0) -> Floats:
    """Tell where the head is: ahead where the subject moves, and at the same end until it moves again.

    Parameters
    ----------
    parts : sequence of Part
        The subject in consecutive frames in which it is seen.
    centres : ndarray of float, shape (t, 2)
        Its smoothed middle in cells.
    smooth : float
        Standard deviation of the filter over time in frames.

    Returns
    -------
    ndarray of float, shape (t,)
        Degrees, 0 to the right and 90 down.
    """
    axis = np.array([one.axis for one in parts])
    weight = np.array([one.elongation for one in parts]) + 0.05
    double = gaussian_filter1d(weight * np.exp(2j * axis), smooth)
    steady = np.unwrap(np.angle(double) / 2, period=np.pi)
    ahead = np.stack([np.cos(steady), np.sin(steady)], axis=1)
    length = np.sqrt(np.median([one.area for one in parts]) / 2) * 2
    step = np.gradient(gaussian_filter1d(centres, smooth, axis=0), axis=0) if len(parts) > 1 else 0 * centres
    moved = 30 * np.clip((step * ahead).sum(axis=1) / max(length, 1), -0.05, 0.05)
    # The end that is thin in movement is known from the whole recording, and helps where the subject stands.
    same = np.cos(axis - steady) > 0
    skewness = np.array([one.skewness for one in parts]) * np.where(same, 1, -1)
    thin = float((moved * skewness).sum() / (np.abs(moved * skewness).sum() + 1e-9))
    evidence = moved + 0.3 * thin * np.clip(skewness, -1, 1)
    price = TURNED * np.clip(gaussian_filter1d(weight, smooth) / LONG, 0.1, 1) ** 2
    found: Floats = np.degrees(steady) + np.where(_signs(evidence, price) > 0, 0.0, 180.0)
    return found


def _signs(evidence: Floats, price: Floats) -> npt.NDArray[np.int64]:
    """Choose 1 or -1 in each frame, as the evidence says; a change has its price in each frame."""
    gains = np.stack([evidence, -evidence], axis=1)
    best, back = gains[0], np.zeros((len(gains), 2), np.int64)
    for number in range(1, len(gains)):
        stay, change = best, best[::-1] - price[number]
        back[number] = np.where(change > stay, [1, 0], [0, 1])
        best = np.maximum(stay, change) + gains[number]
    state = int(best.argmax())
    signs = np.empty(len(gains), np.int64)
    for number in range(len(gains) - 1, -1, -1):
        signs[number] = 1 - 2 * state
        state = int(back[number, state])
    return signs
