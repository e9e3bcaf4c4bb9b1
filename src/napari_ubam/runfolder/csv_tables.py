"""Tables as CSV files: which columns are text, and how numbers are written."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from .errors import RunError

RECORDING = "recording"
TEXT = (RECORDING, "subject", "group", "session")
"""Columns that are text in every table, also if all their values look like numbers."""

_MISSING = ["", "nan", "NaN"]  # in columns of numbers


def to_csv(table: pd.DataFrame) -> bytes:
    """Write a table as CSV: times to the microsecond, other numbers with six digits.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    bytes
    """
    times = [
        name
        for name in table.columns
        if (name == "time" or str(name).endswith("_time")) and is_numeric_dtype(table[name])
    ]
    text = table.assign(**{name: table[name].map("{:.6f}".format) for name in times})
    return text.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()


def header_of(source: Path | io.BytesIO) -> list[str]:
    """Names of the columns of a table.

    Parameters
    ----------
    source : Path or BytesIO
        File, or its content.

    Returns
    -------
    list of str

    Raises
    ------
    OSError, ValueError
        If it cannot be read.
    """
    if isinstance(source, Path):
        with source.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file), [])
    return next(csv.reader([source.getvalue().partition(b"\n")[0].decode()]), [])


def read_csv(source: Path | io.BytesIO, text: set[str], path: Path | None = None) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    source : Path or BytesIO
        File, or its content.
    text : set of str
        Columns that are text.
    path : Path, optional
        File that is named in an error, if ``source`` is not one.

    Returns
    -------
    DataFrame

    Raises
    ------
    RunError
        If it cannot be read.
    """
    try:
        header = header_of(source)
        missing: dict[Any, Any] = {column: [] if column in text else _MISSING for column in header}
        types: dict[Any, Any] = {column: str for column in header if column in text}
        return pd.read_csv(source, dtype=types, keep_default_na=False, na_values=missing)
    except (OSError, ValueError) as error:
        where = source if isinstance(source, Path) else path
        raise RunError(f"{where} cannot be read ({error}); compute the result again.") from error
