"""Results of a run in the formats of other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_ubam.analysis import analyses
from napari_ubam.analysis.scores import Scores
from napari_ubam.formats import ExportData, Exported, ExportError, ScoredFrames, export_data
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.report.subjects import subjects_figure
from napari_ubam.report.timeline import timeline
from napari_ubam.runfolder.paths import MAP_RESULT, SCORES
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.table_parts import Tables, parts_of, recordings_of
from napari_ubam.runfolder.tables import Result, RunResults
from napari_ubam.study import Study

from .analyses import FIGURES
from .contents import ReadableRun
from .provenance import CurrentRun, origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ExportingRun(ReadableRun):
    """A run whose results can be written in the formats of other programs.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def export(
        self,
        format: str,
        path: str | Path,
        *,
        where: str = "",
        overwrite: bool = False,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Exported:
        """Write scores, episodes and subjects in a format of other programs.

        Parameters
        ----------
        format : str
            ``"csv"``, ``"parquet"``, ``"nwb"``, ``"netcdf"``, ``"boris"``, ``"elan"``, ``"mp4"`` or
            ``"figures"``; see `napari_ubam.formats.FORMATS`.
        path : path
            Folder to write to. It is created if it does not exist.
        where : str
            Filter of the recordings, such as ``"group=stroke"``. Empty: all that were scored.
        overwrite : bool
            Whether files that are there are replaced.
        progress, cancel : optional
            Called with the progress in files; checked at least before each file.

        Returns
        -------
        Exported
            ``folder``, ``files`` and ``warnings``. A file such as ``export-csv.json`` in the folder says
            what the results were computed from, so several formats can share a folder.

        Raises
        ------
        ExportError
            If there is no such format, a package that it needs is not installed, or a file is there already.
        RunError, StudyError
            If the run has no scores, or no recording fits the filter.
        Cancelled
            When ``cancel`` is set. Files that are complete stay.
        """
        data, changes = exported_data(self.folder, self._scoring, where)
        done = export_data(data, format, Path(path), overwrite=overwrite, progress=progress, cancel=cancel)
        return Exported(done.folder, done.files, (*changes, *done.warnings))


def exported_data(folder: Path, scores: Result, where: str = "") -> tuple[ExportData, list[str]]:
    """Read what is exported from the folder of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    scores : Result
        The last scoring.
    where : str
        Filter of the recordings.

    Returns
    -------
    ExportData
    list of str
        How the run has changed since it was scored.
    """
    study = read_recordings(folder)
    chosen = study.select(where) if where else study
    found = _recordings(chosen, scores)
    if not found:
        raise ExportError(f"No recording of the study in {folder} was scored; score the study again.")
    subjects = scores.tables["subjects"]
    kept = {(one.recording.subject, one.recording.session) for one in found}
    # The row of a reference subject stands for all of its sessions.
    whole = {one.recording.subject for one in found if one.name in scores.facts["reference_recordings"]}
    own = [
        (row.subject, row.session) in kept or (row.reference and row.subject in whole)
        for row in subjects.itertuples()
    ]
    results = {} if where else RunResults(folder)  # analyses of all say nothing about some of them
    others = {name: result for name, result in results.items() if name not in (SCORES, MAP_RESULT)}
    data = ExportData(
        name=folder.name,
        recordings=tuple(found),
        subjects=subjects[own],
        tables={name: table for one in others.values() for name, table in one.tables.items()},
        facts=_facts(folder, scores),
        figures=_figures(found, scores, others),
        created=str(scores.facts.get("created", "")),
    )
    return data, CurrentRun(folder).changes_since(scores)


def _facts(folder: Path, scores: Result) -> dict[str, Any]:
    """Tell what the scores were computed from, with the seeds and hashes of the model."""
    kept = ("reference", "within", "reference_recordings", "reference_subjects", "k", "per_subject")
    facts = {name: scores.facts[name] for name in kept if name in scores.facts}
    facts["created"] = scores.facts.get("created", "")
    return {**facts, "versions": dict(scores.facts["versions"]), "origin": origin(folder, scores.facts)}


def _recordings(study: Study, scores: Result) -> list[ScoredFrames]:
    scored = set(recordings_of(scores.tables, "scores"))
    episodes = scores.tables["episodes"]
    reference = set(scores.facts["reference_recordings"])
    read = _reader(scores.tables)
    return [
        ScoredFrames(
            recording=one,
            table=partial(read, one.name),
            episodes=episodes[episodes["recording"] == one.name].reset_index(drop=True),
            reference=one.name in reference,
        )
        for one in study
        if one.name in scored
    ]


def _reader(tables: Mapping[str, pd.DataFrame]) -> Callable[[str], pd.DataFrame]:
    """Read the frames of a recording; those of the last one stay in memory, since formats ask repeatedly."""
    if not isinstance(tables, Tables) or tables.recordings("scores") is None:
        return dict(parts_of(tables, "scores")).__getitem__
    part = partial(tables.part, "scores")
    return lru_cache(maxsize=1)(part)


def _figures(
    recordings: Iterable[ScoredFrames], scores: Result, others: dict[str, Result]
) -> dict[str, Callable[[], Figure]]:
    within = scores.facts.get("within") == "subject"
    found: dict[str, Callable[[], Figure]] = {
        "subjects": partial(subjects_figure, scores.tables["subjects"], within=within)
    }
    known = analyses()
    for name, result in others.items():
        draw = (known[name].draw if name in known else None) or FIGURES.get(name)
        if draw is not None:
            found[name] = partial(draw, result)
    for one in recordings:
        found[f"timeline {one.name}"] = partial(_timeline, one)
    return found


def _timeline(one: ScoredFrames) -> Figure:
    columns = {name: one.scores[name].to_numpy(np.float32) for name in one.measures}
    scores = Scores(
        name=one.name,
        subject=one.recording.subject,
        group=one.recording.group,
        session=one.recording.session,
        reference=one.reference,
        frames=one.frames,
        times=one.times,
        **columns,
    )
    found: pd.DataFrame = one.episodes
    return timeline(scores, found, intervals=one.recording.intervals)
