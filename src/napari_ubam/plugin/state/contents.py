"""What stands in a run's folder, read at once. Neither Qt nor napari; reading is for a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from napari_ubam.jobs import Job, find_jobs
from napari_ubam.runfolder.paths import MAGNIFIER, SCORES
from napari_ubam.runfolder.scored_recordings import ScoredStudy, read_scored
from napari_ubam.runfolder.tables import has_result, read_result
from napari_ubam.study import Study

if TYPE_CHECKING:
    from napari_ubam.run import Run
    from napari_ubam.training.pipeline.training_record import UnfinishedTraining


@dataclass(frozen=True)
class Results:
    """Tables of the last scoring.

    Parameters
    ----------
    scores : DataFrame
        ``recording, frame, time, posture_deviation, behaviour_deviation, posture_percentile,
        behaviour_percentile``, one row for each frame.
    subjects : DataFrame
        ``subject, group, session, deviation, p, q``.
    episodes : DataFrame
        Spans above the 95th percentile with their peaks.
    scored : ScoredStudy
        The recordings that were scored, and their reference.
    """

    scores: pd.DataFrame
    subjects: pd.DataFrame
    episodes: pd.DataFrame
    scored: ScoredStudy

    @property
    def reference(self) -> str:
        """Filter of the reference recordings."""
        return self.scored.reference

    def of(self, recording: str) -> pd.DataFrame:
        """Give the scores of one recording.

        Parameters
        ----------
        recording : str
            Name of the recording.

        Returns
        -------
        DataFrame
            Rows of `scores`, in the order of frames.
        """
        rows = self.scores[self.scores["recording"] == recording]
        return rows.sort_values("frame")

    def episodes_of(self, recording: str) -> pd.DataFrame:
        """Give the episodes of one recording.

        Parameters
        ----------
        recording : str
            Name of the recording.

        Returns
        -------
        DataFrame
            Rows of `episodes`.
        """
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
    unfinished : tuple of UnfinishedTraining
        Trainings that were stopped and can be resumed; the one that was stopped last comes first.
    """

    folder: Path
    run: Run | None = None
    study: Study | None = None
    results: Results | None = None
    has_magnifier: bool = False
    quality: tuple[tuple[str, str, str], ...] = ()
    jobs: tuple[Job, ...] = ()
    notes: tuple[str, ...] = ()
    unfinished: tuple[UnfinishedTraining, ...] = ()


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
    from napari_ubam.training.pipeline.training_record import unfinished_trainings

    jobs, notes, stopped = tuple(find_jobs(folder)), [], unfinished_trainings(folder)
    try:
        run = Run.open(folder)
    except RunError:
        if not jobs and not stopped:
            raise
        run = None
    study, results = None, None
    try:
        study = read_recordings(folder)
    except (RunError, ValueError, OSError) as error:
        notes.append(str(error))
    try:
        results = _read_scores(folder)
    except RunError as error:
        notes.append(str(error))
    quality: tuple[tuple[str, str, str], ...] = ()
    if run is not None:
        try:
            quality = tuple(run.quality.rows())
        except ValueError as error:
            notes.append(str(error))
    magnifier = (folder / MAGNIFIER).is_file()
    return RunContents(folder, run, study, results, magnifier, quality, jobs, tuple(notes), stopped)


def _read_scores(folder: Path) -> Results | None:
    """Scores of a run; None if it was not scored."""
    if not has_result(folder, SCORES):
        return None
    found, scored = read_result(folder, SCORES), read_scored(folder)
    return None if scored is None else Results(**found.tables, scored=scored)
