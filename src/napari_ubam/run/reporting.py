"""The report of a run: one HTML page to read, print and send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ubam.analysis import Analysis
from napari_ubam.files import write_atomic
from napari_ubam.kinds import PARTS
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.report.embedded import Picture, drawing, picture_file
from napari_ubam.report.page import Page, Part, Table, to_html
from napari_ubam.report.subjects import subjects_figure
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import MAGNIFIER, MAP_RESULT, QUALITY, REPORT, SCORES, figure_file
from napari_ubam.runfolder.tables import Result, has_result, read_facts
from napari_ubam.study.values import counted, listed
from napari_ubam.training.checks.quality import Quality
from napari_ubam.versions import versions

from .clips import CLIPS, make_clips
from .methods import analysis_methods, left_out_text, map_methods, model_methods, score_methods
from .provenance import CurrentRun, origin
from .report_sections import (
    analysis_part,
    analysis_results,
    analysis_title,
    episodes_part,
    map_part,
    recordings_part,
)
from .score_table import read_scores
from .threats import threats_to_scores

ENDS = ("", "_p", "_q")  # of the columns of subjects
MANY = 60  # rows of subjects; a longer figure is folded
NAMED = 8  # subjects in a sentence
FIRST = 2  # sentences of an analysis at the head of the page
SUBJECTS, EPISODES = "Subjects", "Episodes"


def write_report(
    folder: Path,
    *,
    clips: int = CLIPS,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Path:
    """Write the report of a run; see `Run.report`.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    clips : int
        Number of subjects whose strongest episode is shown as a clip.
    device : str
        Compute device of the magnification.
    progress, cancel : optional

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    RunError
        If the run has no scores.
    Cancelled
        When ``cancel`` is set. An earlier report stays as it is.
    """
    if not has_result(folder, SCORES):
        raise RunError(
            f"{folder} has no scores; score it with 'napari-ubam score STUDY.csv --run {folder} "
            "--reference FILTER'."
        )
    scores = read_scores(folder)
    now = CurrentRun(folder)
    results = list(analysis_results(folder))
    page = Page(
        title=f"Deviation from {scores.facts['reference']}",
        lead=f"Run {folder.name}, scored {_date(scores.facts)}, napari-ubam {versions()['napari-ubam']}",
        warnings=[*now.changes_since(scores), *threats_to_scores(folder, scores), *scores.warnings],
        found=dict(_found(scores, results)),
        parts=[
            _subjects(folder, scores),
            _episodes(folder, scores, clips, device, progress or silent, cancel),
            *_optional(map_part(folder, now)),
            *(analysis_part(folder, known, result, now) for known, result in results),
            *_magnified(folder),
            *_optional(recordings_part(folder, _ordered(scores))),
            _recordings(scores),
            _model(folder),
            _methods(folder, scores, results),
            _origin(folder, scores.facts),
        ],
    )
    path = folder / REPORT
    write_atomic(path, to_html(page).encode())
    return path


def _found(scores: Result, results: Sequence[tuple[Analysis | None, Result]]) -> Iterator[tuple[str, str]]:
    """Say what was found, by the title of the section that shows it."""
    yield SUBJECTS, _ranked(scores)
    others = _outside(scores)
    if len(others):
        best = others.iloc[0]
        yield (
            EPISODES,
            f"{counted(len(others), 'episode')} outside the reference; the strongest is in "
            f"{best['recording']}, {best['start_time']:.2f} to {best['stop_time']:.2f} s.",
        )
    for known, result in results:
        if known is None or known.conclude is None:
            continue
        said = list(known.conclude(result))[:FIRST]
        if result.warnings:
            said.append(f"With {counted(len(result.warnings), 'warning')}.")
        yield analysis_title(known, result), " ".join(said)


def _ranked(scores: Result) -> str:
    """Name the subjects that deviate more than every reference subject."""
    subjects = scores.tables["subjects"]
    others = subjects[~subjects["reference"]].dropna(subset=["episodic"])
    within = scores.facts.get("within") == "subject"
    against = "all stretches of the own baseline" if within else "every reference subject"
    said = []
    for part in ("episodic", "constant"):
        above = others[others[f"{part}_p"] <= others["smallest_p"] * (1 + 1e-5)]
        names = list(dict.fromkeys(above.sort_values(part, ascending=False)["subject"]))
        count = others["subject"].nunique()
        said.append(
            f"{len(names)} of {counted(count, 'subject')} have a larger {part} deviation than {against}"
            + (f" ({listed(names, NAMED)})" if names else "")
        )
    limit = "" if others.empty else f" p of a single subject is at least {others['smallest_p'].min():.3f}."
    return f"{'; '.join(said)}.{limit}"


def _outside(scores: Result) -> pd.DataFrame:
    """Episodes outside the reference, the strongest first."""
    episodes = scores.tables["episodes"]
    others = episodes[~episodes["recording"].isin(scores.facts["reference_recordings"])]
    return others.sort_values("excess", ascending=False)


def _ordered(scores: Result) -> list[str]:
    """Give the recordings outside the reference, the strongest episodes first, and then the others."""
    known = [str(one["name"]) for one in scores.facts.get("recordings", ())]
    reference = [str(one) for one in scores.facts["reference_recordings"]]
    outside = [name for name in known if name not in set(reference)]
    return list(dict.fromkeys([*_outside(scores)["recording"], *outside, *reference]))


def _date(facts: Mapping[str, Any]) -> str:
    """Write when a result was made, such as 2026-11-28 06:55 UTC."""
    text = str(facts.get("created", ""))
    return text[:16].replace("T", " ") + " UTC" if text.endswith("+00:00") else text


def _optional(part: Part | None) -> list[Part]:
    return [] if part is None else [part]


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
    draw = partial(subjects_figure, subjects, within=within)
    return Part(
        SUBJECTS,
        [*sentences, "All numbers are in subjects.csv."],
        [Table(table, "Values of every subject")],
        [drawing("Subjects compared with the reference", draw, "subjects")],
        folded=len(subjects) > MANY,
        described_in="Scores",
    )


def _episodes(
    folder: Path,
    scores: Result,
    count: int,
    device: str,
    progress: ProgressCallback,
    cancel: Cancel | None,
) -> Part:
    clips, notes = make_clips(folder, scores, count, device=device, progress=progress, cancel=cancel)
    if clips and not (folder / MAGNIFIER).is_file():
        notes.append(
            "This run has no magnifier, so the clips show the recordings only. 'napari-ubam train STUDY.csv "
            f"--run {folder.name} --magnifier' trains one; the next report then shows the magnification, too."
        )
    reference = {str(one) for one in scores.facts["reference_recordings"]}
    return episodes_part(scores.tables["episodes"], reference, clips, notes)


def _magnified(folder: Path) -> Iterator[Part]:
    sweep = _figures(folder, "sweep")
    if sweep:
        yield Part("Magnified", ["One frame at several factors: 1 is the original."], (), sweep)


def _recordings(scores: Result) -> Part:
    """Section that tells which recordings were scored; earlier versions noted only the reference."""
    reference = scores.facts["reference_recordings"]
    if "recordings" not in scores.facts:
        return Part("What was scored", [f"Reference recordings: {', '.join(reference)}."])
    table = pd.DataFrame(scores.facts["recordings"]).rename(
        columns={"name": "recording", "codes": "hash of the codes"}
    )
    sentence = (
        f"The scores were computed from {counted(len(table), 'recording')}, "
        f"{len(reference)} of {'it' if len(table) == 1 else 'them'} in the reference."
    )
    sentences = [sentence, *filter(None, [left_out_text(scores.facts).strip()])]
    return Part("What was scored", sentences, [Table(table, "Recordings")])


def _model(folder: Path) -> Part:
    quality = Quality.read(folder / QUALITY)
    table = pd.DataFrame(quality.rows(), columns=["check", "result", "what it means"])
    title = "Does the model mean anything?"
    sentences = [quality.held_out.meaning, *([quality.next_step] if quality.next_step else [])]
    return Part(
        title,
        sentences,
        [Table(table, "Checks", folded=False)],
        _figures(folder, "neighbours", "losses"),
        described_in="Model",
    )


def _methods(folder: Path, scores: Result, results: Sequence[tuple[Analysis | None, Result]]) -> Part:
    """Section with a paragraph for each part of the work, ready to paste into a paper."""
    found = [("Model", model_methods(folder, scores.facts)), ("Scores", score_methods(folder, scores))]
    if (facts := read_facts(folder, MAP_RESULT)) is not None:
        found.append(("Map", map_methods(facts)))
    found += [(analysis_title(known, result), analysis_methods(known, result)) for known, result in results]
    sentence = "Paragraphs for a paper: tests, numbers of subjects, seeds, hashes of the model and versions."
    return Part("Methods", [sentence], methods=found)


def _origin(folder: Path, facts: Mapping[str, Any]) -> Part:
    rows = {"run": str(folder), **origin(folder, facts)}
    table = pd.DataFrame({"what": list(rows), "value": list(rows.values())})
    return Part("How it was made", [], [Table(table, "Origin", folded=False)])


def _figures(folder: Path, *names: str) -> list[Picture]:
    paths = {name: folder / figure_file(name) for name in names}
    return [picture_file(name, path) for name, path in paths.items() if path.is_file()]
