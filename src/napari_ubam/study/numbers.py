"""Parse the numbers of cells. Those that mean a thousand in one country and one in another are asked back."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from .faults import refusal

NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?")
_WHOLE_SESSION = re.compile(r"[+-]?\d+(?:[.,]0*)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")  # 1,000 and 1.000
_RATES = (1e-6, 1e9)  # frames per second; beyond these limits durations overflow
_MISSING_TYPES = {"NAType", "NaTType"}  # of pandas; a subject can be called <NA>


def text_of(value: Any) -> str:
    """Convert a cell to text.

    Parameters
    ----------
    value : object
        Cell of a table or data frame.

    Returns
    -------
    str
        Stripped text in Unicode's composed form (NFC), because file systems and programs differ in the form
        that they write. Whole numbers have no decimal point, and a missing value is empty.
    """
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return ""
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFC", str(value)).strip()


def session_key(text: str) -> str:
    """Normalise a session, for comparison.

    Parameters
    ----------
    text : str
        Session as written.

    Returns
    -------
    str
        A whole number without leading zeros and decimals: ``1.0`` and ``1,0`` are ``1``. Other texts are
        unchanged.
    """
    if _WHOLE_SESSION.fullmatch(text) and len(text) < 1000:
        return str(int(re.split("[.,]", text)[0]))
    return text


def whole_number(value: Any) -> int:
    """Parse a whole number.

    Parameters
    ----------
    value : object
        Cell: ``12``, ``"12"``, ``12.0`` and ``"12.0"`` are 12.

    Returns
    -------
    int
        The number.

    Raises
    ------
    PydanticCustomError
        If the value is not a whole number, or can be read as two numbers.
    """
    text = text_of(value)
    if isinstance(value, str) and _GROUPED.fullmatch(text):
        raise asked_back(text)
    if isinstance(value, bool) or not _WHOLE.fullmatch(text):
        raise refusal(f"{text!r} is not a whole number", "write digits only, such as 0 or 1500")
    return int(text.partition(".")[0])


def real_number(value: Any) -> float | None:
    """Parse a finite number.

    Parameters
    ----------
    value : object
        Cell. Text can have a decimal point or comma.

    Returns
    -------
    float or None
        The number, None if the cell is not a finite number.
    """
    text = text_of(value)
    number = float(text.replace(",", ".")) if re.fullmatch(NUMBER, text) else math.nan
    # Adding 0 converts negative zero to zero.
    return number + 0.0 if math.isfinite(number) else None


def frame_rate(value: Any) -> float | None:
    """Parse a frame rate.

    Parameters
    ----------
    value : object
        Cell. Text can have a decimal point or comma.

    Returns
    -------
    float or None
        Frames per second, None for an empty cell.

    Raises
    ------
    PydanticCustomError
        If the value is not a frame rate, or can be read as two numbers.
    """
    text = text_of(value)
    if not text:
        return None
    if isinstance(value, str) and _is_doubtful_rate(text):
        raise asked_back(text)
    rate = None if isinstance(value, bool) else real_number(value)
    if rate is None:
        raise refusal(f"{text!r} is not a number", _RATE_REMEDY)
    if not _RATES[0] <= rate <= _RATES[1]:
        raise refusal(f"{text!r} is not a valid frame rate", _RATE_REMEDY)
    return rate


_RATE_REMEDY = "write the frames per second of the camera, such as 250 or 29.97"


def _is_doubtful_rate(text: str) -> bool:
    """Whether a rate can be thousands: every ``29,970``, but ``23.976`` and ``33.333`` only with a point."""
    grouped = _GROUPED.fullmatch(text)
    if grouped is None or grouped[1] == ",":
        return grouped is not None
    rate = float(text)
    of_broadcasting = rate > 10 and abs(rate * 1.001 - round(rate * 1.001)) < 6e-4  # 23.976, 29.970, 59.940
    return not of_broadcasting and (rate < 10 or text.endswith("0"))


def clear_text(value: float) -> str:
    """Format a number so that nobody reads it as thousands.

    Parameters
    ----------
    value : float
        Finite number.

    Returns
    -------
    str
        As `number_text`, with one more zero if it has three decimals: ``1.0240``.
    """
    text = number_text(value)
    return f"{text}0" if _GROUPED.fullmatch(text) else text


def number_text(value: float) -> str:
    """Format a number as the shortest text that reads back as the same number.

    Parameters
    ----------
    value : float
        Finite number.

    Returns
    -------
    str
        Whole numbers have no decimal point.
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def asked_back(text: str) -> PydanticCustomError:
    """Create the error for a number with two readings.

    Parameters
    ----------
    text : str
        Such as ``1,000`` or ``1.000``.

    Returns
    -------
    PydanticCustomError
        Error to raise inside a validator. It names both readings.
    """
    return refusal(*two_readings(text))


def two_readings(text: str) -> tuple[str, str]:
    """Describe a number with two readings.

    Parameters
    ----------
    text : str
        Such as ``1,000`` or ``1.000``.

    Returns
    -------
    problem, remedy : str
        Both name the two readings.
    """
    large, small = re.sub("[.,]", "", text), f"{float(text.replace(',', '.')):g}"
    point = " with a decimal point" if "." in small else ""
    return f"{text!r} can mean {large} or {small}", f"write {large}, or {small}{point}"


def doubtful(texts: Sequence[str], others: Sequence[str] = ()) -> list[int]:
    """Find the numbers of a column that can be thousands or decimals.

    Parameters
    ----------
    texts : sequence of str
        Cells of the column.
    others : sequence of str
        Other numbers of the same table. They show which sign this table uses for decimals.

    Returns
    -------
    list of int
        Positions of numbers such as ``1,024``, if no number of the table shows that the comma is its decimal
        sign, as ``80,5`` does. Also of ``1.024``, if the comma is the decimal sign, or if the column also has
        whole numbers, and they are nearer to 1024.
    """
    grouped = {i: found[1] for i, text in enumerate(texts) if (found := _GROUPED.fullmatch(text))}
    if not grouped:
        return []
    comma_is_decimal = any("," in text and not _GROUPED.fullmatch(text) for text in (*texts, *others))
    asked = {",": not comma_is_decimal, ".": comma_is_decimal or _points_group_thousands(texts)}
    return [i for i, sign in grouped.items() if asked[sign]]


def _points_group_thousands(texts: Sequence[str]) -> bool:
    """Whether points only appear as in ``998, 999, 1.000``, where a thousand is nearer than 1."""
    plain = [abs(int(text)) for text in texts if re.fullmatch(r"[+-]?\d+", text)]
    signed = [text for text in texts if "." in text]
    if not plain or not all(map(_GROUPED.fullmatch, signed)):
        return False
    typical = math.log(max(sorted(plain)[len(plain) // 2], 1))
    decimals = [math.log(abs(float(text))) for text in signed]
    return all(abs(small + math.log(1000) - typical) < abs(small - typical) for small in decimals)
