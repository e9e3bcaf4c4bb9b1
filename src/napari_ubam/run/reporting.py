"""The report of a run: one HTML page to read, print and send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ubam.analysis import analyses
from napari_ubam.files import write_atomic
from napari_ubam.kinds import PARTS
from napari_ubam.report.page import Page, Part, Picture, to_html
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import (
    QUALITY,
    REPORT,
    SCORES,
    TIMELINES,
    figure_file,
    timeline_file,
)
from napari_ubam.runfolder.tables import Result, RunResults, has_result
from napari_ubam.study.values import counted
from napari_ubam.training.checks.quality import Quality
from napari_ubam.versions import versions

from .comparing import COMPARE, comparison_parts
from .provenance import CurrentRun, origin
from .score_table import read_scores
from .threats import threats_to_scores

LISTED = 20  # episodes
ENDS = ("", "_p", "_q")  # of the columns of subjects
ROWS = 50  # a longer table of an analysis is left to its file
COLUMNS = {
    "recording": "recording",
    "start_time": "from (s)",
    "stop_time": "to (s)",
    "start": "first frame",
    "stop": "frame after the last",
    "peak": "frame of the peak",
    "peak_percentile": "its percentile",
}


def write_report(folder: Path) -> Path:
    """Write the report of a run; see `Run.report`.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    RunError
        If the run has no scores.
    """
    if not has_result(folder, SCORES):
        raise RunError(
            f"{folder} has no scores; score it with 'napari-ubam score STUDY.csv --run {folder} "
            "--reference FILTER'."
        )
    scores = read_scores(folder)
    reference = [str(name) for name in scores.facts["reference_recordings"]]
    now = CurrentRun(folder)
    page = Page(
        title=f"Deviation from {scores.facts['reference']}",
        lead=f"{folder.name}, scored {scores.facts['created']}, napari-ubam {versions()['napari-ubam']}",
        warnings=[*now.changes_since(scores), *threats_to_scores(folder, scores), *scores.warnings],
        parts=[
            _subjects(folder, scores),
            _episodes(scores.tables["episodes"], set(reference)),
            *_pictures(folder, reference),
            *_analyses(folder, now),
            _recordings(scores.facts, reference),
            _model(folder),
            _origin(folder, scores.facts),
        ],
    )
    path = folder / REPORT
    write_atomic(path, to_html(page).encode())
    return path


def _subjects(folder: Path, scores: Result) -> Part:
    subjects = scores.tables["subjects"]
    within = scores.facts.get("within") == "subject"
    others = subjects[~subjects["reference"]]
    if within:  # some may have no baseline
        others = others[others["n_reference"] > 0]
    compared = (
        "each compared with stretches of its own reference recordings: p is a rank among these stretches, "
        "no test, since they are not independent"
        if within
        else f"compared with {counted(len(scores.facts['reference_subjects']), 'reference subject')}"
    )
    sentences = [
        f"{counted(others['subject'].nunique(), 'subject')}, {compared}. The constant deviation of "
        "a subject is what it always has: the median over its windows. The episodic deviation is what rises "
        "above that: the mean excess over the 95th percentile of the reference, and 0 for frames below it. "
        "The unit is the subject, not the frame."
    ]
    if len(others):
        smallest = others["smallest_p"].min()
        sentences.append(
            f"With this number of {'stretches' if within else 'reference subjects'} p cannot be smaller than "
            f"{smallest:.3f}; q is p "
            "adjusted for the number of subjects outside the reference (Benjamini and Hochberg)."
        )
    columns = ["subject", "group", "session", *(part + end for part in PARTS for end in ENDS), "reference"]
    table = subjects.sort_values("episodic", ascending=False)[columns]
    table = table.rename(columns=lambda name: name.replace("_", " "))
    return Part("Subjects", sentences, table, _figures(folder, "subjects"))


def _episodes(episodes: pd.DataFrame, reference: set[str]) -> Part:
    others = episodes[~episodes["recording"].isin(reference)].sort_values("excess", ascending=False)
    if not len(others):
        return Part("Episodes", ["There are no episodes outside the reference."])
    sentence = (
        f"The strongest outside the reference ({min(len(others), LISTED)} of {len(others)}); all are in "
        "episodes.csv. Frames count from 0."
    )
    return Part("Episodes", [sentence], others.head(LISTED)[list(COLUMNS)].rename(columns=COLUMNS))


def _pictures(folder: Path, reference: Sequence[str]) -> Iterator[Part]:
    last = {Path(timeline_file(name)).stem for name in reference}
    timelines = sorted((folder / TIMELINES).glob("*.png"), key=lambda path: (path.stem in last, path.stem))
    if timelines:
        sentence = (
            "Percentile of every frame among held-out frames of the reference, and the peaks of the episodes."
        )
        pictures = [Picture(one.stem, one) for one in timelines]
        yield Part("Recordings", [sentence], None, pictures, folded=True)
    sweep = _figures(folder, "sweep")
    if sweep:
        yield Part("Magnified", ["One frame at several factors: 1 is the original."], None, sweep)


def _analyses(folder: Path, now: CurrentRun) -> Iterator[Part]:
    """Sections of the other results: one for each table, the first with the facts and the figure."""
    for name, result in RunResults(folder).items():
        if name == SCORES:
            continue
        if name == COMPARE:
            yield from comparison_parts(folder, result, now.changes_since(result))
            continue
        known = analyses().get(name)
        title = known.title if known else name.replace("_", " ").capitalize()
        sentences = [known.description] if known else []
        sentences += [*now.changes_since(result), *result.warnings]
        sentences += known.sentences(result) if known else []
        sentences += _settings(result.facts)
        figures = _figures(folder, name)
        for number, (table, rows) in enumerate(result.tables.items()):
            where = f"All rows are in {table}.csv ({counted(len(rows), 'row')})."
            shown = rows if len(rows) <= ROWS else None
            if number == 0:
                yield Part(title, [*sentences, where], shown, figures)
            else:
                yield Part(f"{title}: {table.replace('_', ' ')}", [where], shown)


def _settings(facts: Mapping[str, Any]) -> Iterator[str]:
    """One sentence of the facts that are single values."""
    found = {**facts, **facts.get("parameters", {})}
    single = {
        name: value
        for name, value in found.items()
        if isinstance(value, str | int | float) and name not in ("scores_created", "codes")
    }
    if single:
        yield "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in single.items()) + "."


def _recordings(facts: Mapping[str, Any], reference: Sequence[str]) -> Part:
    """Section that tells which recordings were scored; earlier versions noted only the reference."""
    if "recordings" not in facts:
        return Part("What was scored", [f"Reference recordings: {', '.join(reference)}."])
    table = pd.DataFrame(facts["recordings"]).rename(
        columns={"name": "recording", "codes": "hash of the codes"}
    )
    sentence = (
        f"The scores were computed from {counted(len(table), 'recording')}, "
        f"{len(reference)} of {'it' if len(table) == 1 else 'them'} in the reference."
    )
    return Part("What was scored", [sentence], table)


def _model(folder: Path) -> Part:
    quality = Quality.read(folder / QUALITY)
    table = pd.DataFrame(quality.rows(), columns=["check", "result", "what it means"])
    title = "Does the model mean anything?"
    sentences = [quality.held_out.meaning, *([quality.next_step] if quality.next_step else [])]
    return Part(title, sentences, table, _figures(folder, "neighbours", "losses"))


def _origin(folder: Path, facts: Mapping[str, Any]) -> Part:
    rows = {"run": str(folder), **origin(folder, facts)}
    return Part("How it was made", [], pd.DataFrame({"what": list(rows), "value": list(rows.values())}))


def _figures(folder: Path, *names: str) -> list[Picture]:
    paths = {name: folder / figure_file(name) for name in names}
    return [Picture(name, path) for name, path in paths.items() if path.is_file()]
