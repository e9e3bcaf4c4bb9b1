"""From codes to the scores of a run: compute, write, draw."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from napari_ubam.analysis import (
    Codes,
    DeviationError,
    Scores,
    deviation,
    deviation_within_subjects,
    episodes,
    mean_excess,
    subject_table,
)
from napari_ubam.analysis.deviation_search import Searcher, search_in_turn
from napari_ubam.analysis.reference_limits import REFERENCE_FRAMES, REFERENCE_TOTAL
from napari_ubam.analysis.scores import score_tables
from napari_ubam.analysis.scoring_checks import episode_warnings
from napari_ubam.embedding.cluster import cluster_client
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.embedding.stored_codes import StoredCodes
from napari_ubam.learners.errors import TrainingError
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.report import save, subjects_figure, timeline
from napari_ubam.report.pictures import cropped_frames
from napari_ubam.runfolder.log import append
from napari_ubam.runfolder.paths import LOG, QUALITY, SCORES, TIMELINES, figure_file, timeline_file
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.runfolder.table_parts import TableInParts
from napari_ubam.runfolder.tables import Result, write_result
from napari_ubam.study import Study
from napari_ubam.tracking import with_found_regions
from napari_ubam.training.checks.quality import Quality

from .provenance import recording_facts
from .score_table import Scoring

PICTURES = 4  # peaks of a recording that are shown in its timeline


@dataclass(frozen=True)
class ScoringOptions:
    """How to score.

    Parameters
    ----------
    k, per_subject : int
        Number of nearest reference frames, and of those of one subject at most.
    figures : bool
        Whether to draw the subjects and a timeline of each recording.
    within : str
        ``"subject"`` to compare each subject with its own reference recordings; empty to compare it with
        other subjects.
    scheduler : str
        Address of a dask.distributed scheduler, or ``"local:4"`` for four processes; empty for this process.
    reference_frames : int
        Number of reference frames of all subjects together at most, and of windows.
    progress : callable
        Called with the progress of the stages ``"score"`` and ``"figures"``.
    cancel : object with ``is_set()``, optional
        Stops the work when set.
    """

    k: int = 10
    per_subject: int = 2
    figures: bool = True
    within: str = ""
    scheduler: str = ""
    reference_frames: int = REFERENCE_TOTAL
    progress: ProgressCallback = silent
    cancel: Cancel | None = None


def score_study(folder: Path, study: Study, reference: str, options: ScoringOptions) -> Scoring:
    """Score the recordings of a study, and write the scores to the folder of a run; see `Run.score`.

    The codes of one recording are in memory at a time, and the scores of one.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    study : Study
        Embedded recordings.
    reference : str
        Filter of the reference recordings.
    options : ScoringOptions

    Returns
    -------
    Scoring
    """
    if options.within not in ("", "subject"):
        raise DeviationError(f"within is {options.within!r}; the only choice is 'subject'.")
    study = with_found_regions(folder, study)
    chosen, encoder = study.select(reference), ModelEncoder.load(folder)
    codes = StoredCodes.of(folder, study, encoder, options.progress, options.cancel)
    settings: dict[str, object] = {"reference": reference, "k": options.k, "per_subject": options.per_subject}
    if options.within:
        settings["within"] = options.within
    if out := _left_out(study):
        settings["left_out"] = out
    young = too_young(folder)
    settings |= {"model": dict(encoder.hashes), "model_too_young": bool(young)}
    with _searcher(codes, options.scheduler) as searcher:
        scores = compute_scores(codes, chosen.names, settings, options, searcher)
    scores = replace(scores, warnings=(*([young] if young else []), *scores.warnings))
    for sentence in scores.warnings:
        options.progress(Progress("score", 0, 0, message=sentence))
    write_scores(folder, study, scores)
    if options.figures:
        draw_scores(folder, study, scores, options)
    return scores


def _left_out(study: Study) -> dict[str, list[tuple[float, float]]]:
    """List the times in seconds that the study leaves out, by recording."""
    found = {one.name: [(at.start, at.stop) for at in one.intervals if at.leaves_out] for one in study}
    return {name: spans for name, spans in found.items() if spans}


@contextmanager
def _searcher(codes: StoredCodes, scheduler: str) -> Iterator[Searcher]:
    """Choose where recordings are searched."""
    if not scheduler:
        yield search_in_turn
        return
    from .scoring_on_cluster import ClusterSearcher

    with cluster_client(scheduler) as client:
        yield ClusterSearcher(codes, client)


def too_young(folder: Path) -> str:
    """Say whether the model of a run was trained too little to score with.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    str
        One sentence; empty if it was trained enough, or the run has no checks.
    """
    try:
        return Quality.read(folder / QUALITY).too_young
    except TrainingError:
        return ""


def compute_scores(
    codes: Sequence[Codes],
    reference: Sequence[str],
    settings: dict[str, object],
    options: ScoringOptions,
    searcher: Searcher = search_in_turn,
) -> Scoring:
    """Compute all tables of a scoring but that of all frames, which may not fit into memory.

    Parameters
    ----------
    codes : sequence of Codes
        Codes of all recordings.
    reference : sequence of str
        Names of the reference recordings.
    settings : dict
        Facts that are written with the scores, besides those of the recordings.
    options : ScoringOptions
    searcher : callable
        Searches the recordings, here or on a cluster.

    Returns
    -------
    Scoring
    """
    compare = deviation_within_subjects if options.within else deviation
    result = compare(
        codes,
        reference,
        k=options.k,
        per_subject=options.per_subject,
        reference_total=options.reference_frames,
        searcher=searcher,
        progress=options.progress,
        cancel=options.cancel,
    )
    facts = {
        **settings,
        "reference_recordings": list(reference),
        "reference_subjects": list(result.reference_subjects),
        "reference_frames": dict(result.reference_counts),
        "reference_windows": dict(result.reference_windows),
        "reference_frames_available": dict(result.reference_available),
        "reference_limits": {"subject": REFERENCE_FRAMES, "total": options.reference_frames},
        "recordings": recording_facts(codes, reference),
    }
    parts, durations = [], {}
    for one in result.recordings:  # once, since the scores of long studies are read from the disk
        parts.append(_episodes(one))
        durations[one.name] = float(one.times[-1] - one.times[0]) if len(one.times) else 0.0
    found = pd.concat(parts, ignore_index=True)
    warnings = (*result.warnings, *episode_warnings(found, durations, reference))
    return Scoring(subject_table(result, mean_excess), found, result, facts, warnings)


def write_scores(folder: Path, study: Study, scores: Scoring) -> None:
    """Write a scoring to the folder of a run. The study of the run becomes the study that was scored.

    Figures of an earlier scoring are removed.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    study : Study
        The study that was scored.
    scores : Scoring
    """
    for name in ("subjects", "sweep"):
        (folder / figure_file(name)).unlink(missing_ok=True)
    shutil.rmtree(folder / TIMELINES, ignore_errors=True)
    set_recordings(folder, study)
    tables = {"subjects": scores.subjects, "episodes": scores.episodes}
    frames = TableInParts(lambda: score_tables(scores.deviation))
    write_result(folder, Result(SCORES, tables, scores.facts, scores.warnings), {"scores": frames})
    logged = ("reference", "within", "k", "per_subject", "model")
    append(folder / LOG, "score", **{name: scores.facts[name] for name in logged if name in scores.facts})


def draw_scores(folder: Path, study: Study, scores: Scoring, options: ScoringOptions) -> None:
    """Draw the subjects and a timeline of each recording.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    study : Study
        The study that was scored.
    scores : Scoring
    options : ScoringOptions
    """
    tell = options.progress
    within = bool(options.within)
    save(subjects_figure(scores.subjects, within=within), folder / figure_file("subjects"))
    for number, recording in enumerate(study):
        check_cancelled(options.cancel)
        tell(Progress("figures", number, len(study), detail=recording.name))
        own = scores.episodes[scores.episodes["recording"] == recording.name]
        figure = timeline(
            scores.deviation[recording.name],
            own,
            thumbnails=cropped_frames(recording, own["peak"].head(PICTURES).tolist()),
            intervals=recording.intervals,
        )
        save(figure, folder / timeline_file(recording.name))
    tell(Progress("figures", len(study), len(study)))


def _episodes(scores: Scores) -> pd.DataFrame:
    found = episodes(
        scores.episodic_percentile, scores.times, frames=scores.frames, deviation=scores.episodic
    )
    found.insert(0, "recording", scores.name)
    return found
