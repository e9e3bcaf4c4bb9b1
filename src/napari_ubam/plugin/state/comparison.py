"""What the Compare panel shows and starts. Needs neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from napari_ubam.analysis.groups import DEFAULT, MEASURES, conclusions
from napari_ubam.analysis.groups.analysis import INTERVAL
from napari_ubam.analysis.groups.labels import columns_to_compare, value_of
from napari_ubam.run.provenance import CurrentRun
from napari_ubam.runfolder.tables import Result, has_result, read_result
from napari_ubam.study import Recording, Study
from napari_ubam.study.intervals import condition_labels

from .analyses import strongest_of
from .contents import Results
from .steps import Step

NAME = "compare"
INTERVALS = "intervals"  # column of the study; as a choice: the conditions inside recordings
_FIRST = ["subject", "level"]


@dataclass(frozen=True)
class ComparisonChoice:
    """What the user has chosen.

    Parameters
    ----------
    by : str
        Column of the study.
    paired : bool
        Whether its values are conditions of the same subjects.
    all_measures : bool
        Whether the episodes are compared, too.
    mixed_model : bool
        Whether a mixed model is fitted.
    by_interval : tuple of str
        Labels of intervals inside recordings that are compared within subjects, instead of a column. A single
        one is compared with all other times.
    """

    by: str = "group"
    paired: bool = False
    all_measures: bool = False
    mixed_model: bool = False
    by_interval: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownComparison:
    """A comparison as it is read from a run.

    Parameters
    ----------
    result : Result or None
        None if nothing was compared.
    changes : str
        How the run has changed since; empty if it has not.
    """

    result: Result | None = None
    changes: str = ""

    @property
    def sentences(self) -> list[str]:
        """Warnings, and what was found."""
        return [] if self.result is None else [*self.result.warnings, *conclusions(self.result)]

    @property
    def subjects(self) -> pd.DataFrame:
        """Values of the subjects, those that were compared first."""
        if self.result is None:
            return pd.DataFrame(columns=_FIRST)
        tested = list(dict.fromkeys(self.result.tables["compare"]["measure"]))
        # A recording has one constant part, so all of its intervals have the same.
        hidden = {*tested, "constant"} if self.result.facts.get("by_interval") else set(tested)
        others = [name for name in MEASURES if name not in hidden]
        table = self.result.tables["compare_subjects"][[*_FIRST, *tested, *others]]
        by = str(self.result.facts["by"])
        return table.rename(columns={"level": by}).rename(columns=lambda name: name.replace("_", " "))


def columns_of(study: Study | None) -> tuple[str, ...]:
    """List the columns by which subjects can be compared: those with more than one value.

    Parameters
    ----------
    study : Study or None

    Returns
    -------
    tuple of str
    """
    if study is None:
        return ()
    return tuple(
        column
        for column in columns_to_compare(study)
        if len({value_of(one, column) for one in study} - {""}) > 1
    )


def labels_of(study: Study | None) -> list[str]:
    """List the labels of intervals inside recordings, by which a study can be compared.

    Parameters
    ----------
    study : Study or None

    Returns
    -------
    list of str
    """
    return condition_labels(each for one in study or () for each in one.intervals)


def is_within_subjects(study: Study | None, column: str) -> bool:
    """Tell whether each subject has several values in a column.

    Parameters
    ----------
    study : Study or None
    column : str

    Returns
    -------
    bool
    """
    values: dict[str, set[str]] = {}
    for one in study or ():
        values.setdefault(one.subject, set()).add(value_of(one, column))
    return bool(values) and all(len(one) > 1 for one in values.values())


def compare_step(run: Path, choice: ComparisonChoice) -> Step:
    """Compare groups of a run.

    Parameters
    ----------
    run : Path
        Folder of the run.
    choice : ComparisonChoice

    Returns
    -------
    Step
    """
    arguments = ["compare", "--run", str(run)]
    if choice.by_interval:
        arguments += [word for label in choice.by_interval for word in ("--by-interval", label)]
        named = [f"by_interval={choice.by_interval!r}"]
    else:
        arguments += ["--by", choice.by, *(["--paired"] if choice.paired else [])]
        named = [repr(choice.by), *(["paired=True"] if choice.paired else [])]
    if choice.all_measures:
        arguments += ["--measure", "all"]
        named.append("measures=('all',)")
    if choice.mixed_model:
        arguments.append("--mixed-model")
        named.append("mixed_model=True")
    call = f"result = run.compare({', '.join(named)})"
    return Step(tuple(arguments), f"run = ubam.Run.open({str(run)!r})\n{call}")


def read_comparison(folder: Path | None) -> ShownComparison:
    """Read the comparison of a run; takes a moment, so call it from a thread.

    Parameters
    ----------
    folder : Path or None

    Returns
    -------
    ShownComparison
    """
    if folder is None or not has_result(folder, NAME):
        return ShownComparison()
    result = read_result(folder, NAME)
    return ShownComparison(result, " ".join(CurrentRun(folder).changes_since(result)))


def choice_of(result: Result | None) -> ComparisonChoice | None:
    """Give the choice that a comparison was made with.

    Parameters
    ----------
    result : Result or None

    Returns
    -------
    ComparisonChoice or None
    """
    if result is None:
        return None
    tested = set(result.tables["compare"]["measure"])
    labels = tuple(map(str, result.facts.get("by_interval", ())))
    return ComparisonChoice(
        INTERVALS if labels else str(result.facts["by"]),
        bool(result.facts["paired"]),
        bool(tested - set(DEFAULT)),
        "compare_model" in result.tables,
        labels,
    )


def strongest_episode(
    study: Study | None, results: Results | None, subject: str, column: str, level: str
) -> tuple[str, int, int] | None:
    """Find the strongest episode of a subject in a condition.

    Parameters
    ----------
    study : Study or None
    results : Results or None
        Scores of the run.
    subject, column, level : str
        The subject, and its value in a column of the study. If the column is ``"interval"``, the label of
        intervals inside recordings, or ``"not "`` and a label for all other times.

    Returns
    -------
    (str, int, int) or None
        Recording, first frame and the frame after the last one; the start of a recording if it has no
        episode. None if there is no such recording.
    """
    if study is None:
        return None
    own = [one for one in study if one.subject == subject]
    if column == INTERVAL:
        names = [one.name for one in own if one.intervals]
        return strongest_of(names, study, _inside(results, own, level))
    names = [one.name for one in own if value_of(one, column) == level]
    return strongest_of(names, study, results)


def _inside(results: Results | None, recordings: list[Recording], level: str) -> Results | None:
    """Keep the episodes whose peak lies in a condition."""
    if results is None:
        return None
    labels = labels_of(Study(recordings))
    other, label = level not in labels, level.removeprefix("not ")
    kept = [results.episodes.iloc[:0]]
    for one in recordings:
        found = results.episodes[results.episodes["recording"] == one.name]
        marks = one.frame_labels(found["peak_time"].to_numpy(float))
        inside = marks.get(level if not other else label, np.zeros(len(found), bool))
        kept.append(found[~inside if other else inside])
    return replace(results, tables={"episodes": pd.concat(kept)})
