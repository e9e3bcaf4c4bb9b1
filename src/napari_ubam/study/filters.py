"""Filters that select recordings: ``group=healthy``, ``group=healthy and session=0``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .faults import Fault, StudyError
from .numbers import session_key, text_of
from .recording import Recording
from .values import listed, nearest

SELECTABLE = ("name", "subject", "group", "session")

_QUOTED = r"""(?:"(?:[^"]|"")*"|'(?:[^']|'')*')"""
_NEEDS_QUOTES = re.compile(r"""[,"']|\sand\s""", re.IGNORECASE)
_AND_COLUMN = re.compile(r"\sand\s+([^=]+?)\s*=", re.IGNORECASE)


def select(recordings: Sequence[Recording], expression: str) -> list[int]:
    """Find the recordings that meet every condition of a filter.

    Parameters
    ----------
    recordings : sequence of Recording
        They have the same metadata columns.
    expression : str
        Conditions ``column=value``, joined by ``and`` or by commas. The word ``and`` joins conditions only
        before the name of a column and ``=``: ``group=salt and pepper`` is one condition. A condition or a
        value in quotes can contain anything.

    Returns
    -------
    list of int
        Indices into `recordings` in ascending order, at least one.

    Raises
    ------
    StudyError
        If the filter cannot be read, names an unknown column or value, or matches no recording.
    """
    columns = [*SELECTABLE, *recordings[0].metadata]
    left = list(range(len(recordings)))
    for name, value in _conditions(expression, columns):
        column = _column(columns, name)
        values = [_value(recording, column) for recording in recordings]
        wanted = session_key(text_of(value)) if column == "session" else text_of(value)
        if wanted not in values:
            if after_and := _AND_COLUMN.search(value):
                _column(columns, after_and[1])  # more likely a misspelt column than such a value
            raise _refuse(_unknown(column, value, values))
        left = [i for i in left if values[i] == wanted]
    if not left:
        raise _refuse(
            f"no recording meets all conditions of {expression}, but each condition alone is met; "
            "remove a condition"
        )
    return left


def condition(column: str, value: str) -> str:
    """Write the filter that selects the recordings with a value in a column.

    Parameters
    ----------
    column, value : str
        Name of the column, and the content of its cells.

    Returns
    -------
    str
        ``column=value``, in double quotes if the value contains a comma, a quote or the word ``and``.
    """
    text = f"{column}={value}"
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else text


def _conditions(expression: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Split a filter into pairs of column and value."""
    names = "|".join(map(re.escape, columns))
    separator = rf"\s*(,|\sand\s+(?=[\"']?\s*(?:{names})\s*=)|\Z)"
    pattern = rf"\s*({_QUOTED}|[^,=\"']*=\s*{_QUOTED}|.*?){separator}"
    part = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    pairs, position, more = [], 0, True
    while more and (found := part.match(expression, position)):
        column, _, value = _unquoted(found[1]).partition("=")
        if not column.strip() or not value.strip():
            raise _refuse(
                f"the filter {expression!r} cannot be read; write column=value, such as group=healthy, or "
                "several conditions joined by and, such as group=healthy and session=0"
            )
        whole = found[1] != _unquoted(found[1])
        pairs.append((column.strip(), value.strip() if whole else _unquoted(value.strip())))
        position, more = found.end(), bool(found[2])
    return pairs


def _unquoted(text: str) -> str:
    """Remove the quotes around a text, if it is in quotes as a whole."""
    if len(text) < 3 or not re.fullmatch(_QUOTED, text):
        return text
    return text[1:-1].replace(text[0] * 2, text[0])


def _column(columns: Sequence[str], name: str) -> str:
    for column in columns:
        if column.casefold() == text_of(name).casefold():
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
