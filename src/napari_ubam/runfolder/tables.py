"""Results of a run: named tables with facts and warnings, written to its folder and read from it.

A result ``NAME`` is a file ``NAME.json`` with the facts, and one file ``TABLE.csv`` for each of its tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from napari_ubam.files import replace_file, write_atomic
from napari_ubam.versions import versions

from .csv_tables import TEXT as TEXT
from .csv_tables import to_csv
from .errors import RunError
from .paths import CONFIG, MAP_RESULT, QUALITY, SCORES, STUDY
from .table_parts import TableInParts, Tables, write_parts

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = {Path(name).stem for name in (CONFIG, QUALITY, STUDY)}
# Earlier versions did not write which tables a result has.
_EARLIER = {SCORES: ("scores", "subjects", "episodes"), MAP_RESULT: ("map",)}
# Keys of the facts file that are not facts.
_WARNINGS, _TABLES, _TEXT_COLUMNS, _PLACES = "warnings", "tables", "text_columns", "places"

WRITTEN_FACTS = frozenset({_WARNINGS, _TABLES, _TEXT_COLUMNS, _PLACES, "versions", "created"})
"""Facts that `write_result` adds to every result."""


@dataclass(frozen=True)
class Result:
    """Result of an analysis.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores, such as ``"scores"``.
    tables : mapping of str to DataFrame
        Tables by name. The names follow the same rule, and no other result of a run has the same.
    facts : mapping of str to object
        What the tables were computed from: settings, numbers of subjects and so on. They must be serialisable
        as JSON.
    warnings : tuple of str
        Sentences for the user.
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class RunResults(Mapping[str, Result]):
    """Results of a run by name. Each is read from its files on access.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Result:
        """Read one result."""
        if not has_result(self._folder, name):
            raise KeyError(name)
        return read_result(self._folder, name)

    def __iter__(self) -> Iterator[str]:
        return iter(result_names(self._folder))

    def __len__(self) -> int:
        return len(result_names(self._folder))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and has_result(self._folder, name)

    def __repr__(self) -> str:
        return f"<results of {self._folder}: {', '.join(self) or 'none'}>"


def write_result(folder: Path, result: Result, in_parts: Mapping[str, TableInParts] | None = None) -> Path:
    """Write a result to the folder of a run. A result of the same name is replaced.

    The facts are written last, so a result whose facts can be read is complete. The versions of the software
    and the time are added to them. Times have six decimals, other numbers six digits.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    result : Result
    in_parts : mapping of str to TableInParts, optional
        Further tables, written one recording after the other, the first of the result.

    Returns
    -------
    Path
        The file of the facts, ``NAME.json``.

    Raises
    ------
    RunError
        If a name is not allowed, or another result has a table of the same name.
    OSError
        If a file cannot be written.
    """
    parts = dict(in_parts or {})
    _check_names(folder, result, (*parts, *result.tables))
    path = folder / f"{result.name}.json"
    facts = {
        **result.facts,
        _WARNINGS: list(result.warnings),
        _TABLES: [*parts, *result.tables],
        _TEXT_COLUMNS: _text_columns(result),
        "versions": versions() | dict(result.facts.get("versions", {})),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _as_json(facts)  # refused before anything is replaced
    contents = {name: to_csv(table) for name, table in result.tables.items()}
    # Written beside the earlier table, which stays whole if this takes long and is cancelled.
    places = {name: write_parts(folder / f"{name}.csv.new", table) for name, table in parts.items()}
    path.unlink(missing_ok=True)  # the earlier facts do not belong to the new tables
    for name in parts:
        replace_file(folder / f"{name}.csv.new", folder / f"{name}.csv")
    for name, content in contents.items():
        write_atomic(folder / f"{name}.csv", content)
    write_atomic(path, _as_json({**facts, _PLACES: places} if places else facts))
    return path


def read_result(folder: Path, name: str) -> Result:
    """Read a result from the folder of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    name : str
        Name of the result.

    Returns
    -------
    Result
        The columns ``recording``, ``subject``, ``group`` and ``session``, and the others that were text when
        the result was written, are text, empty where nothing was written. Other empty cells are NaN. Tables
        of more than 8 MB are read when they are asked for; `table_parts.parts_of` gives the rows of one
        recording after the other.

    Raises
    ------
    RunError
        If the run has no such result, or a file cannot be read.
    """
    facts = read_facts(folder, name)
    if facts is None:
        raise RunError(f"{folder} has no result {name!r}; compute it first.")
    names = _table_names(name, facts)
    text = facts.pop(_TEXT_COLUMNS, {})
    warnings = tuple(str(one) for one in facts.pop(_WARNINGS, ()))
    facts.pop(_TABLES, None)
    columns = {table: {*TEXT, *text.get(table, ())} for table in names}
    tables = Tables(folder, columns, facts.pop(_PLACES, {}), lambda: _created(folder, name))
    return Result(name, tables, facts, warnings)


def read_facts(folder: Path, name: str) -> dict[str, Any] | None:
    """Read the facts of a result without its tables.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    name : str
        Name of the result.

    Returns
    -------
    dict or None
        Content of ``NAME.json``. None if there is no such file.

    Raises
    ------
    RunError
        If the file cannot be read.
    """
    path = folder / f"{name}.json"
    if not is_result_name(name) or not path.is_file():
        return None
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); compute the result again.") from error
    return facts if isinstance(facts, dict) else None


def has_result(folder: Path, name: str) -> bool:
    """Check whether a run has a complete result.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    name : str
        Name of the result.

    Returns
    -------
    bool
        True if its facts can be read and all its tables are there.
    """
    try:
        facts = read_facts(folder, name)
    except RunError:
        return False
    if facts is None:
        return False
    names = _table_names(name, facts)
    return bool(names) and all((folder / f"{table}.csv").is_file() for table in names)


def result_names(folder: Path) -> tuple[str, ...]:
    """List the complete results of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    tuple of str
        Names, in alphabetical order.
    """
    return tuple(sorted(path.stem for path in folder.glob("*.json") if has_result(folder, path.stem)))


def is_result_name(name: str) -> bool:
    """Check whether a result or a table can have a name.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool
        True for lower-case letters, digits and underscores, if no other file of a run has this name.
    """
    return _NAME.fullmatch(name) is not None and name not in _TAKEN


def _created(folder: Path, name: str) -> str:
    return str((read_facts(folder, name) or {}).get("created", ""))


def _as_json(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(_jsonable(facts), indent=2, allow_nan=False) + "\n").encode()


def _check_names(folder: Path, result: Result, tables: tuple[str, ...]) -> None:
    for name in (result.name, *tables):
        if not is_result_name(name):
            raise RunError(
                f"A result or table cannot be named {name!r}; choose another name of lower-case letters, "
                "digits and underscores."
            )
    if not tables:
        raise RunError(f"The result {result.name!r} has no table; give it at least one.")
    for other, others in _EARLIER.items():
        taken = set(others) & set(tables) if other != result.name else set()
        if taken:
            raise RunError(
                f"The table {min(taken)!r} belongs to the result {other!r}; choose another name for the "
                f"table of {result.name!r}."
            )
    for other in result_names(folder):
        facts = read_facts(folder, other) or {}
        shared = set(tables) & set(_table_names(other, facts)) if other != result.name else set()
        if shared:
            raise RunError(
                f"The result {other!r} of {folder} already has a table {min(shared)!r}; choose another name "
                f"for the table of {result.name!r}."
            )


def _table_names(name: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(facts.get(_TABLES) or _EARLIER.get(name, ()))


def _text_columns(result: Result) -> dict[str, list[str]]:
    """Columns of each table that are text, besides those that always are."""
    found = {
        name: [str(one) for one in table if one not in TEXT and not is_numeric_dtype(table[one])]
        for name, table in result.tables.items()
    }
    return {name: columns for name, columns in found.items() if columns}


def _jsonable(value: Any) -> Any:
    """Replace NumPy values by Python's, and numbers that are not finite by None, which JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _jsonable(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
