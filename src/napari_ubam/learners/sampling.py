"""Which frames make a batch: a pure function of the seed and the step, so that training can be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Crops(Protocol):
    """Crops of a recording, as the cache gives them."""

    @property
    def runs(self) -> Sequence[tuple[int, int]]:
        """First frame, and the one after the last, of each run without a gap."""
        ...

    @property
    def fps(self) -> float:
        """Frames per second."""
        ...

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Crops of consecutive frames, (n, y, x)."""
        ...


@dataclass(frozen=True)
class Sample:
    """Frames of some recordings.

    Parameters
    ----------
    recordings : (v,) int64 array
        Numbers of the recordings.
    frames : (v, m) int64 array
        Frame numbers.
    times : (v, m) float64 array
        Seconds.
    crops : (v, m, y, x) uint8 array
    """

    recordings: NDArray[np.int64]
    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    crops: NDArray[np.uint8]


def evenly(total: int, most: int) -> NDArray[np.int64]:
    """Places spread evenly over so many, at most so many of them, (n,)."""
    return np.linspace(0, max(total - 1, 0), min(most, total)).astype(np.int64)


def generator(seed: int, step: int) -> np.random.Generator:
    """Random numbers of a batch, a pure function of random seed and step.

    Parameters
    ----------
    seed : int
        Random seed of the training.
    step : int
        Number of the batch.

    Returns
    -------
    Generator
    """
    # The 0 was the number of the process; it stays, so that a seed gives the same model as before.
    return np.random.default_rng((seed, step, 0))


class Sampler:
    """Draws short runs of frames from several recordings at a time.

    Parameters
    ----------
    recordings : sequence of Crops
        Those to draw from; each with at least one run.
    runs, length : int
        Runs from each recording, and frames a run.
    step_ms : float
        Milliseconds between the frames of a run; at least one frame.
    seed : int
    """

    def __init__(
        self, recordings: Sequence[Crops], runs: int, length: int, step_ms: float, seed: int
    ) -> None:
        self.recordings = recordings
        self.runs, self.length, self.seed = runs, length, seed
        self.hops = [max(1, round(crops.fps * step_ms / 1000)) for crops in recordings]

    def draw(self, step: int, count: int) -> Sample:
        """Draw a batch.

        Parameters
        ----------
        step : int
            Number of the batch.
        count : int
            Recordings in it, all different where there are as many.

        Returns
        -------
        Sample
        """
        rng = generator(self.seed, step)
        total = len(self.recordings)
        chosen = rng.permutation(total)[:count]
        if count > total:
            chosen = np.concatenate([chosen, rng.integers(0, total, count - total)])
        drawn = [self._from(int(number), rng) for number in chosen]
        frames, crops = (np.stack(part) for part in zip(*drawn, strict=True))
        rates = np.array([self.recordings[number].fps for number in chosen])
        return Sample(chosen.astype(np.int64), frames, frames / rates[:, None], crops)

    def _from(self, number: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Draw the runs of one recording."""
        source, hop = self.recordings[number], self.hops[number]
        spans = np.array(source.runs)
        # A run that is too short for the wanted frames still serves: its frames come closer, or repeat.
        lengths = spans[:, 1] - spans[:, 0]
        frames = np.empty((self.runs, self.length), np.int64)
        crops = []
        for row in range(self.runs):
            span = rng.choice(len(spans), p=lengths / lengths.sum())
            reach = min((self.length - 1) * hop + 1, int(lengths[span]))
            first = int(spans[span, 0] + rng.integers(0, lengths[span] - reach + 1))
            offsets = np.linspace(0, reach - 1, self.length).round().astype(np.int64)
            crops.append(source.read(first, first + reach)[offsets])
            frames[row] = first + offsets
        return frames.ravel(), np.concatenate(crops)
