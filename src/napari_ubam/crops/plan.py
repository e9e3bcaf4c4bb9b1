"""Which parts of the recordings to hold where all of them would take too much room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RUN_SECONDS = 20.0  # of a run of chunks that follow each other


@dataclass(frozen=True)
class Content:
    """What there is to hold of a recording.

    Parameters
    ----------
    chunks : (n,) int array
        Chunks with at least one frame that has a crop.
    seconds : float
        Duration of a chunk.
    nbytes : int
        Bytes of a chunk.
    """

    chunks: NDArray[np.int64]
    seconds: float
    nbytes: int

    @property
    def length(self) -> float:
        """Seconds of all chunks."""
        return len(self.chunks) * self.seconds


def share_out(contents: Sequence[Content], budget: int) -> list[NDArray[np.int64]]:
    """Choose the chunks to hold.

    All of them where they fit; else the same number of seconds of each recording, as far as it has them, in
    runs of about 20 seconds that are spread evenly. Each recording gets at least one chunk.

    Parameters
    ----------
    contents : sequence of Content
        One a recording.
    budget : int
        Bytes.

    Returns
    -------
    list of (n,) int array
        Chunks of each recording, ascending.
    """
    if sum(len(content.chunks) * content.nbytes for content in contents) <= budget:
        return [content.chunks for content in contents]
    seconds = _level(contents, budget)
    return [_sample(content, seconds) for content in contents]


def _level(contents: Sequence[Content], budget: int) -> float:
    """Seconds of each recording that fill the budget, as water fills a vessel with steps."""
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
    # Each run lies in the middle of its part of the recording; sizes differ by one chunk at most.
    sizes = np.diff(np.arange(runs + 1) * wanted // runs)
    edges = np.arange(runs + 1) * available // runs
    starts = edges[:-1] + (np.diff(edges) - sizes) // 2
    places = [start + np.arange(size) for start, size in zip(starts, sizes, strict=True)]
    chosen: NDArray[np.int64] = content.chunks[np.concatenate(places)]
    return chosen
