"""Times and kinds of the bouts of an impaired animal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

KINDS = ("drag", "limp", "hunch", "splay", "tremor")
CELL = 5.0  # seconds; each cell has one or two bouts, so all recordings have a similar share of bouts
TOTAL = 1.85  # mean duration of the bouts in a cell, in seconds
RAMP = 0.22  # seconds from nothing to the full deviation

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bout:
    """One bout. Times are in seconds."""

    kind: str
    start: float
    stop: float

    def envelope(self, time: Floats) -> Floats:
        """Return the strength of the deviation over time.

        Parameters
        ----------
        time : ndarray of float64, shape (n,)
            Times in seconds.

        Returns
        -------
        ndarray of float64, shape (n,)
            0 outside the bout, 1 in its middle, with smooth ramps.
        """
        return ramp((time - self.start) / RAMP) * ramp((self.stop - time) / RAMP)


def ramp(x: Floats) -> Floats:
    """Compute a smooth step from 0 at ``x`` = 0 to 1 at ``x`` = 1.

    Parameters
    ----------
    x : ndarray of float64
        Any shape.

    Returns
    -------
    ndarray of float64
        Values from 0 to 1, same shape.
    """
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


@lru_cache(maxsize=512)
def bouts_of_cell(seed: int, kinds: tuple[str, ...], cell: int) -> tuple[Bout, ...]:
    """Return the bouts of one time cell. The kinds alternate.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    kinds : tuple of str
        Kinds of bouts, empty for a healthy animal.
    cell : int
        Number of the cell. Each cell has `CELL` seconds.

    Returns
    -------
    tuple of Bout
        Bouts in order of time.
    """
    if not kinds:
        return ()
    rng = np.random.default_rng((seed, 23, cell))
    count = 1 if cell % 2 else 2
    first = 3 * (cell // 2) + (2 if cell % 2 else 0)
    total = TOTAL * rng.uniform(0.93, 1.07)
    share = rng.uniform(0.42, 0.58)
    lengths = [total] if count == 1 else [total * share, total * (1 - share)]
    gaps = rng.dirichlet(np.full(count + 1, 4.0)) * (CELL - total)
    starts = cell * CELL + np.cumsum(gaps[:count]) + np.cumsum([0.0, *lengths[:-1]])
    return tuple(
        Bout(kinds[(first + number) % len(kinds)], float(start), float(start + length))
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True))
    )


def bouts_between(seed: int, kinds: tuple[str, ...], first: float, last: float) -> Iterator[Bout]:
    """Iterate over the bouts of all cells that overlap a time interval.

    Parameters
    ----------
    seed : int
        Random seed of the animal.
    kinds : tuple of str
        Kinds of bouts.
    first, last : float
        Start and end of the interval in seconds.

    Yields
    ------
    Bout
        Bouts in order of time.
    """
    for cell in range(int(first // CELL), int(last // CELL) + 1):
        yield from bouts_of_cell(seed, kinds, cell)
