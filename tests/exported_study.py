"""A small scored study for the exports: two recordings with known episodes, and short videos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from napari_ubam.formats import MEASURES, ExportData, ScoredFrames
from napari_ubam.study import Recording, Roi
from napari_ubam.video import VideoWriter

FRAMES, FPS = 60, 30.0
EPISODES = [(10, 20), (45, 60)]  # the second one ends with the video
SUBJECT = {"species": "Rattus norvegicus", "age": "P90D", "sex": "f", "experimenter": "Doe, Jane"}
SUBJECT |= {"institution": "An institute", "session_start_time": "2024-05-31T14:30"}


def video(path: Path) -> Path:
    """Write a small video whose frames become brighter."""
    with VideoWriter(path, FPS) as writer:
        for number in range(FRAMES):
            writer.write(np.full((48, 64, 3), 40 + 2 * number, np.uint8))
    return path


def scored(
    path: Path, subject: str, *, reference: bool = False, clock: Callable[[int], float] | None = None
) -> ScoredFrames:
    """Give scores of a recording.

    Parameters
    ----------
    path : Path
        Its video.
    subject : str
    reference : bool
        Recordings of the reference have no episodes.
    clock : callable, optional
        Time of a frame.
    """
    clock = clock or (lambda number: number / FPS)
    spans = [] if reference else EPISODES
    inside = np.zeros(FRAMES, bool)
    for start, stop in spans:
        inside[start:stop] = True
    table = {"frame": np.arange(FRAMES), "time": [round(clock(one), 6) for one in range(FRAMES)]}
    values = np.where(inside, 0.2, 0.01)
    values[:2] = np.nan  # windows that are not complete
    for name in MEASURES:
        table[name] = np.where(inside, 99.5, 50.0) if name.endswith("percentile") else values
    episodes = pd.DataFrame(
        [
            {
                "recording": path.stem,
                **{"start": start, "stop": stop, "peak": start + 3},
                **{"start_time": clock(start), "stop_time": clock(stop), "peak_time": clock(start + 3)},
                **{"peak_percentile": 99.5, "mean_percentile": 99.5, "excess": 1.5},
            }
            for start, stop in spans
        ],
        columns=["recording", "start", "stop", "peak", "start_time", "stop_time", "peak_time"]
        + ["peak_percentile", "mean_percentile", "excess"],
    )
    recording = Recording(
        video=path,
        subject=subject,
        group="healthy" if reference else "impaired",
        session="0",
        roi=Roi(x=4, y=4, width=40, height=40),
        metadata=SUBJECT,
    )
    return ScoredFrames(recording, pd.DataFrame(table), episodes, reference)


def made_up(folder: Path, **options: Callable[[int], float]) -> ExportData:
    """Give a study of two recordings, one of them in the reference.

    Parameters
    ----------
    folder : Path
        For the videos.
    **options
        As `scored` takes them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recordings = (
        scored(video(folder / "rat 1.mp4"), "rat1", **options),  # type: ignore[arg-type]
        scored(video(folder / "rat2.mp4"), "rat2", reference=True),
    )
    subjects = pd.DataFrame({"subject": ["rat1", "rat2"], "session": ["0", "0"], "p": [0.2, np.nan]})
    facts = {"reference": "group=healthy", "versions": {"napari-ubam": "0.1", "python": "3.12"}}
    facts |= {"origin": {"posture.safetensors": "seed 7, 100 steps", "hash of posture": "abc"}}
    return ExportData("rats", recordings, subjects, {}, facts, {}, "2024-06-01T10:00:00+00:00")
