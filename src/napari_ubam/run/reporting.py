"""A run as one page to read, print and send."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ubam.embedding.model_encoder import config_of
from napari_ubam.files import write_atomic
from napari_ubam.models.weights import read_header, versions
from napari_ubam.report.page import Page, Part, Picture, to_html
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import BEHAVIOUR, FIGURES, MAGNIFIER, POSTURE, QUALITY, REPORT
from napari_ubam.training.checks.quality import Quality

from .scoring import file_name, read_table

LISTED = 20  # episodes
SHOWN = {
    "recording": "recording",
    "start_time": "from (s)",
    "stop_time": "to (s)",
    "start": "first frame",
    "stop": "frame after the last",
    "peak": "frame of the peak",
    "peak_percentile": "its percentile",
}


def write_report(folder: Path) -> Path:
    """Write the report of a run; see `napari_ubam.Run.report`."""
    scores = folder / "scores.json"
    if not scores.is_file():
        raise RunError(
            f"{folder} has no scores; score it with 'napari-ubam score STUDY.csv --run {folder} "
            "--reference FILTER'."
        )
    facts = json.loads(scores.read_text(encoding="utf-8"))
    subjects, episodes = (read_table(folder, name) for name in ("subjects", "episodes"))
    page = Page(
        title=f"Deviation from {facts['reference']}",
        lead=f"{folder.name}, scored {facts['created']}, napari-ubam {versions()['napari-ubam']}",
        warnings=facts["warnings"],
        parts=[
            _subjects(folder, subjects, facts),
            _episodes(episodes, set(facts["reference_recordings"])),
            *_pictures(folder, facts["reference_recordings"]),
            _model(folder),
            _origin(folder, facts),
        ],
    )
    path = folder / REPORT
    write_atomic(path, to_html(page).encode())
    return path


def _subjects(folder: Path, subjects: pd.DataFrame, facts: dict[str, Any]) -> Part:
    others = subjects[~subjects["reference"]]
    said = [
        f"{others['subject'].nunique()} subjects, {len(facts['reference_subjects'])} of the reference. "
        "The deviation of a subject is the mean of what its behaviour deviation exceeds the 95th percentile "
        "of the reference by; the unit is the subject, not the frame."
    ]
    if len(others):
        least = others["smallest_p"].min()
        said.append(
            f"With so many reference subjects p cannot be smaller than {least:.3f}; q is adjusted for the "
            "subjects asked (Benjamini and Hochberg)."
        )
    columns = ["subject", "group", "session", "deviation", "p", "q", "reference"]
    table = subjects.sort_values("deviation", ascending=False)[columns]
    return Part("Subjects", said, table, _there(folder / FIGURES, "subjects"))


def _episodes(episodes: pd.DataFrame, reference: set[str]) -> Part:
    others = episodes[~episodes["recording"].isin(reference)].sort_values("excess", ascending=False)
    said = (
        f"The {min(len(others), LISTED)} strongest of {len(others)} outside the reference; all are in "
        "episodes.csv. Frames count from 0."
    )
    table = others.head(LISTED)[list(SHOWN)].rename(columns=SHOWN) if len(others) else None
    return Part("Episodes", [said if len(others) else "There are none outside the reference."], table)


def _pictures(folder: Path, reference: Sequence[str]) -> Iterator[Part]:
    found, last = (folder / FIGURES / "timelines").glob("*.png"), set(map(file_name, reference))
    timelines = sorted(found, key=lambda path: (path.stem in last, path.stem))
    if timelines:
        said = (
            "Percentile of every frame among held-out frames of the reference, and the peaks of the episodes."
        )
        yield Part("Recordings", [said], None, [Picture(one.stem, one) for one in timelines], folded=True)
    sweep = _there(folder / FIGURES, "sweep")
    if sweep:
        yield Part("Magnified", ["One frame at several factors: 1 is the original."], None, sweep)


def _model(folder: Path) -> Part:
    quality = Quality.read(folder / QUALITY)
    table = pd.DataFrame(quality.rows(), columns=["check", "result", "what it means"])
    return Part(
        "Does the model mean anything?",
        [quality.held_out.meaning],
        table,
        _there(folder / FIGURES, "neighbours", "losses"),
    )


def _origin(folder: Path, facts: dict[str, Any]) -> Part:
    rows = {"run": str(folder), "preset": config_of(folder).preset}
    for name in (POSTURE, BEHAVIOUR, MAGNIFIER):
        if (folder / name).is_file():
            header = read_header(folder / name)
            rows[name] = f"seed {header.seed}, {header.steps} steps, study {header.study}"
    rows |= {f"hash of {name}": text for name, text in facts["model"].items()}
    rows |= {f"version of {name}": text for name, text in facts["versions"].items()}
    rows["reference recordings"] = ", ".join(facts["reference_recordings"])
    return Part("How it was made", [], pd.DataFrame({"what": list(rows), "value": list(rows.values())}))


def _there(folder: Path, *names: str) -> list[Picture]:
    return [Picture(name, folder / f"{name}.png") for name in names if (folder / f"{name}.png").is_file()]
