"""Magnified frames for a panel: prepared once, rendered at any factor. Needs neither Qt nor napari."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.runfolder.paths import EMBEDDINGS, SCORES, STUDY

if TYPE_CHECKING:
    from napari_ubam.run import Magnification

FileStates = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class MagnificationRequest:
    """Frames that the user wants magnified, at any factor.

    Parameters
    ----------
    run : Path
        Folder of the run.
    recording : str
        Name of the recording.
    reference : str
        Filter of the reference recordings.
    start, stop : int
        First frame, and the frame after the last.
    smoothing_ms : float
        Smoothing of the change towards the reference, in milliseconds.
    device : str
        Compute device, such as ``"auto"`` or ``"cuda:1"``.
    """

    run: Path
    recording: str
    reference: str
    start: int
    stop: int
    smoothing_ms: float
    device: str = "auto"


class MagnificationCache:
    """Keeps the magnification of the latest request, with what the network computed for its frames.

    Threads can share it.
    """

    def __init__(self) -> None:
        self._key: tuple[MagnificationRequest, FileStates] | None = None
        self._latest: Magnification | None = None
        self._lock = threading.Lock()

    def prepare(self, request: MagnificationRequest, factor: float) -> Magnification:
        """Prepare a request, or show the latest one at another factor.

        Parameters
        ----------
        request : MagnificationRequest
        factor : float
            Magnification factor.

        Returns
        -------
        Magnification
            Its warnings are in ``metadata["warnings"]``.

        Raises
        ------
        RunError, WeightsError, EmbeddingError, DeviationError, StudyError
            As `napari_ubam.Run.magnify` raises them.
        """
        from napari_ubam.magnification.prepare import magnification

        key = (request, _states_of_files(request.run))
        with self._lock:
            if self._latest is None or self._key != key:
                self._latest = magnification(
                    request.run,
                    request.recording,
                    request.reference,
                    factor,
                    frames=slice(request.start, request.stop),
                    smoothing_ms=request.smoothing_ms,
                    device=request.device,
                )
                self._key = key
            elif self._latest.factor != factor:
                self._latest = self._latest.at(factor)
            return self._latest

    def preview(
        self, request: MagnificationRequest, frame: int, factor: float
    ) -> tuple[npt.NDArray[np.uint8], list[str]]:
        """Render one frame of a request. Fast once the request was prepared.

        Parameters
        ----------
        request : MagnificationRequest
        frame : int
            Frame number.
        factor : float
            Magnification factor.

        Returns
        -------
        image : ndarray of uint8, shape (y, x, c)
        warnings : list of str
            Sentences for the user.

        Raises
        ------
        RunError, WeightsError, EmbeddingError, DeviationError, StudyError
            As `prepare` raises them.
        """
        prepared = self.prepare(request, factor)
        return prepared.renderer.render([frame], factor)[0], list(prepared.metadata["warnings"])


def _states_of_files(run: Path) -> FileStates:
    """List times and sizes of the files that a magnification depends on: weights, codes, study and scores."""
    found = []
    for path in (*sorted(run.glob("*.safetensors")), run / EMBEDDINGS, run / STUDY, run / f"{SCORES}.json"):
        with suppress(OSError):  # it does not exist, or is being replaced
            facts = path.stat()
            found.append((path.name, facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def span_around(frame: int, first: int, last: int, fps: float, seconds: float = 2.0) -> tuple[int, int]:
    """Choose the frames around a frame.

    Parameters
    ----------
    frame : int
        Frame number.
    first, last : int
        First and last frame of the recording.
    fps : float
        Frames per second.
    seconds : float
        Time before and after the frame.

    Returns
    -------
    start, stop : int
        First frame, and the frame after the last.
    """
    half = round(seconds * fps)
    return max(first, frame - half), min(last + 1, frame + half + 1)


def episode_span(
    episodes: pd.DataFrame, frame: int, first: int, last: int, fps: float, margin: float = 0.5
) -> tuple[int, int] | None:
    """Choose the frames of the episode that contains a frame.

    Parameters
    ----------
    episodes : DataFrame
        Episodes of the recording, with ``start`` and ``stop``.
    frame : int
        Frame number.
    first, last : int
        First and last frame of the recording.
    fps : float
        Frames per second.
    margin : float
        Seconds that are added before and after the episode.

    Returns
    -------
    tuple of int or None
        First frame, and the frame after the last. None if the frame is in no episode.
    """
    found = episodes[(episodes["start"] <= frame) & (episodes["stop"] > frame)]
    if not len(found):
        return None
    one, wider = found.iloc[0], round(margin * fps)
    return max(first, int(one["start"]) - wider), min(last + 1, int(one["stop"]) + wider)
