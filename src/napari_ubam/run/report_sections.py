"""Sections of the report: analyses, map, episodes with their clips, and figures of recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from napari_ubam.analysis import Analysis, analyses
from napari_ubam.report.embedded import Picture, data_address, drawing, picture_file
from napari_ubam.report.page import Part, Table
from napari_ubam.report.plane import map_figure
from napari_ubam.runfolder.paths import MAP_RESULT, SCORES, TIMELINES, figure_file, timeline_file
from napari_ubam.runfolder.tables import Result, RunResults, read_facts
from napari_ubam.study.values import counted

from .analyses import FIGURES
from .clips import Clip
from .methods import settings
from .provenance import CurrentRun
from .sampled_rows import sampled_rows

ROWS = 200  # a longer table of an analysis is left to its file
RECORDINGS, RECORDING_BYTES = 40, 5_000_000  # figures of recordings, and their bytes in the page
DOTS = 20_000  # frames on the map
ORDER = ("confounds", "compare", "group_summary", "recovery", "stimulus", "classify", "map_compare")
LISTED = 20  # episodes
COLUMNS = {
    "recording": "recording",
    "start_time": "from (s)",
    "stop_time": "to (s)",
    "start": "first frame",
    "stop": "frame after the last",
    "peak": "frame of the peak",
    "peak_percentile": "its percentile",
}
_NAMES = {"p_adjusted": "p adjusted", "smallest_p": "smallest p", "low": "95% from", "high": "to"}


def analysis_results(folder: Path) -> Iterator[tuple[Analysis | None, Result]]:
    """Give the results of a run besides scores and map, in the order of the report.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Yields
    ------
    analysis : Analysis or None
        None if it is not registered any more.
    result : Result
    """
    known, results = analyses(), RunResults(folder)
    names = [name for name in results if name not in (SCORES, MAP_RESULT)]
    places = {name: place for place, name in enumerate(ORDER)}
    for name in sorted(names, key=lambda name: (places.get(name, len(ORDER)), name)):
        yield known.get(name), results[name]


def analysis_title(known: Analysis | None, result: Result) -> str:
    """Give the heading of an analysis in the report.

    Parameters
    ----------
    known : Analysis or None
    result : Result

    Returns
    -------
    str
    """
    title = known.title if known else result.name.replace("_", " ").capitalize()
    by = str(result.facts.get("by") or "")
    return title if by in ("", "group") else f"{title}, by {by}"


def analysis_part(folder: Path, known: Analysis | None, result: Result, now: CurrentRun) -> Part:
    """Make the section of an analysis.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    known : Analysis or None
        None if it is not registered any more.
    result : Result
    now : CurrentRun

    Returns
    -------
    Part
    """
    sentences = [known.description] if known else []
    sentences += known.conclude(result) if known and known.conclude else []
    if known is None or known.methods is None:
        sentences += settings(result.facts)
    shown = known.readable(result) if known and known.readable else _tables(result)
    tables = [Table(rows, title) for title, rows in shown.items() if 0 < len(rows) <= ROWS]
    tables = [replace(one, folded=one.is_folded or one is not tables[0]) for one in tables]
    files = ", ".join(f"{name}.csv ({counted(len(rows), 'row')})" for name, rows in result.tables.items())
    sentences.append(f"All numbers are in {files}.")
    title = analysis_title(known, result)
    return Part(
        title,
        sentences,
        tables,
        list(_analysis_figure(folder, known, result)),
        warnings=[*now.changes_since(result), *result.warnings],
        described_in=title,
    )


def _tables(result: Result) -> Mapping[str, pd.DataFrame]:
    """Tables as they are, with words for the names of columns."""
    return {
        name.replace("_", " ").capitalize(): rows.rename(
            columns=lambda column: _NAMES.get(str(column), str(column).replace("_", " "))
        )
        for name, rows in result.tables.items()
    }


def _analysis_figure(folder: Path, known: Analysis | None, result: Result) -> Iterator[Picture]:
    """Draw the figure of an analysis; take the file if that is all there is."""
    title = analysis_title(known, result)
    draw: Callable[..., Figure] | None = (known.draw if known else None) or FIGURES.get(result.name)
    path = folder / figure_file(result.name)
    if draw is not None:
        try:
            yield drawing(title, partial(draw, result), result.name)
            return
        except (LookupError, TypeError, ValueError):
            if not path.is_file():
                raise
            # A result of an earlier version lacks what the figure needs now; its own figure is there.
    if path.is_file():
        yield picture_file(title, path)


def map_part(folder: Path, now: CurrentRun) -> Part | None:
    """Make the section of the map.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    now : CurrentRun

    Returns
    -------
    Part or None
        None if the run has no map.
    """
    facts = read_facts(folder, MAP_RESULT)
    path = folder / f"{MAP_RESULT}.csv"
    if facts is None or not path.is_file():
        return None
    rows, count = sampled_rows(path, DOTS)
    if not count:
        return None
    several = [name for name in ("group", "subject", "session") if rows[name].nunique() > 1] or ["group"]
    pictures = [drawing(f"Map by {name}", partial(map_figure, rows, name), f"map-{name}") for name in several]
    shown = f"; {len(rows)} of them are drawn" if len(rows) < count else ""
    sentences = [
        f"Each point is one of {counted(count, 'frame')}{shown}. Frames with similar "
        f"{facts.get('kind', 'behaviour')} codes lie near each other; the axes have no unit, and distances "
        "between far points mean nothing. Islands of one subject mean that the code knows who it is.",
        f"All positions are in {MAP_RESULT}.csv.",
    ]
    saved = Result(MAP_RESULT, {"map": rows}, facts)
    warnings = [*now.changes_since(saved), *(str(one) for one in facts.get("warnings", ()))]
    return Part("Map", sentences, (), pictures, warnings, beside=True, described_in="Map")


def episodes_part(
    episodes: pd.DataFrame, reference: set[str], clips: Sequence[Clip], notes: Sequence[str]
) -> Part:
    """Make the section of the strongest episodes, with their clips.

    Parameters
    ----------
    episodes : DataFrame
        Table of episodes.
    reference : set of str
        Names of the reference recordings.
    clips : sequence of Clip
    notes : sequence of str
        Sentences about the clips.

    Returns
    -------
    Part
    """
    others = episodes[~episodes["recording"].isin(reference)].sort_values("excess", ascending=False)
    if not len(others):
        return Part("Episodes", ["There are no episodes outside the reference."])
    sentences = [
        f"The strongest outside the reference ({min(len(others), LISTED)} of {len(others)}); all are in "
        "episodes.csv. Frames count from 0."
    ]
    if clips:
        sentences.append(
            f"Clips of the strongest episode of {counted(len(clips), 'subject')}, the largest episodic "
            "deviation first. They repeat themselves, at the speed of the recording; the bar is orange "
            "during the episode. A picture that is called generated was never filmed: it shows how a "
            "movement differs, and measures nothing."
        )
    pictures = [
        Picture(
            one.title,
            data_address(one.path.read_bytes(), "image/webp"),
            0,
            still=data_address(one.still.read_bytes(), "image/webp"),
            caption=one.caption,
        )
        for one in clips
    ]
    table = Table(others.head(LISTED)[list(COLUMNS)].rename(columns=COLUMNS), "The strongest episodes")
    return Part("Episodes", [*sentences, *notes], [table], pictures, beside=True)


def recordings_part(folder: Path, ordered: Sequence[str]) -> Part | None:
    """Make the section with the figures of recordings, as many as the page has room for.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    ordered : sequence of str
        Names of the recordings, those to show first at the beginning.

    Returns
    -------
    Part or None
        None if the run has no such figures.
    """
    files = {path.name: path for path in sorted((folder / TIMELINES).glob("*.png"))}
    first = [Path(timeline_file(name)).name for name in ordered]
    paths = [files.pop(name) for name in dict.fromkeys(first) if name in files] + list(files.values())
    if not paths:
        return None
    pictures: list[Picture] = []
    size = 0
    for path in paths[:RECORDINGS]:
        picture = picture_file(path.stem, path)
        size += picture.size
        if pictures and size > RECORDING_BYTES:
            break
        pictures.append(picture)
    sentences = [
        "Percentile of every frame among held-out frames of the reference, and the peaks of the episodes."
    ]
    left_out = len(paths) - len(pictures)
    if left_out:
        sentences.append(
            f"To keep this page small, it shows {len(pictures)} of {len(paths)} recordings, those with the "
            f"strongest episodes. The figures of all are in the folder {TIMELINES} of the run."
        )
    return Part("Recordings", sentences, (), pictures, folded=True)
