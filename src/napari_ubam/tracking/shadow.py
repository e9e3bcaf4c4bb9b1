"""What of a moving part is shadow: learnt from the brightness of all moving parts of a recording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

MOST = 0.85  # of a part at most may be shadow, or a reflection in the wall
WEAK = 0.7  # of the difference of the body at most is that of its shadow
APART = 2.0  # standard deviations between shadow and body, from which they are told apart
DARKEST = 0.45  # of the background's brightness: a shadow is hardly darker, since other light reaches it
LIGHTEST = 0.8  # from which a shadow cannot be told from a body that is nearly as bright as the floor
HALF = 0.04  # half of the width of the brightness of a hard shadow
SHARP = 1.9  # times as frequent as the brightness beside it is that of a hard shadow
BODY = 0.35  # of all moving cells at least must remain

Floats = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shadow:
    """Brightness of the shadow in a recording.

    Parameters
    ----------
    dark_body : bool
        Whether the body is darker than any shadow. Each frame is then divided by itself.
    level : float or None
        Otherwise: brightness of the hard shadow as part of the background's; None if there is none.
    """

    dark_body: bool = True
    level: float | None = None

    @classmethod
    def of(cls, ratios: Floats) -> Shadow:
        """Learn what is shadow.

        Parameters
        ----------
        ratios : ndarray of float, shape (n,)
            Brightness of moving cells of many frames as part of the background's.

        Returns
        -------
        Shadow
        """
        if len(ratios) < 100:
            return cls()
        border = _border(np.abs(1 - ratios))
        dark = ratios[(ratios < 1) & (1 - ratios > border)] if border is not None else ratios
        if len(dark) and dark.mean() < DARKEST:
            return cls()
        count, edges = np.histogram(ratios, 200, (0.0, 2.0))
        middle, share = edges[:-1] + 0.005, count / len(ratios)
        core = uniform_filter1d(share, 2 * round(HALF / 0.01) + 1)  # density within HALF
        around = uniform_filter1d(share, 2 * round(2.5 * HALF / 0.01) + 1)
        possible = np.where((middle > DARKEST) & (middle < LIGHTEST), core, 0.0)
        best = int(possible.argmax())
        ring = (21 * around[best] - 9 * core[best]) / 12
        rest = 1 - 9 * core[best]
        return cls(False, float(middle[best]) if core[best] > SHARP * ring and rest > BODY else None)

    def cells(self, mask: Mask, relative: Floats) -> Mask:
        """Find the shadow in a part.

        Parameters
        ----------
        mask : ndarray of bool, shape (y, x)
            Cells of the part.
        relative : ndarray of float, shape (y, x)
            Difference from the background, as part of its brightness.

        Returns
        -------
        ndarray of bool, shape (y, x)
            Nothing, if too little would be left.
        """
        if self.dark_body:
            found = _weaker(mask, relative)
        elif self.level is None:
            return np.zeros_like(mask)
        else:
            found = mask & (np.abs(1 + relative - self.level) <= HALF)
        return found if found.sum() <= MOST * mask.sum() else np.zeros_like(mask)


def _border(strength: Floats) -> float | None:
    """Find the border between two clusters of differences; None if there is one only."""
    border = float(strength.mean())
    for _ in range(8):
        high = strength > border
        if high.all() or not high.any():
            return None
        border = float(strength[~high].mean() + strength[high].mean()) / 2
    return border


def _weaker(mask: Mask, relative: Floats) -> Mask:
    """Cells of a part that are somewhat darker than the background, where others differ clearly more."""
    strength = np.abs(relative[mask])
    border = _border(strength)
    if border is None:
        return np.zeros_like(mask)
    weak, strong = strength[strength <= border], strength[strength > border]
    spread = (weak.std() + strong.std()) / 2
    if weak.mean() > WEAK * strong.mean() or strong.mean() - weak.mean() < APART * spread:
        return np.zeros_like(mask)
    found: Mask = mask & (relative < 0) & (np.abs(relative) <= border)
    return found


def ratios_in(frames: Iterable[Floats], level: Floats, limit: Floats) -> Floats:
    """Collect the brightness of moving cells.

    Parameters
    ----------
    frames : iterable of ndarray of float, shape (y, x)
        With the common brightness of the background.
    level : ndarray of float, shape (y, x)
        The background.
    limit : ndarray of float, shape (y, x)
        Difference from which a cell moves.

    Returns
    -------
    ndarray of float, shape (n,)
        As part of the background's.
    """
    found = []
    for frame in frames:
        moving = np.abs(frame - level) > limit
        found.append(frame[moving] / np.maximum(level[moving], 1))
    return np.concatenate(found) if found else np.zeros(0)
