"""What an analysis is: a name, parameters, and a function from a run's codes and scores to named tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from napari_ubam.errors import UbamError
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Study

from .codes import Codes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class AnalysisError(UbamError):
    """An analysis cannot be found, or cannot be computed with what the run has."""


class AnalysisParameters(BaseModel):
    """Parameters of an analysis: derive from this class, and give each field a default and a description.

    The description is the help text on the command line and in the panel. An analysis without parameters uses
    this class itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class AnalysisInputs:
    """What an analysis can use of a run. Codes and scores are read on first access.

    Parameters
    ----------
    study : Study
        Recordings of the run, with their labels, regions and intervals.
    read_codes : callable
        Reads the codes of these recordings, in their order.
    read_scores : callable
        Reads the result ``"scores"``; None if the run was not scored.
    progress : callable
        Called with the progress of the work.
    cancel : object with ``is_set()``, optional
        Stops the work when set; see `napari_ubam.progress.check_cancelled`.
    """

    study: Study
    read_codes: Callable[[], Sequence[Codes]]
    read_scores: Callable[[], Result | None]
    progress: ProgressCallback = silent
    cancel: Cancel | None = None

    @cached_property
    def codes(self) -> list[Codes]:
        """Codes of each recording of the study, with times and frame numbers."""
        return list(self.read_codes())

    @cached_property
    def scores(self) -> Result | None:
        """The result ``"scores"``, with the tables scores, subjects and episodes; None if there is none."""
        return self.read_scores()

    def require_scores(self) -> Result:
        """Give the scores of the run.

        Returns
        -------
        Result
            With the tables ``scores``, ``subjects`` and ``episodes``.

        Raises
        ------
        AnalysisError
            If the run was not scored.
        """
        if self.scores is None:
            raise AnalysisError("This analysis needs the scores of the run; score the study first.")
        return self.scores

    @property
    def labels(self) -> pd.DataFrame:
        """Labels of the recordings: ``recording, subject, group, session``."""
        rows = [(one.name, one.subject, one.group, one.session) for one in self.study]
        return pd.DataFrame(rows, columns=["recording", "subject", "group", "session"])

    @property
    def used_codes(self) -> bool:
        """Whether the codes were read."""
        return "codes" in vars(self)

    @property
    def used_scores(self) -> bool:
        """Whether the scores were read."""
        return "scores" in vars(self)


@dataclass(frozen=True)
class Analysis:
    """An analysis of a run. `register_analysis` makes it known to commands, reports and panels.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores. Its result has the same name.
    title : str
        Title in the report and in the panel.
    description : str
        One or two sentences: what is computed, and what the unit of the statistics is.
    compute : callable
        Takes `AnalysisInputs` and the parameters, and returns a `Result`. Its tables need names that no other
        result has.
    parameters : type
        A subclass of `AnalysisParameters`.
    draw : callable, optional
        Takes the `Result`, and returns a matplotlib figure. It is saved with the run and shown in the report.
    conclude : callable, optional
        Takes the `Result`, and returns sentences: what was found, and what it does not show.
    methods : callable, optional
        Takes the facts of the `Result`, and returns a paragraph for the methods section of a paper.
    readable : callable, optional
        Takes the `Result`, and returns its tables as the report shows them, by their titles. By default they
        are shown as they are.
    """

    name: str
    title: str
    description: str
    compute: Callable[[AnalysisInputs, Any], Result]
    parameters: type[AnalysisParameters] = AnalysisParameters
    draw: Callable[[Result], Figure] | None = None
    conclude: Callable[[Result], Sequence[str]] | None = None
    methods: Callable[[Mapping[str, Any]], str] | None = None
    readable: Callable[[Result], Mapping[str, pd.DataFrame]] | None = None

    def sentences(self, result: Result) -> list[str]:
        """Say what was found, and how.

        Parameters
        ----------
        result : Result
            Of this analysis.

        Returns
        -------
        list of str
            What `conclude` says, and then what `methods` says; empty if the analysis has neither.
        """
        found = list(self.conclude(result)) if self.conclude is not None else []
        return [*found, self.methods(result.facts)] if self.methods is not None else found

    def parse(self, values: Mapping[str, Any]) -> AnalysisParameters:
        """Check parameters, and fill in the defaults of the others.

        Parameters
        ----------
        values : mapping of str to object
            Values by name. A text is converted to the type of the parameter; lists and the like are JSON.

        Returns
        -------
        AnalysisParameters

        Raises
        ------
        AnalysisError
            If there is no such parameter, or a value does not fit.
        """
        known = self.parameters.model_fields
        for name in values:
            if name not in known:
                choice = f"choose one of {', '.join(known)}" if known else "leave it out"
                raise AnalysisError(f"The analysis {self.name!r} has no parameter {name!r}; {choice}.")
        try:
            return self.parameters.model_validate(values)
        except ValidationError:
            pass
        read = {name: _from_json(value) for name, value in values.items()}
        try:
            return self.parameters.model_validate(read)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else ", ".join(values)
            reason = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
            raise AnalysisError(
                f"The analysis {self.name!r} cannot use {name} = {values.get(name, '')!r} "
                f"({reason[:1].lower()}{reason[1:]}); give another value."
            ) from None


def _from_json(value: Any) -> Any:
    """Value of a text in JSON, such as ``[1, 2]`` or ``null``; everything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
