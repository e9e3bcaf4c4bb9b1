"""Errors in a study: each fault names its place and its remedy, and all are reported together."""

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
    """One error in a study.

    Parameters
    ----------
    problem : str
        What is wrong, without a full stop.
    remedy : str
        What to do, without a full stop.
    row : int, optional
        Row number as in a spreadsheet: the header is row 1, the first recording is row 2.
        For a data frame, the row number from 0.
    column : str, optional
        Name of the column.
    file : Path, optional
        File with the row, if it is not the study itself (a crop track or an interval table).
    """

    problem: str
    remedy: str = ""
    row: int | None = None
    column: str | None = None
    file: Path | None = None

    def __str__(self) -> str:
        """Return one sentence with file, row, column, problem and remedy."""
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
    """A study, crop track or interval table is not valid.

    Parameters
    ----------
    faults : iterable of Fault
        All faults, at least one.
    source : str or Path, optional
        The file that was read. The message starts with its name.

    Attributes
    ----------
    faults : tuple of Fault
        All faults in the order of their rows. ``str(error)`` lists one per line.
    source : str or None
        Name of the file.
    """

    def __init__(self, faults: Iterable[Fault], source: str | Path | None = None) -> None:
        self.faults = tuple(faults)
        self.source = source.name if isinstance(source, Path) else source
        super().__init__(self.faults, self.source)

    def __str__(self) -> str:
        """List all faults, one per line, below a line with their number."""
        prefix = f"{self.source}: " if self.source else ""
        if len(self.faults) == 1:
            return f"{prefix}{self.faults[0]}"
        lines = (f"  {fault}" for fault in self.faults)
        return "\n".join([f"{prefix}{len(self.faults)} faults.", *lines])

    def __reduce__(self) -> tuple[type[StudyError], tuple[tuple[Fault, ...], str | None]]:
        """Pickle the faults and the source."""
        return type(self), (self.faults, self.source)


class UnknownRecordingError(StudyError, KeyError):
    """The study has no recording with this name. This is also a ``KeyError``."""


def refusal(problem: str, remedy: str, column: str | None = None) -> PydanticCustomError:
    """Create the error that a pydantic validator raises. It stores problem and remedy separately.

    Parameters
    ----------
    problem, remedy : str
        As in :class:`Fault`.
    column : str, optional
        The wrong column, if the validator checks a whole model.

    Returns
    -------
    PydanticCustomError
        Error to raise inside the validator. It becomes one :class:`Fault`.
    """
    # The texts are passed as values, because braces in them are not placeholders.
    context = {"problem": problem, "remedy": remedy, "column": column}
    return PydanticCustomError("study", "{problem}; {remedy}", context)


class Checked(BaseModel):
    """Base of the models. Invalid fields raise one :class:`StudyError` with one sentence for each fault."""

    if not TYPE_CHECKING:  # hidden from the type checker, which then uses the fields of the model

        def __init__(self, /, **data: Any) -> None:
            try:
                super().__init__(**data)
            except ValidationError as error:
                details = error.errors(include_url=False)
                raise StudyError(
                    fault for detail in details for fault in _faults(detail, type(self))
                ) from None


def _faults(detail: Any, model: type[BaseModel]) -> list[Fault]:
    """Convert one pydantic error to faults. A nested model can give several."""
    context = detail.get("ctx", {})
    names = [str(part) for part in detail["loc"] if isinstance(part, str)]
    column = names[-1] if names else context.get("column")
    inner = context.get("error")
    if isinstance(inner, StudyError):
        return [replace(fault, column=fault.column or column) for fault in inner.faults]
    if "problem" in context:
        return [Fault(context["problem"], context["remedy"], column=column)]
    if detail["type"] == "missing":
        return [Fault("the value is missing", "add one", column=column)]
    if detail["type"] == "extra_forbidden":
        return [Fault(f"there is no field {column!r}", f"use {', '.join(model.model_fields)}")]
    if detail["type"] == "model_type":
        kind = context["class_name"]
        article = "an" if kind[0] in "AEIOU" else "a"
        return [
            Fault(
                f"{detail['input']!r} is not {article} {kind}",
                f"use {article} {kind} or its fields",
                column=column,
            )
        ]
    return [Fault(str(detail["msg"]).rstrip("."), f"the value is {detail['input']!r}", column=column)]
