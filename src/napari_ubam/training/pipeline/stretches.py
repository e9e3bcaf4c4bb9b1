"""One long recording in stretches of time, from which a training learns as from several recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_ubam.learners.posture_track import PostureTrack
from napari_ubam.learners.sampling import Crops, CropsPart
from napari_ubam.models.config import ModelConfig
from napari_ubam.runfolder.errors import RunError

SHORTEST, USUAL = 2.0, 4.0  # windows in a stretch
MOST = 100  # stretches in a part


@dataclass(frozen=True)
class StretchCrops(CropsPart):
    """Crops of some stretches of a recording.

    Parameters
    ----------
    crops : Crops
        Crops of the recording.
    spans : sequence of (int, int)
        First frame, and frame after the last, of each stretch.
    """

    spans: Sequence[tuple[int, int]]

    @cached_property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """First frame, and frame after the last, of each run of frames without a gap."""
        found = []
        for first, last in self.crops.runs:
            inside = ((max(first, start), min(last, stop)) for start, stop in self.spans)
            found += [(start, stop) for start, stop in inside if start < stop]
        return tuple(found)


@dataclass(frozen=True)
class Stretches:
    """Stretches of a recording, dealt to a few parts in turn.

    Each part has stretches from the whole recording. So all parts have the same mean posture and light, and
    what the subject does only for a time is not taken for a difference between recordings.

    Parameters
    ----------
    edges : (n,) int64 array
        First frame of each stretch, ascending.
    parts : int
        Number of parts.
    """

    edges: NDArray[np.int64]
    parts: int

    @classmethod
    def of(cls, crops: Crops, config: ModelConfig) -> Stretches:
        """Divide a recording.

        Parameters
        ----------
        crops : Crops
            Crops of the recording, without what is held out.
        config : ModelConfig
            Length of a window, and number of recordings in a batch.

        Returns
        -------
        Stretches
            As many parts as recordings in a batch, if the recording is long enough.

        Raises
        ------
        RunError
            If it is too short for two parts.
        """
        frames = np.concatenate([np.arange(*run) for run in crops.runs])
        window = max(config.behaviour.window_ms / 1000 * crops.fps, 1.0)
        wanted = max(config.posture_training.recordings, config.behaviour_training.recordings)
        parts = min(wanted, int(len(frames) / (SHORTEST * window)))
        if parts < 2:
            needed = 2 * SHORTEST * config.behaviour.window_ms / 1000
            raise RunError(
                f"There is one recording, and without what is held out it has {len(frames) / crops.fps:.1f} "
                f"s; a training needs at least {needed:.1f} s, better ten minutes, or more recordings."
            )
        count = int(np.clip(len(frames) / (USUAL * window), parts, MOST * parts))
        return cls(frames[np.arange(count) * len(frames) // count].astype(np.int64), parts)

    def crops(self, crops: Crops) -> list[StretchCrops]:
        """Divide the crops of the recording.

        Parameters
        ----------
        crops : Crops
            Crops of the recording, without what is held out.

        Returns
        -------
        list of StretchCrops
            One for each part.
        """
        ends = [*self.edges[1:].tolist(), crops.runs[-1][1]]
        spans = list(zip(self.edges.tolist(), ends, strict=True))
        return [StretchCrops(crops, spans[part :: self.parts]) for part in range(self.parts)]

    def tracks(self, track: PostureTrack, frames: NDArray[np.int64]) -> list[PostureTrack]:
        """Divide the windows of the recording by the frame in their centre.

        Parameters
        ----------
        track : PostureTrack
            Postures and windows of the recording, without what is held out.
        frames : (t,) int64 array
            Frame number of each row of the track.

        Returns
        -------
        list of PostureTrack
            One for each part that has windows.
        """
        centres = frames[track.windows.centres]
        part = (np.searchsorted(self.edges, centres, side="right") - 1) % self.parts
        chosen = (np.flatnonzero(part == number) for number in range(self.parts))
        return [track.of_windows(which) for which in chosen if len(which)]
