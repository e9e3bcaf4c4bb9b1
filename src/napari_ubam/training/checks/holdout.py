"""What is held out from the training for the checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from napari_ubam.learners.sampling import Crops, CropsPart

FEWEST_SUBJECTS = 5  # with fewer, all are needed for the training
SUBJECTS_FOR_ONE = 10  # subjects for each one that is held out
GAP_SECONDS = 2.0  # between the training and what is held out of the same recording
TIME_HELD_OUT = 0.2  # share of each recording if no subject is held out


def held_out(subjects: Iterable[str], seed: int) -> set[str]:
    """Choose the subjects that are held out.

    Parameters
    ----------
    subjects : iterable of str
        Subjects of the study; each can occur several times.
    seed : int
        Random seed.

    Returns
    -------
    set of str
        One subject in ten, and at least one. None if there are fewer than five subjects: then the last fifth
        of each recording is held out.
    """
    names = sorted(set(subjects))
    if len(names) < FEWEST_SUBJECTS:
        return set()
    count = max(1, len(names) // SUBJECTS_FOR_ONE)
    chosen = np.random.default_rng((seed, len(names))).choice(len(names), count, replace=False)
    return {names[number] for number in chosen}


def boundary(runs: Sequence[tuple[int, int]]) -> int:
    """First frame of the last fifth of a recording. Only frames with a crop are counted.

    Parameters
    ----------
    runs : sequence of (int, int)
        First frame, and frame after the last, of each run of frames without a gap; at least one run.

    Returns
    -------
    int
        Frame number.
    """
    left = round((1 - TIME_HELD_OUT) * sum(stop - start for start, stop in runs))
    for start, stop in runs:
        if left < stop - start:
            return start + left
        left -= stop - start
    return runs[-1][1]


def first_late_frame(crops: Crops) -> int:
    """First frame of the last fifth of a recording that is checked.

    Frames next to those of the training look like them, so there is a gap of two seconds, or of a quarter of
    the last fifth if that is shorter.

    Parameters
    ----------
    crops : Crops
        Crops of the recording; at least one run.

    Returns
    -------
    int
        Frame number.
    """
    begin, end = boundary(crops.runs), crops.runs[-1][1]
    return begin + min(round(GAP_SECONDS * crops.fps), (end - begin) // 4)


@dataclass(frozen=True)
class LateCrops(CropsPart):
    """Crops of the last fifth of a recording, without the gap at its beginning.

    Parameters
    ----------
    crops : Crops
        All crops of the recording.
    """

    @property
    def runs(self) -> Sequence[tuple[int, int]]:
        """First frame, and frame after the last, of each run in the last fifth; there may be none."""
        begin = first_late_frame(self.crops)
        return [(max(start, begin), stop) for start, stop in self.crops.runs if stop > begin]


@dataclass(frozen=True)
class EarlyCrops(CropsPart):
    """Crops of a recording without its last fifth.

    Parameters
    ----------
    crops : Crops
        All crops of the recording.
    """

    @property
    def runs(self) -> Sequence[tuple[int, int]]:
        """First frame, and frame after the last, of each run before the last fifth."""
        end = boundary(self.crops.runs)
        return [(start, min(stop, end)) for start, stop in self.crops.runs if start < end]
