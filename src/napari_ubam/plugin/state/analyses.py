"""Which panel shows which analysis, what it shows of a result, and where a row leads. Needs no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_ubam.analysis import Analysis, analyses
from napari_ubam.report.medoids import medoid_pictures
from napari_ubam.run.analyses import FIGURES
from napari_ubam.run.provenance import CurrentRun
from napari_ubam.runfolder.tables import Result, has_result, read_result
from napari_ubam.study import Study

from .contents import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_ubam.report.groups import Look

COMPARE = "compare"
PACKAGE = __name__.partition(".")[0]
PREPARED = {"map_compare": medoid_pictures}  # reads videos here, so that drawing does not wait for them
LABELS = ("group", "session")  # columns that tell the recordings of a subject apart
Place = tuple[str, int, int]
"""A recording, its first frame to play, and the frame after the last one."""


@dataclass(frozen=True)
class ShownAnalysis:
    """The result of an analysis as it is read from a run.

    Parameters
    ----------
    analysis : Analysis
    result : Result or None
        None if it was not computed.
    changes : str
        How the run has changed since; empty if it has not.
    """

    analysis: Analysis
    result: Result | None = None
    changes: str = ""

    @property
    def sentences(self) -> list[str]:
        """Warnings, and what was found and how."""
        if self.result is None:
            return []
        return [*self.result.warnings, *self.analysis.sentences(self.result)]

    def figure(self, look: Look) -> Figure | None:
        """Draw the result.

        Parameters
        ----------
        look : Look
            Colours. Analyses of other packages choose their own.

        Returns
        -------
        Figure or None
            None without a result, or if the analysis has no figure.
        """
        if self.result is None:
            return None
        if self.analysis.draw is not None:
            return self.analysis.draw(self.result)
        draw = FIGURES.get(self.analysis.name)
        return draw(self.result, look) if draw is not None else None


def compared_analyses() -> dict[str, Analysis]:
    """Give the analyses of the Compare panel: those of this package that draw a conclusion.

    Returns
    -------
    dict of str to Analysis
        By name; the comparison of groups comes first.
    """
    found = {name: one for name, one in analyses().items() if _is_compared(one)}
    return {COMPARE: found.pop(COMPARE), **found}


def further_analyses() -> dict[str, Analysis]:
    """Give the analyses of the Explore panel: all others, such as those of other packages.

    Returns
    -------
    dict of str to Analysis
        By name.
    """
    return {name: one for name, one in analyses().items() if not _is_compared(one)}


def _is_compared(analysis: Analysis) -> bool:
    own = analysis.compute.__module__.partition(".")[0] == PACKAGE
    return own and analysis.conclude is not None


def read_shown(folder: Path | None, analysis: Analysis) -> ShownAnalysis:
    """Read the result of an analysis; takes a moment, so call it from a thread.

    Parameters
    ----------
    folder : Path or None
        Folder of the run.
    analysis : Analysis

    Returns
    -------
    ShownAnalysis
    """
    if folder is None or not has_result(folder, analysis.name):
        return ShownAnalysis(analysis)
    result = read_result(folder, analysis.name)
    if analysis.name in PREPARED:
        PREPARED[analysis.name](result)
    return ShownAnalysis(analysis, result, " ".join(CurrentRun(folder).changes_since(result)))


def place_of_row(row: Mapping[str, Any], study: Study | None, results: Results | None) -> Place | None:
    """Find what a row of a table is about.

    Parameters
    ----------
    row : mapping of str to object
        With ``recording`` and perhaps ``start`` and ``stop``, or ``frame``; else with ``subject`` and perhaps
        ``group`` and ``session``.
    study : Study or None
    results : Results or None
        Scores of the run.

    Returns
    -------
    (str, int, int) or None
        Recording, first frame, and the frame after the last one. Subjects, and recordings
        without frames, lead to their strongest episode; without any, to a start, where both frames are equal.
        None if the row is about no recording of the study.
    """
    if study is None:
        return None
    if (name := str(row.get("recording", ""))) in study.names:
        return _span_of_row(row, name) or strongest_of([name], study, results)
    asked = {label: str(row[label]) for label in ("subject", *LABELS) if label in row}
    if "subject" not in asked:
        return None
    every = [one for one in study if one.subject == asked["subject"]]
    exact = [one for one in every if all(getattr(one, label) == text for label, text in asked.items())]
    return strongest_of([one.name for one in exact or every], study, results)


def _span_of_row(row: Mapping[str, Any], name: str) -> Place | None:
    first, last = (_frame(row.get(key)) for key in ("start", "stop"))
    if first is not None and last is not None and first < last:
        return name, first, last
    frame = _frame(row.get("frame"))
    return (name, frame, frame) if frame is not None else None


def strongest_of(names: list[str], study: Study, results: Results | None) -> Place | None:
    """Find the strongest episode of some recordings.

    Parameters
    ----------
    names : list of str
        Recordings of the study.
    study : Study
    results : Results or None
        Scores of the run.

    Returns
    -------
    (str, int, int) or None
        As `place_of_row`; None if there is no recording.
    """
    if not names:
        return None
    if results is not None:
        own = results.episodes[results.episodes["recording"].isin(names)]
        if len(own):
            best = own.sort_values("excess", ascending=False).iloc[0]
            return str(best["recording"]), int(best["start"]), int(best["stop"])
    start = study[names[0]].start or 0
    return names[0], start, start


def _frame(value: Any) -> int | None:
    """Frame number of a cell; None for a text, a fraction or nothing."""
    number = pd.to_numeric(value, errors="coerce") if value is not None else float("nan")
    return int(number) if not pd.isna(number) and number >= 0 and number == int(number) else None
