"""When an impaired animal deviates, and in which way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

KINDS = ("drag", "limp", "hunch", "splay", "tremor")
CELL = 5.0  # seconds; each holds one bout or two, so that the share of any recording is nearly the same
TOTAL = 1.85  # seconds of bouts in a cell
RAMP = 0.22  # seconds from nothing to the full deviation

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bout:
    """One bout; times in seconds."""

    kind: str
    start: float
    stop: float

    def envelope(self, time: Floats) -> Floats:
        """Share of the full deviation at each time, 0 to 1."""
        return ramp((time - self.start) / RAMP) * ramp((self.stop - time) / RAMP)


def ramp(x: Floats) -> Floats:
    """Rise smoothly from 0 at 0 to 1 at 1."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


@lru_cache(maxsize=512)
def bouts_of_cell(seed: int, kinds: tuple[str, ...], cell: int) -> tuple[Bout, ...]:
    """Return the bouts of one cell of time; the kinds take turns.

    Parameters
    ----------
    seed : int
        Of the animal.
    kinds : tuple of str
        What it does; empty for a healthy animal.
    cell : int
        Number of the cell, each `CELL` seconds long.

    Returns
    -------
    tuple of Bout
        In order of time.
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
    """Yield the bouts of the cells that a stretch of time touches.

    Parameters
    ----------
    seed, kinds
        As in `bouts_of_cell`.
    first, last : float
        Seconds.
    """
    for cell in range(int(first // CELL), int(last // CELL) + 1):
        yield from bouts_of_cell(seed, kinds, cell)
