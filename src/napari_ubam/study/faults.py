"""What can be wrong with a study: faults, each with its place and its remedy, listed all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a study.

    Parameters
    ----------
    problem : str
        What is wrong, without a full stop.
    remedy : str
        What to do about it, without a full stop.
    row : int, optional
        Row as a spreadsheet shows it: the header is row 1, the first recording row 2.
        For a data frame, the row's number from 0.
    column : str, optional
        Name of the column.
    file : Path, optional
        The file that holds the row, where it is not the study itself (a crop track, intervals).
    """

    problem: str
    remedy: str = ""
    row: int | None = None
    column: str | None = None
    file: Path | None = None

    def __str__(self) -> str:
        """One sentence: file, row, column, problem and remedy."""
        place = ", ".join(
            part
            for part in (
                self.file.name if self.file else "",
                f"row {self.row}" if self.row is not None else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        text = f"{place}: {self.problem}" if place else self.problem
        end = "" if self.remedy.endswith("?") else "."
        return f"{text}; {self.remedy}{end}" if self.remedy else f"{text}."


class StudyError(ValueError):
    """A study, crop track or interval table that cannot be used.

    Parameters
    ----------
    faults : iterable of Fault
        Everything that is wrong; at least one.
    source : str or Path, optional
        What was read, named at the start of the message.

    Attributes
    ----------
    faults : tuple of Fault
        All faults in the order of their rows. ``str(error)`` lists them one a line.
    """

    def __init__(self, faults: Iterable[Fault], source: str | Path | None = None) -> None:
        self.faults = tuple(faults)
        self.source = source.name if isinstance(source, Path) else source
        super().__init__(self.faults, self.source)

    def __str__(self) -> str:
        """All faults, one a line, under a heading that counts them."""
        prefix = f"{self.source}: " if self.source else ""
        if len(self.faults) == 1:
            return f"{prefix}{self.faults[0]}"
        lines = (f"  {fault}" for fault in self.faults)
        return "\n".join([f"{prefix}{len(self.faults)} faults.", *lines])

    def __reduce__(self) -> tuple[type[StudyError], tuple[tuple[Fault, ...], str | None]]:
        """Pickle by faults and source."""
        return type(self), (self.faults, self.source)


class UnknownRecordingError(StudyError, KeyError):
    """The study has no recording of that name; also a ``KeyError``."""


def refusal(problem: str, remedy: str) -> PydanticCustomError:
    """Error for a validator that keeps problem and remedy apart, so that a fault can be made of it.

    Parameters
    ----------
    problem, remedy : str
        As in :class:`Fault`.

    Returns
    -------
    PydanticCustomError
        To be raised inside a pydantic validator.
    """
    # The texts go in as values: braces inside them must not be read as placeholders.
    return PydanticCustomError("study", "{problem}; {remedy}", {"problem": problem, "remedy": remedy})


def faults_of(
    error: ValidationError, row: int | None, columns: Mapping[str, str] | None = None
) -> list[Fault]:
    """Faults of a pydantic error, with the columns that its locations stand for.

    Parameters
    ----------
    error : ValidationError
        What a model's validation raised.
    row : int, optional
        Row that was validated.
    columns : mapping of str to str, optional
        Column to name for a whole model's fault, by the error's ``column`` or the field's name.

    Returns
    -------
    list of Fault
        One a pydantic error.
    """
    return [_fault(detail, row, columns or {}) for detail in error.errors(include_url=False)]


def _fault(detail: Any, row: int | None, columns: Mapping[str, str]) -> Fault:
    context = detail.get("ctx", {})
    names = [str(part) for part in detail["loc"] if isinstance(part, str)]
    column = names[-1] if names else None
    column = columns.get(column, column) if column else columns.get("")
    if "problem" in context:
        return Fault(context["problem"], context["remedy"], row, column)
    return Fault(str(detail["msg"]).rstrip("."), f"the value is {detail['input']!r}", row, column)
