"""From codes to the tables and figures of a run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ubam.analysis import (
    Codes,
    DeviationResult,
    Scores,
    deviation,
    episodes,
    mean_excess,
    score_table,
    subject_table,
)
from napari_ubam.files import write_atomic
from napari_ubam.models.weights import versions
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.report import save, subjects_figure, timeline
from napari_ubam.report.pictures import cropped_frames
from napari_ubam.runfolder.log import append
from napari_ubam.study import Study

SHOWN = 4  # peaks with a picture
TEXT = {"recording": str, "subject": str, "group": str, "session": str}


@dataclass(frozen=True)
class Scoring:
    """Tables of a scoring.

    Parameters
    ----------
    scores : DataFrame
        One row a frame.
    subjects : DataFrame
        One row a subject and session.
    episodes : DataFrame
        Spans over the 95th percentile, with the recording, ranked within it.
    warnings : tuple of str
        Sentences that the user should read.
    result : DeviationResult
        What the tables were made of.
    """

    scores: pd.DataFrame
    subjects: pd.DataFrame
    episodes: pd.DataFrame
    warnings: tuple[str, ...]
    result: DeviationResult


def score_study(
    folder: Path,
    study: Study,
    codes: Sequence[Codes],
    reference: Sequence[str],
    filter_text: str,
    *,
    model: Mapping[str, str],
    k: int,
    per_subject: int,
    figures: bool,
    progress: ProgressCallback | None,
    cancel: Cancel | None,
) -> Scoring:
    """Score recordings and write what was found; see `Run.score`.

    Parameters
    ----------
    folder : Path
        Of the run.
    study : Study
    codes : sequence of Codes
        Of all its recordings.
    reference : sequence of str
        Names of the reference recordings.
    filter_text : str
        How they were chosen; for the log.
    model : mapping of str to str
        Hashes of the weights.
    k, per_subject, figures, progress, cancel
        As `Run.score` takes them.

    Returns
    -------
    Scoring
    """
    tell = progress or silent
    result = deviation(codes, reference, k=k, per_subject=per_subject, progress=tell, cancel=cancel)
    for sentence in result.warnings:
        tell(Progress("score", 0, 0, message=sentence))
    found = pd.concat([_episodes(scores) for scores in result.recordings], ignore_index=True)
    scoring = Scoring(score_table(result), subject_table(result, mean_excess), found, result.warnings, result)
    _forget(folder / "figures")
    _write(folder / "scores.csv", scoring.scores)
    _write(folder / "subjects.csv", scoring.subjects)
    _write(folder / "episodes.csv", scoring.episodes)
    facts = {"reference": filter_text, "k": k, "per_subject": per_subject, "model": dict(model)}
    _note(folder, scoring, reference, facts)
    append(folder / "log.jsonl", "score", **facts)
    if figures:
        _draw(folder / "figures", study, scoring, tell, cancel)
    return scoring


def _forget(figures: Path) -> None:
    """Remove what was drawn of another scoring, which would be taken for this one's."""
    for name in ("subjects.png", "sweep.png"):
        (figures / name).unlink(missing_ok=True)
    shutil.rmtree(figures / "timelines", ignore_errors=True)


def _episodes(scores: Scores) -> pd.DataFrame:
    found = episodes(
        scores.behaviour_percentile, scores.times, frames=scores.frames, deviation=scores.behaviour_deviation
    )
    found.insert(0, "recording", scores.name)
    return found


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read ``scores``, ``subjects`` or ``episodes`` of a run; names that look like numbers stay text."""
    return pd.read_csv(folder / f"{name}.csv", dtype=TEXT)


def _write(path: Path, table: pd.DataFrame) -> None:
    """Write a table: times to the microsecond, other numbers to six digits."""
    times = [name for name in table.columns if name == "time" or name.endswith("_time")]
    text = table.assign(**{name: table[name].map("{:.6f}".format) for name in times})
    write_atomic(path, text.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode())


def _note(folder: Path, scoring: Scoring, reference: Sequence[str], facts: Mapping[str, Any]) -> None:
    """Write down what the tables were made from."""
    noted = {
        **facts,
        "reference_recordings": list(reference),
        "reference_subjects": list(scoring.result.reference_subjects),
        "reference_frames": dict(scoring.result.reference_counts),
        "warnings": list(scoring.warnings),
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_atomic(folder / "scores.json", (json.dumps(noted, indent=2) + "\n").encode())


def _draw(
    folder: Path, study: Study, scoring: Scoring, progress: ProgressCallback, cancel: Cancel | None
) -> None:
    save(subjects_figure(scoring.subjects, "mean excess deviation"), folder / "subjects.png")
    for number, recording in enumerate(study):
        check_cancelled(cancel)
        progress(Progress("figures", number, len(study), detail=recording.name))
        own = scoring.episodes[scoring.episodes["recording"] == recording.name]
        pictures = cropped_frames(recording, own["peak"].head(SHOWN).tolist())
        figure = timeline(
            scoring.result[recording.name], own, thumbnails=pictures, intervals=recording.intervals
        )
        save(figure, folder / "timelines" / f"{file_name(recording.name)}.png")
    progress(Progress("figures", len(study), len(study)))


def file_name(name: str) -> str:
    """Name of a recording as a file may have it."""
    return "".join(letter if letter.isalnum() or letter in "-_ ." else "_" for letter in name)
