"""Frames of a batch, as a pure function of random seed and step, so that a training can be resumed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.models.images import as_images


class Crops(Protocol):
    """Crops of a recording."""

    @property
    def runs(self) -> Sequence[tuple[int, int]]:
        """First frame, and frame after the last, of each run of frames without a gap."""
        ...

    @property
    def fps(self) -> float:
        """Frames per second."""
        ...

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Read the crops of consecutive frames.

        Parameters
        ----------
        start, stop : int
            First frame, and frame after the last.

        Returns
        -------
        (n, y, x) or (n, y, x, 3) uint8 array
        """
        ...


@dataclass(frozen=True)
class CropsPart(ABC):
    """Crops of a part of a recording; subclasses give its `runs`.

    Parameters
    ----------
    crops : Crops
        All crops of the recording.
    """

    crops: Crops

    @property
    @abstractmethod
    def runs(self) -> Sequence[tuple[int, int]]:
        """First frame, and frame after the last, of each run of frames without a gap."""

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.crops.fps

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Read the crops of consecutive frames.

        Parameters
        ----------
        start, stop : int
            First frame, and frame after the last.

        Returns
        -------
        (n, y, x) or (n, y, x, 3) uint8 array
        """
        return self.crops.read(start, stop)


@dataclass(frozen=True)
class Sample:
    """Frames of several recordings.

    Parameters
    ----------
    recordings : (v,) int64 array
        Indices of the recordings.
    frames : (v, m) int64 array
        Frame numbers.
    times : (v, m) float64 array
        Times in seconds.
    crops : (v, m, y, x[, 3]) uint8 array
        Their crops.
    """

    recordings: NDArray[np.int64]
    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    crops: NDArray[np.uint8]

    def batch(self, step: int) -> dict[str, Tensor]:
        """Turn the sample into a batch.

        Parameters
        ----------
        step : int
            Number of the batch.

        Returns
        -------
        dict of str to Tensor
            ``recordings`` (v,), ``times`` (v, m) in seconds, ``crops`` (v, m, y, x[, 3]) and ``step``.
        """
        return {
            "recordings": torch.from_numpy(self.recordings),
            # Relative to the first frame: then single precision suffices, the only one on Apple's GPUs.
            "times": torch.from_numpy((self.times - self.times[:, :1]).astype(np.float32)),
            "crops": torch.from_numpy(self.crops),
            "step": torch.tensor(step),
        }


def evenly_spaced(total: int, most: int) -> NDArray[np.int64]:
    """Evenly spaced indices of a sequence.

    Parameters
    ----------
    total : int
        Length of the sequence.
    most : int
        Largest number of indices.

    Returns
    -------
    (n,) int64 array
    """
    return np.linspace(0, max(total - 1, 0), min(most, total)).astype(np.int64)


def spaced_frames(crops: Crops, most: int) -> NDArray[np.int64]:
    """Evenly spaced frames of a recording.

    Parameters
    ----------
    crops : Crops
        Crops of the recording.
    most : int
        Largest number of frames.

    Returns
    -------
    (n,) int64 array
        Frame numbers.
    """
    frames = np.concatenate([np.arange(*run) for run in crops.runs])
    chosen: NDArray[np.int64] = frames[evenly_spaced(len(frames), most)]
    return chosen


def read_images(crops: Crops, frames: NDArray[np.int64]) -> Tensor:
    """Read frames as the input of a network.

    Parameters
    ----------
    crops : Crops
        Crops of a recording.
    frames : (n,) int64 array
        Frame numbers.

    Returns
    -------
    (n, 1, y, x) or (n, 3, y, x) float tensor
        0 to 1.
    """
    read = np.concatenate([crops.read(int(frame), int(frame) + 1) for frame in frames])
    return as_images(torch.from_numpy(read))


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
    """Samples short sequences of frames from several recordings.

    Parameters
    ----------
    recordings : sequence of Crops
        Recordings; each has at least one run of frames.
    runs, length : int
        Sequences from each recording, and frames in a sequence.
    step_ms : float
        Milliseconds between two frames of a sequence; at least one frame.
    seed : int
        Random seed.
    """

    def __init__(
        self, recordings: Sequence[Crops], runs: int, length: int, step_ms: float, seed: int
    ) -> None:
        self.recordings = recordings
        self.runs, self.length, self.seed = runs, length, seed
        self.hops = [max(1, round(crops.fps * step_ms / 1000)) for crops in recordings]

    def draw(self, step: int, count: int) -> Sample:
        """Sample a batch.

        Parameters
        ----------
        step : int
            Number of the batch.
        count : int
            Number of recordings; all different if there are enough.

        Returns
        -------
        Sample
        """
        rng = generator(self.seed, step)
        total = len(self.recordings)
        chosen = rng.permutation(total)[:count]
        if count > total:
            chosen = np.concatenate([chosen, rng.integers(0, total, count - total)])
        sampled = [self._from(int(number), rng) for number in chosen]
        frames, crops = (np.stack(part) for part in zip(*sampled, strict=True))
        rates = np.array([self.recordings[number].fps for number in chosen])
        return Sample(chosen.astype(np.int64), frames, frames / rates[:, None], crops)

    def _from(self, number: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Sample the sequences of one recording."""
        source, hop = self.recordings[number], self.hops[number]
        spans = np.array(source.runs)
        # In a run that is too short, the frames are closer together, or repeat.
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
