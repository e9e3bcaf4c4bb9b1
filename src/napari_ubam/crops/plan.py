"""Choose which parts of the recordings to cache if not all of them fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RUN_SECONDS = 20.0  # duration of a run of consecutive chunks


@dataclass(frozen=True)
class Content:
    """Crops of one recording that could be cached.

    Parameters
    ----------
    chunks : ndarray of int64, shape (n,)
        Numbers of the chunks with at least one crop.
    seconds : float
        Duration of a chunk.
    nbytes : int
        Size of a chunk in bytes.
    """

    chunks: NDArray[np.int64]
    seconds: float
    nbytes: int

    @property
    def length(self) -> float:
        """Duration of all chunks in seconds."""
        return len(self.chunks) * self.seconds


def allocate(contents: Sequence[Content], budget: int) -> list[NDArray[np.int64]]:
    """Choose the chunks to cache.

    If not all chunks fit, the same number of seconds of each recording is chosen, in evenly spaced runs of
    about 20 seconds. Short recordings are kept completely. Each recording gets at least one chunk.

    Parameters
    ----------
    contents : sequence of Content
        Chunks of each recording.
    budget : int
        Maximum size in bytes.

    Returns
    -------
    list of ndarray of int64, shape (n,)
        Numbers of the chosen chunks of each recording, ascending.
    """
    if sum(len(content.chunks) * content.nbytes for content in contents) <= budget:
        return [content.chunks for content in contents]
    seconds = _seconds_per_recording(contents, budget)
    return [_sample(content, seconds) for content in contents]


def _seconds_per_recording(contents: Sequence[Content], budget: int) -> float:
    """Compute the seconds per recording that use up the budget, when short recordings need less."""
    left, seconds = float(budget), 0.0
    waiting = sorted((content for content in contents if len(content.chunks)), key=lambda one: one.length)
    while waiting:
        rate = sum(content.nbytes / content.seconds for content in waiting)
        if rate * (waiting[0].length - seconds) > left:
            return seconds + left / rate
        left -= rate * (waiting[0].length - seconds)
        seconds = waiting.pop(0).length
    return seconds


def _sample(content: Content, seconds: float) -> NDArray[np.int64]:
    available = len(content.chunks)
    wanted = min(max(int(seconds / content.seconds + 1e-9), 1), available)
    if wanted == available:
        return content.chunks
    run = max(round(RUN_SECONDS / content.seconds), 1)
    runs = max(round(wanted / run), 1)
    # Each run is centred in its part of the recording. Sizes differ by at most one chunk.
    sizes = np.diff(np.arange(runs + 1) * wanted // runs)
    edges = np.arange(runs + 1) * available // runs
    starts = edges[:-1] + (np.diff(edges) - sizes) // 2
    places = [start + np.arange(size) for start, size in zip(starts, sizes, strict=True)]
    chosen: NDArray[np.int64] = content.chunks[np.concatenate(places)]
    return chosen
