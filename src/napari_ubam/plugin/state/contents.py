"""What stands in a run's folder, read at once. Neither Qt nor napari; reading is for a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_ubam.jobs import Job, find_jobs
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import BEHAVIOUR, CHECKPOINTS, MAGNIFIER, POSTURE, SCORES, TRAINING
from napari_ubam.runfolder.scored_recordings import ScoredStudy, read_scored
from napari_ubam.runfolder.table_parts import parts_of
from napari_ubam.runfolder.tables import has_result
from napari_ubam.study import Study

from .following import FileStates, states_of

if TYPE_CHECKING:
    from napari_ubam.run import Run
    from napari_ubam.training.pipeline.training_record import UnfinishedTraining

OLD_MAGNIFIER = "The magnifier was trained for an earlier model; train the magnifier again."
WEIGHTS = (POSTURE, BEHAVIOUR, MAGNIFIER)


@dataclass(frozen=True)
class Results:
    """Tables of the last scoring.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``scores``, one row for each frame, of which only the recordings that are shown are read if it is
        large; ``subjects``, one row for each subject and session; and ``episodes``, spans above the 95th
        percentile with their peaks.
    scored : ScoredStudy
        The recordings that were scored, and their reference.
    within : str
        ``"subject"`` if each subject was compared with its own reference recordings.
    """

    tables: Mapping[str, pd.DataFrame]
    scored: ScoredStudy
    within: str = ""

    @property
    def subjects(self) -> pd.DataFrame:
        """Row of each subject and session: ``subject, group, session, deviation, p, q``, and its parts."""
        return self.tables["subjects"]

    @property
    def episodes(self) -> pd.DataFrame:
        """Spans above the 95th percentile with their peaks."""
        return self.tables["episodes"]

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
            Rows of ``scores``, in the order of frames; none if the run was just scored again, until the new
            scores are read.
        """
        try:
            for _, rows in parts_of(self.tables, "scores", [recording]):
                return rows.sort_values("frame")
        except RunError:
            pass
        return pd.DataFrame()

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
        Whether it has a magnifier of its present model.
    magnifier_fault : str
        Why a magnifier that is there cannot be used: it may have been trained on an earlier model.
    weights : mapping of str to str
        Hash of the present weights: ``"posture"``, ``"behaviour"`` and ``"magnifier"``.
    codes : mapping of str to str
        Hash of the present codes by name of the recording; empty where it has none.
    files : FileStates
        Files of the folder when reading began, see `following.states_of`.
    quality : tuple of (str, str, str)
        Whether the model means anything: what was checked, the result, and what to think of it.
    next_step : str
        One sentence if the model should be trained longer; else empty.
    more_minutes : int, optional
        How many minutes longer. None also if its checkpoints were removed, so that it cannot go on.
    jobs : tuple of Job
        Oldest first, and those that run after all others.
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
    magnifier_fault: str = ""
    weights: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    files: FileStates = ()
    quality: tuple[tuple[str, str, str], ...] = ()
    next_step: str = ""
    more_minutes: int | None = None
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
    from napari_ubam.embedding.codes import store_of
    from napari_ubam.run import Run
    from napari_ubam.runfolder.recordings import read_recordings
    from napari_ubam.training.pipeline.training_record import unfinished_trainings

    files = states_of(folder)  # first: what changes while it is read is noticed later
    jobs, notes, stopped = _jobs_of(folder), [], unfinished_trainings(folder)
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
    checks: dict[str, Any] = {}
    weights: Mapping[str, str] = {}
    fault = ""
    if run is not None:
        try:
            checks = _checks(run)
        except ValueError as error:
            notes.append(str(error))
        try:
            weights, fault = _hashes(folder, tuple(one for one in files if one[0] in WEIGHTS))
        except (ValueError, OSError) as error:
            notes.append(str(error))
    return RunContents(
        folder=folder,
        run=run,
        study=study,
        results=results,
        has_magnifier="magnifier" in weights,
        magnifier_fault=fault,
        weights=weights,
        codes={} if study is None else {name: store_of(folder).codes_hash(name) for name in study.names},
        files=files,
        **checks,
        jobs=jobs,
        notes=tuple(notes),
        unfinished=stopped,
    )


def _checks(run: Run) -> dict[str, Any]:
    """Read the checks of the model of a run."""
    found = run.quality
    advice, can_go_on = found.advice, (run.folder / CHECKPOINTS / TRAINING).is_file()
    return {
        "quality": tuple(found.rows()),
        "next_step": found.next_step,
        "more_minutes": advice.more_minutes if advice is not None and can_go_on else None,
    }


def _jobs_of(folder: Path) -> tuple[Job, ...]:
    """Jobs of a run, those that run last."""
    return tuple(sorted(find_jobs(folder), key=lambda job: (job.is_alive(), job.started)))


@lru_cache(maxsize=8)
def _hashes(folder: Path, states: FileStates) -> tuple[Mapping[str, str], str]:
    """Hashes of the weights of a run, and why its magnifier cannot be used, if there is one."""
    from napari_ubam.embedding.model_encoder import ModelEncoder
    from napari_ubam.magnification.renderer import load_magnifier
    from napari_ubam.models.weights import WeightsError, read_header, weights_hash

    found = dict(ModelEncoder.load(folder).hashes)
    if all(name != MAGNIFIER for name, _, _ in states):
        return found, ""
    try:
        if read_header(folder / MAGNIFIER).trained_on != found["posture"]:
            return found, OLD_MAGNIFIER
        network, _ = load_magnifier(folder, found["posture"])
    except WeightsError as error:
        return found, str(error)
    return {**found, "magnifier": weights_hash(network.state_dict())}, ""


def _read_scores(folder: Path) -> Results | None:
    """Scores of a run; None if it was not scored."""
    if not has_result(folder, SCORES):
        return None
    from napari_ubam.run.score_table import read_scores

    found, scored = read_scores(folder), read_scored(folder)
    if scored is None:
        return None
    return Results(found.tables, scored, str(found.facts.get("within", "")))
