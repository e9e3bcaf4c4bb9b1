"""What is exported: the results of a scored study as plain tables, whatever they were computed by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ubam.study import Recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES: Mapping[str, tuple[str, str]] = {
    "posture_deviation": (
        "1",
        "Mean cosine distance of the posture of a frame to the nearest frames of the reference.",
    ),
    "behaviour_deviation": (
        "1",
        "Mean cosine distance of the window around a frame to the nearest windows of the reference.",
    ),
    "posture_percentile": (
        "percent",
        "Percentile of the posture deviation among held-out frames of the reference.",
    ),
    "behaviour_percentile": (
        "percent",
        "Percentile of the behaviour deviation among held-out windows of the reference.",
    ),
    "constant": ("1", "Constant part of the deviation: what the recording always has (cosine distance)."),
    "episodic": (
        "1",
        "Episodic part of the deviation: what rises above the constant part (cosine distance).",
    ),
    "constant_percentile": (
        "percent",
        "Percentile of the constant part among the recordings of the reference.",
    ),
    "episodic_percentile": (
        "percent",
        "Percentile of the episodic part among held-out windows of the reference.",
    ),
}
"""Unit and description of each measure of a frame. Cosine distances have the unit 1."""

THRESHOLD = 95.0
"""Percentile above which a frame belongs to an episode."""


@dataclass(frozen=True)
class ScoredFrames:
    """Scores and episodes of one recording.

    Parameters
    ----------
    recording : Recording
        Video, labels and region.
    table : DataFrame or callable
        A row for each frame: ``frame``, ``time`` in seconds, and the columns of `MEASURES`. Or a function
        that reads it, since those of a long study do not fit into memory together.
    episodes : DataFrame
        ``start``, ``stop`` (the frame after the last), ``peak``, ``start_time``, ``stop_time``,
        ``peak_time``, ``peak_percentile`` and ``excess``.
    reference : bool
        Whether the recording belongs to the reference.
    """

    recording: Recording
    table: pd.DataFrame | Callable[[], pd.DataFrame]
    episodes: pd.DataFrame
    reference: bool = False

    @property
    def name(self) -> str:
        """Name of the recording."""
        return self.recording.name

    @property
    def scores(self) -> pd.DataFrame:
        """The table, which is read on each access if a function is given."""
        return self.table if isinstance(self.table, pd.DataFrame) else self.table()

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds, shape (t,)."""
        return self.scores["time"].to_numpy(float)

    @property
    def frames(self) -> NDArray[np.int64]:
        """Number of each frame in the video, shape (t,)."""
        return self.scores["frame"].to_numpy(np.int64)

    @property
    def fps(self) -> float:
        """Frames per second: of neighbouring frames, the median."""
        steps = np.diff(self.times) / np.maximum(np.diff(self.frames), 1)
        return round(1 / float(np.median(steps)), 3) if len(steps) else 1.0

    @property
    def measures(self) -> list[str]:
        """Columns of the scores that are measures."""
        columns = self.scores.columns
        return [name for name in MEASURES if name in columns]

    def in_episode(self) -> NDArray[np.bool_]:
        """Mark the frames of episodes.

        Returns
        -------
        ndarray of bool, shape (t,)
        """
        frames = self.frames
        marked = np.zeros(len(frames), bool)
        for start, stop in zip(self.episodes["start"], self.episodes["stop"], strict=True):
            marked |= (frames >= start) & (frames < stop)
        return marked


@dataclass(frozen=True)
class ExportData:
    """The results of a scored study.

    Parameters
    ----------
    name : str
        Name of the run, for files that hold the whole study.
    recordings : tuple of ScoredFrames
    subjects : DataFrame
        A row for each subject and session.
    tables : mapping of str to DataFrame
        Tables of the analyses of the run, by name.
    facts : mapping of str to object
        What the scores were computed from: reference, hashes, seeds, versions. Serialisable as JSON.
    figures : mapping of str to callable
        Functions that draw a figure, by its name.
    created : str
        When the scores were computed, as ISO 8601.
    """

    name: str
    recordings: tuple[ScoredFrames, ...]
    subjects: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)
    created: str = ""

    @property
    def software(self) -> str:
        """Name and version of the software that scored."""
        return f"napari-ubam {dict(self.facts.get('versions') or {}).get('napari-ubam', '')}".strip()

    @property
    def reference(self) -> str:
        """Filter of the reference."""
        return str(self.facts.get("reference", ""))


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """Give each recording a file name without extension that all systems accept.

    Parameters
    ----------
    names : iterable of str
        Different names.

    Returns
    -------
    dict of str to str
        File name by name. No two are the same, also where letter case does not count.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = "".join(one if one.isalnum() or one in "-_ ." else "_" for one in name).strip(" .") or "_"
        stem, number = plain, 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{plain}-{number}"
        taken.add(stem.casefold())
        found[name] = stem
    return found
