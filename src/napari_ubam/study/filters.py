"""Filters that choose recordings: ``group=healthy``, ``session=0``, several with commas as *and*."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from .faults import Fault, StudyError
from .recording import Recording
from .values import listed, nearest, session_key

SELECTABLE = ("name", "subject", "group", "session")


def select(recordings: Sequence[Recording], expression: str) -> list[int]:
    """Places of the recordings that fulfil every condition.

    Parameters
    ----------
    recordings : sequence of Recording
        Whose metadata have the same names.
    expression : str
        ``column=value``, several parted by commas; quotes around a condition keep its commas.

    Returns
    -------
    list of int
        In ascending order, at least one.

    Raises
    ------
    StudyError
        One sentence, where the expression cannot be read, names an unknown column, or matches none.
    """
    left = list(range(len(recordings)))
    for column, value in _conditions(expression):
        column = _column(recordings, column)
        values = [_value(recording, column) for recording in recordings]
        wanted = session_key(value) if column == "session" else value
        if wanted not in values:
            raise _refuse(_unknown(column, value, values))
        left = [i for i in left if values[i] == wanted]
    if not left:
        raise _refuse(f"no recording fulfils all of {expression}, though each condition is met by some")
    return left


def _conditions(expression: str) -> list[tuple[str, str]]:
    parts = next(csv.reader([expression], skipinitialspace=True), [])
    pairs = [tuple(text.strip() for text in part.partition("=")) for part in parts]
    if not pairs or any(not column or sign != "=" or not value for column, sign, value in pairs):
        raise _refuse(f"the filter {expression!r} cannot be read; write column=value, such as group=healthy")
    return [(column, value.strip("'\"") or value) for column, _, value in pairs]


def _column(recordings: Sequence[Recording], name: str) -> str:
    columns = [*SELECTABLE, *recordings[0].metadata]
    for column in columns:
        if column.casefold() == name.casefold():
            return column
    raise _refuse(f"the study has no column {name!r} to select by; it has {listed(columns, 30)}")


def _value(recording: Recording, column: str) -> str:
    if column in recording.metadata:
        return recording.metadata[column]
    return str(getattr(recording, column))


def _unknown(column: str, value: str, values: Iterable[str]) -> str:
    distinct = sorted({text for text in values if text})
    near = nearest(value, distinct)
    hint = f"; did you mean {near[0]!r}" if near else ""
    end = "?" if near else ""
    return f"no recording has {column}={value}; the column holds {listed(distinct) or 'nothing'}{hint}{end}"


def _refuse(sentence: str) -> StudyError:
    problem, _, remedy = sentence.partition("; ")
    return StudyError([Fault(problem, remedy)])
