"""What stands in a run's folder, read at once. Neither Qt nor napari; reading is for a thread."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from napari_ubam.jobs import Job, find_jobs
from napari_ubam.study import Study

if TYPE_CHECKING:
    from napari_ubam.run import Run


@dataclass(frozen=True)
class Results:
    """Tables that a scoring wrote.

    Parameters
    ----------
    scores : DataFrame
        ``recording, frame, time, posture_deviation, behaviour_deviation, posture_percentile,
        behaviour_percentile``, one row a frame.
    subjects : DataFrame
        ``subject, group, session, deviation, p, q``.
    episodes : DataFrame
        Spans over the 95th percentile with their peaks.
    reference : str
        Filter that they were scored against.
    """

    scores: pd.DataFrame
    subjects: pd.DataFrame
    episodes: pd.DataFrame
    reference: str

    def of(self, recording: str) -> pd.DataFrame:
        """Scores of one recording, in the order of its frames."""
        rows = self.scores[self.scores["recording"] == recording]
        return rows.sort_values("frame")

    def episodes_of(self, recording: str) -> pd.DataFrame:
        """Episodes of one recording."""
        return self.episodes[self.episodes["recording"] == recording]


@dataclass(frozen=True)
class RunContents:
    """What stands in a run's folder.

    Parameters
    ----------
    folder : Path
    run : Run or None
        None while its training has not ended.
    study : Study or None
        Recordings that the run knows.
    results : Results or None
        None before it was scored.
    has_magnifier : bool
    quality : tuple of (str, str, str)
        Whether the model means anything: what was checked, the result, and what to think of it.
    jobs : tuple of Job
        Oldest first.
    notes : tuple of str
        Sentences of what could not be read.
    """

    folder: Path
    run: Run | None = None
    study: Study | None = None
    results: Results | None = None
    has_magnifier: bool = False
    quality: tuple[tuple[str, str, str], ...] = ()
    jobs: tuple[Job, ...] = ()
    notes: tuple[str, ...] = ()


def read_run(folder: Path) -> RunContents:
    """Read what stands in a run's folder; takes a moment, so call it from a thread.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    RunContents

    Raises
    ------
    RunError
        If the folder holds neither a trained model nor a training.
    """
    from napari_ubam.run import Run, RunError
    from napari_ubam.runfolder.recordings import read_recordings
    from napari_ubam.training.pipeline.record import unfinished

    jobs, notes = tuple(find_jobs(folder)), []
    try:
        run = Run.open(folder)
    except RunError:
        if not jobs and not unfinished(folder / "checkpoints"):
            raise
        run = None
    study, results = None, None
    try:
        study = read_recordings(folder)
    except (RunError, ValueError, OSError) as error:
        notes.append(str(error))
    try:
        results = read_results(folder)
    except (ValueError, OSError, KeyError) as error:
        notes.append(f"The scores in {folder} cannot be read ({error}); score again.")
    quality: tuple[tuple[str, str, str], ...] = ()
    if run is not None:
        try:
            quality = tuple(run.quality.rows())
        except ValueError as error:
            notes.append(str(error))
    magnifier = (folder / "magnifier.safetensors").is_file()
    return RunContents(folder, run, study, results, magnifier, quality, jobs, tuple(notes))


def read_results(folder: Path) -> Results | None:
    """Read the tables of a scoring; None where there was none."""
    from napari_ubam.run.scoring import read_table

    names = ("scores", "subjects", "episodes")
    if not all((folder / f"{name}.csv").is_file() for name in names):
        return None
    scores, subjects, episodes = (read_table(folder, name) for name in names)
    facts = folder / "scores.json"
    reference = json.loads(facts.read_text(encoding="utf-8")).get("reference", "") if facts.is_file() else ""
    return Results(scores, subjects, episodes, str(reference))
