"""What the Compare panel shows and starts. Needs neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_ubam.analysis.groups import DEFAULT, MEASURES, conclusions
from napari_ubam.analysis.groups.labels import columns_to_compare, value_of
from napari_ubam.run.provenance import CurrentRun
from napari_ubam.runfolder.tables import Result, has_result, read_result
from napari_ubam.study import Study

from .analyses import strongest_of
from .contents import Results
from .steps import Step

NAME = "compare"
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
    """

    by: str = "group"
    paired: bool = False
    all_measures: bool = False
    mixed_model: bool = False


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
        others = [name for name in MEASURES if name not in tested]
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
    arguments = ["compare", "--run", str(run), "--by", choice.by]
    named = [repr(choice.by)]
    if choice.paired:
        arguments.append("--paired")
        named.append("paired=True")
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
    return ComparisonChoice(
        str(result.facts["by"]),
        bool(result.facts["paired"]),
        bool(tested - set(DEFAULT)),
        "compare_model" in result.tables,
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
        The subject, and its value in a column of the study.

    Returns
    -------
    (str, int, int) or None
        Recording, first frame and the frame after the last one; the start of a recording if it has no
        episode. None if there is no such recording.
    """
    names = [one.name for one in study or () if one.subject == subject and value_of(one, column) == level]
    return strongest_of(names, study, results) if study is not None else None
