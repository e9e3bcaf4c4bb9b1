"""Magnified frames for a panel: prepared once for a span, rendered at any factor. Neither Qt nor napari."""

from __future__ import annotations

import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from napari_ubam.run import Magnification

Weights = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class MagnificationRequest:
    """What should be magnified.

    Parameters
    ----------
    run : Path
    recording, reference : str
    start, stop : int
        Frames; `stop` is not included.
    smoothing_ms : float
    device : str
    """

    run: Path
    recording: str
    reference: str
    start: int
    stop: int
    smoothing_ms: float
    device: str = "auto"


class MagnificationCache:
    """Prepares what is wanted and renders it; keeps the latest preparation."""

    def __init__(self) -> None:
        self._key: tuple[MagnificationRequest, Weights] | None = None
        self._made: Magnification | None = None
        self._lock = threading.Lock()

    def prepare(self, wanted: MagnificationRequest, factor: float) -> Magnification:
        """Prepare a span at a factor; its warnings are in the result's metadata.

        Raises
        ------
        RunError, WeightsError, EmbeddingError, DeviationError
            As `napari_ubam.Run.magnification` raises them.
        """
        from napari_ubam.run import Run

        key = (wanted, _weights(wanted.run))
        with self._lock:
            if self._made is not None and self._key == key:
                self._made = self._made if self._made.factor == factor else self._made.at(factor)
                return self._made
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # they are in the metadata
                made = Run.open(wanted.run).magnification(
                    wanted.recording,
                    wanted.reference,
                    factor,
                    frames=slice(wanted.start, wanted.stop),
                    smoothing_ms=wanted.smoothing_ms,
                    device=wanted.device,
                )
            self._key, self._made = key, made
            return made

    def preview(self, wanted: MagnificationRequest, frame: int, factor: float) -> npt.NDArray[np.uint8]:
        """Render one frame of the span; quick once the span is prepared.

        Returns
        -------
        (y, x, c) uint8 array
        """
        with self._lock:
            made = self._made if self._key == (wanted, _weights(wanted.run)) else None
        if made is None:
            made = self.prepare(wanted, factor)
        picture: npt.NDArray[np.uint8] = np.asarray(made.renderer.render([frame], factor)[0])
        return picture


def _weights(run: Path) -> Weights:
    """When and how large the weights of a run were written: what was prepared with others is of no use."""
    found = []
    for path in sorted(run.glob("*.safetensors")):
        with suppress(OSError):  # they are replaced just now
            facts = path.stat()
            found.append((path.name, facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def span_around(frame: int, first: int, last: int, fps: float, seconds: float = 2.0) -> tuple[int, int]:
    """Give frames around a frame: `seconds` before and after, within a recording's `first` to `last`."""
    half = round(seconds * fps)
    return max(first, frame - half), min(last + 1, frame + half + 1)


def episode_span(
    episodes: pd.DataFrame, frame: int, first: int, last: int, fps: float, margin: float = 0.5
) -> tuple[int, int] | None:
    """Give the episode that a frame lies in, `margin` seconds wider; None outside of episodes."""
    found = episodes[(episodes["start"] <= frame) & (episodes["stop"] > frame)]
    if not len(found):
        return None
    one, wider = found.iloc[0], round(margin * fps)
    return max(first, int(one["start"]) - wider), min(last + 1, int(one["stop"]) + wider)
