"""Comparison of groups, conditions and sessions of a run, and its section of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_ubam.analysis.groups import DEFAULT, MEASURES, conclusions
from napari_ubam.analysis.groups.comparison import Adjust
from napari_ubam.analysis.groups.words import methods_text
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.report.page import Part, Picture
from napari_ubam.runfolder.paths import figure_file
from napari_ubam.runfolder.tables import Result

from .analyses import analyse
from .contents import ReadableRun

COMPARE = "compare"
_SHOWN = {
    "measure": "measure",
    "second": "of",
    "first": "against",
    "n_second": "n",
    "n_first": "n against",
    "difference": "difference",
    "low": "95% from",
    "high": "to",
    "delta": "Cliff's delta",
    "p": "p",
    "p_adjusted": "p adjusted",
    "smallest_p": "smallest p",
}


@dataclass(frozen=True)
class ComparingRun(ReadableRun):
    """A run whose groups can be compared.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def compare(
        self,
        by: str = "group",
        *,
        paired: bool = False,
        measures: Sequence[str] = DEFAULT,
        where: str = "",
        baseline: str = "",
        adjust: Adjust = "holm",
        mixed_model: bool = False,
        covariates: Sequence[str] = (),
        permutations: int = 20_000,
        resamples: int = 5000,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Compare groups, conditions or sessions of the scored study; the unit is the subject.

        Recordings of a subject are averaged, so that it counts once. Different subjects are compared by
        permutation of subjects, conditions of the same subjects by sign flips within them.

        Parameters
        ----------
        by : str
            Column of the study whose values are compared: ``"group"``, ``"session"`` or a column of yours.
        paired : bool
            Whether the values are conditions of the same subjects, such as drug on and off.
        measures : sequence of str
            ``episodic``, ``constant``, ``time_in_episodes``, ``episodes_per_minute``, ``episode_seconds``; or
            ``("all",)``. p is adjusted for their number, so ask for few.
        where : str
            Filter of the recordings, such as ``"session=3"``. Empty: all.
        baseline : str
            Value that the others are compared with. Empty: the one with the reference recordings.
        adjust : str
            ``"holm"``, or ``"bh"`` for the false discovery rate of Benjamini and Hochberg.
        mixed_model : bool
            Also fit a mixed model, with sessions as repeated measurements of a subject.
        covariates : sequence of str
            Columns of the study that the model accounts for. With them, a model is always fitted.
        permutations : int
            Number of arrangements. All are counted if there are no more than this; else they are drawn.
        resamples : int
            Number of samples of the bootstrap over subjects, for the interval of each median.
        seed : int
            Random seed.
        progress, cancel : optional
            Called at each test; checked at each test.

        Returns
        -------
        Result
            Tables ``compare`` (pairs), ``compare_levels``, ``compare_subjects``, with three or more values
            ``compare_overall``, and with a model ``compare_model``; see `napari_ubam.analysis.groups`.

        Raises
        ------
        AnalysisError
            If the run has no scores, there is no such column, or subjects are not independent.
        Cancelled
            When ``cancel`` is set.
        """
        values = {
            "by": by,
            "paired": paired,
            "measures": tuple(measures),
            "where": where,
            "baseline": baseline,
            "adjust": adjust,
            "mixed_model": mixed_model,
            "covariates": tuple(covariates),
            "permutations": permutations,
            "resamples": resamples,
            "seed": seed,
        }
        return analyse(self.folder, COMPARE, values, progress, cancel)


def comparison_parts(folder: Path, result: Result, changes: Sequence[str]) -> Iterator[Part]:
    """Make the sections of a comparison in the report.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    result : Result
        Of the analysis ``"compare"``.
    changes : sequence of str
        How the run has changed since.

    Yields
    ------
    Part
    """
    picture = folder / figure_file(COMPARE)
    figures = [Picture("Subjects of each group", picture)] if picture.is_file() else []
    title = f"Comparison by {result.facts['by']}"
    where = "Values of every subject are in compare_subjects.csv, all numbers in compare.csv."
    sentences = [*changes, *result.warnings, *conclusions(result), methods_text(result.facts), where]
    table = _readable(result.tables["compare"])[list(_SHOWN.values())]
    if result.facts["paired"]:
        table = table.rename(columns={_SHOWN["delta"]: "increases minus decreases"})
    yield Part(title, sentences, table, figures)
    if "compare_overall" in result.tables:
        yield Part(f"{title}: all at once", [], _readable(result.tables["compare_overall"]))
    if "compare_model" in result.tables:
        said = (
            "Session is a factor, the subject a random intercept. Degrees of freedom count subjects for what "
            "differs between subjects, and rows for what changes within them. Terms without an estimate are "
            "tested by F. p is adjusted for the terms that are compared."
        )
        yield Part(f"{title}: model", [said], _readable(result.tables["compare_model"]))


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with titles for names."""
    titles = table["measure"].map({name: one.title for name, one in MEASURES.items()})
    return (
        table.assign(measure=titles)
        .rename(columns=_SHOWN)
        .rename(columns=lambda name: name.replace("_", " "))
    )
