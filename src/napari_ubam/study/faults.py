"""What can be wrong with a study: faults, each with its place and its remedy, listed all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from napari_ubam.errors import UbamError


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


class StudyError(UbamError):
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


def refusal(problem: str, remedy: str, column: str | None = None) -> PydanticCustomError:
    """Error for a validator that keeps problem and remedy apart, so that a fault can be made of it.

    Parameters
    ----------
    problem, remedy : str
        As in :class:`Fault`.
    column : str, optional
        Where the validator looks at a whole model: the column to blame.

    Returns
    -------
    PydanticCustomError
        To be raised inside a pydantic validator.
    """
    # The texts go in as values: braces inside them must not be read as placeholders.
    context = {"problem": problem, "remedy": remedy, "column": column}
    return PydanticCustomError("study", "{problem}; {remedy}", context)


class Checked(BaseModel):
    """A model whose faults come as one :class:`StudyError` where it is called, one sentence a fault."""

    if not TYPE_CHECKING:  # a type checker knows the fields of a model as long as this is out of its sight

        def __init__(self, /, **data: Any) -> None:
            try:
                super().__init__(**data)
            except ValidationError as error:
                details = error.errors(include_url=False)
                raise StudyError(
                    fault for detail in details for fault in _faults(detail, type(self))
                ) from None


def _faults(detail: Any, model: type[BaseModel]) -> list[Fault]:
    """Faults of one of pydantic's errors; several where a model inside the model has them."""
    context = detail.get("ctx", {})
    names = [str(part) for part in detail["loc"] if isinstance(part, str)]
    column = names[-1] if names else context.get("column")
    inner = context.get("error")
    if isinstance(inner, StudyError):
        return [replace(fault, column=fault.column or column) for fault in inner.faults]
    if "problem" in context:
        return [Fault(context["problem"], context["remedy"], column=column)]
    if detail["type"] == "missing":
        return [Fault("there is no value", "give one", column=column)]
    if detail["type"] == "extra_forbidden":
        return [Fault(f"there is no field {column!r}", f"there are {', '.join(model.model_fields)}")]
    if detail["type"] == "model_type":
        kind = context["class_name"]
        article = "an" if kind[0] in "AEIOU" else "a"
        return [
            Fault(f"{detail['input']!r} is no {kind}", f"give {article} {kind} or its fields", column=column)
        ]
    return [Fault(str(detail["msg"]).rstrip("."), f"the value is {detail['input']!r}", column=column)]
