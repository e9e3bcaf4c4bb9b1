"""Cells to values: numbers, texts, names and paths, each refused with a remedy."""

from __future__ import annotations

import math
import os
import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from .faults import Fault, refusal

_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?")
NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")  # 1,000 is a thousand to some and one to others
_RATES = (1e-6, 1e9)  # frames per second; outside them durations would no longer be finite numbers
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
LONGEST_NAME = 100


def text_of(value: Any) -> str:
    """Text of a cell, stripped; whole numbers without a decimal point, a missing value empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return "" if text in {"<NA>", "NaT"} else text


def _label(value: Any) -> str:
    text = text_of(value)
    if not text:
        raise refusal("the cell is empty", "every recording needs a value here")
    if "\x00" in text:
        raise refusal(f"{text!r} holds an unprintable character", "type the value anew")
    return text


def _session(value: Any) -> str:
    if not text_of(value):
        raise refusal("the cell is empty", "write 0 where there is only one session")
    return session_key(_label(value))


def session_key(text: str) -> str:
    """Session as it is kept: a whole number without leading zeros, other texts as they are."""
    return str(int(text.partition(".")[0])) if _WHOLE.fullmatch(text) and len(text) < 1000 else text


def whole_number(value: Any) -> int:
    """Whole number of a cell; ``12``, ``"12"``, ``12.0`` and ``"12.0"`` are 12.

    Raises
    ------
    PydanticCustomError
        Where the value is no whole number.
    """
    text = text_of(value)
    if isinstance(value, bool) or not _WHOLE.fullmatch(text):
        raise refusal(f"{text!r} is not a whole number", "write digits only, such as 0 or 1500")
    return int(text.partition(".")[0])


def real_number(value: Any) -> float | None:
    """Finite number of a cell, with a point or a comma as decimal sign; None where it is none."""
    text = text_of(value)
    number = float(text.replace(",", ".")) if re.fullmatch(NUMBER, text) else math.nan
    # Adding 0 turns a negative zero into a plain one.
    return number + 0.0 if math.isfinite(number) else None


def _optional_rate(value: Any) -> float | None:
    text = text_of(value)
    if not text:
        return None
    if _THOUSANDS.fullmatch(text):
        large, small = text.replace(",", ""), f"{float(text.replace(',', '.')):g}"
        raise refusal(f"{text!r} may be {large} or {small}", f"write {large}, or {small} with a point")
    rate = None if isinstance(value, bool) else real_number(value)
    if rate is None:
        raise refusal(f"{text!r} is not a number", _RATE_REMEDY)
    if not _RATES[0] <= rate <= _RATES[1]:
        raise refusal(f"{text!r} is no frame rate", _RATE_REMEDY)
    return rate


_RATE_REMEDY = "write the camera's frames per second, such as 250 or 29.97"


def _optional_frame(value: Any) -> int | None:
    if value is None or text_of(value) == "":
        return None
    number = whole_number(value)
    if number < 0:
        raise refusal(f"{number} is negative", "frames count from 0")
    return number


def _positive(value: Any) -> int:
    number = whole_number(value)
    if number <= 0:
        raise refusal(f"{number} is not positive", "a region is at least 1 pixel wide and high")
    return number


def check_name(name: str) -> str:
    """Refuse a recording's name that cannot be a folder's name on every system.

    Parameters
    ----------
    name : str
        The ``name`` column, or the video's stem.

    Returns
    -------
    str
        The same name.

    Raises
    ------
    PydanticCustomError
        With a name that would do as the remedy.
    """
    reason = _name_problem(name)
    if reason:
        raise refusal(
            f"{name!r} cannot name a folder on every system since it {reason}",
            f"write another in the column name, such as {safe_name(name)!r}",
        )
    return name


def _name_problem(name: str) -> str:
    found = _UNSAFE.search(name)
    if found:
        return f"holds {found.group()!r}"
    if name.split(".")[0].strip().upper() in _RESERVED:
        return "is reserved by Windows"
    if not name or name != name.strip() or name.endswith("."):
        return "is empty, or begins or ends with a space or a full stop"
    if name.startswith((".", "__")):
        return "begins with a full stop or two underscores"
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    return ""


def safe_name(name: str) -> str:
    """Nearest name to ``name`` that is safe as a folder's name on every system."""
    name = _UNSAFE.sub("_", name).strip(" .")[:LONGEST_NAME].rstrip(" .").lstrip("_")
    if not name:
        return "recording"
    return f"{name}_1" if name.split(".")[0].strip().upper() in _RESERVED else name


def folder_key(name: str) -> str:
    """Key under which two names would be the same folder on a system that ignores case."""
    return unicodedata.normalize("NFC", name).casefold()


def nearest(word: str, choices: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Choices that look like ``word``, whatever their case, the nearest first."""
    by_key = {choice.casefold(): choice for choice in choices}
    return [by_key[key] for key in get_close_matches(word.casefold(), by_key, n=count, cutoff=cutoff)]


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Words joined by commas; past ``limit`` only their number."""
    words = list(words)
    rest = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {rest} more" if rest > 0 else "")


def resolve(text: str, folder: Path) -> Path:
    """Absolute path of a cell's path, which is relative to ``folder``.

    Backslashes count as separators on every system where the path does not exist as it is written.
    """
    path = _absolute(text, folder)
    if "\\" in text and not path.exists():
        return _absolute(PureWindowsPath(text).as_posix(), folder)
    return path


def absolute(path: str | Path) -> Path:
    """Absolute path that keeps the names of symbolic links, since a recording is named after its file."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _absolute(text: str, folder: Path) -> Path:
    path = Path(text).expanduser() if text.startswith("~/") else Path(text)
    return absolute(folder / path)


def missing(path: Path, row: int | None, column: str) -> Fault | None:
    """Fault of a file that is not there, with near names in its folder; None where it is."""
    try:
        if path.exists():
            return None
        parent = next(parent for parent in path.parents if parent.is_dir())
        near = _near_files(path) if parent == path.parent else []
    except OSError as error:
        return Fault(f"{path} cannot be read ({error.strerror})", "ask for access to it", row, column)
    if near:
        return Fault(f"{path.name} is not in {parent}", f"did you mean {' or '.join(near)}?", row, column)
    if parent != path.parent:
        absent = path.relative_to(parent).parts[0]
        return Fault(f"{path} does not exist: {parent} has no folder {absent}", "mend the path", row, column)
    return Fault(f"{path.name} is not in {parent}", "mend the path or copy the file there", row, column)


def _near_files(path: Path) -> list[str]:
    """Names beside a missing file that look like its own; an equal ending alone is no likeness."""
    names = nearest(path.name, (other.name for other in path.parent.iterdir()), 3)
    return [name for name in names if nearest(path.stem, [Path(name).stem], cutoff=0.5)]


Label = Annotated[str, BeforeValidator(_label)]
Session = Annotated[str, BeforeValidator(_session)]
Whole = Annotated[int, BeforeValidator(whole_number)]
Positive = Annotated[int, BeforeValidator(_positive)]
OptionalFrame = Annotated[int | None, BeforeValidator(_optional_frame)]
OptionalRate = Annotated[float | None, BeforeValidator(_optional_rate)]
Name = Annotated[str, BeforeValidator(text_of), AfterValidator(check_name)]
