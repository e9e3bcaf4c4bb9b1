"""What training does not see, so that the checks after it mean something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ubam.learners.sampling import Crops

FEWEST_SUBJECTS = 5  # with fewer, training needs them all
SUBJECTS_FOR_ONE = 10  # subjects for one that is held out
TIME_HELD_OUT = 0.2  # part of each recording where no subject is held out


def held_out(subjects: Iterable[str], seed: int) -> set[str]:
    """Choose the subjects that training does not see.

    Parameters
    ----------
    subjects : iterable of str
        Subjects of the study; each may come several times.
    seed : int

    Returns
    -------
    set of str
        One in ten of them and at least one; none where there are fewer than five, since the last fifth of
        each recording is then held out instead.
    """
    names = sorted(set(subjects))
    if len(names) < FEWEST_SUBJECTS:
        return set()
    count = max(1, len(names) // SUBJECTS_FOR_ONE)
    chosen = np.random.default_rng((seed, len(names))).choice(len(names), count, replace=False)
    return {names[number] for number in chosen}


def boundary(runs: Sequence[tuple[int, int]]) -> int:
    """Frame number at which the last fifth of a recording begins, counting frames that have a crop.

    Parameters
    ----------
    runs : sequence of (int, int)
        First frame, and the one after the last, of each run without a gap; at least one.

    Returns
    -------
    int
    """
    left = round((1 - TIME_HELD_OUT) * sum(stop - start for start, stop in runs))
    for start, stop in runs:
        if left < stop - start:
            return start + left
        left -= stop - start
    return runs[-1][1]


@dataclass(frozen=True)
class EarlyCrops:
    """Crops of a recording without its last fifth.

    Parameters
    ----------
    crops : Crops
        All of them.
    """

    crops: Crops

    @property
    def runs(self) -> Sequence[tuple[int, int]]:
        """First frame, and the one after the last, of each run before the last fifth."""
        end = boundary(self.crops.runs)
        return [(start, min(stop, end)) for start, stop in self.crops.runs if start < end]

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.crops.fps

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Crops of consecutive frames, (n, y, x)."""
        return self.crops.read(start, stop)
