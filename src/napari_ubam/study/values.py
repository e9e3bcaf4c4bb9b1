"""Parse and validate cells: numbers, texts, names and paths."""

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
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")  # 1,000 is a thousand in some countries and one in others
_RATES = (1e-6, 1e9)  # frames per second; beyond these limits durations overflow
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
LONGEST_NAME = 100


def text_of(value: Any) -> str:
    """Convert a cell to text.

    Parameters
    ----------
    value : object
        Cell of a table or data frame.

    Returns
    -------
    str
        Stripped text. Whole numbers have no decimal point, and a missing value is empty.
    """
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
        raise refusal(f"{text!r} contains an unprintable character", "type the value again")
    return text


def _session(value: Any) -> str:
    if not text_of(value):
        raise refusal("the cell is empty", "write 0 if there is only one session")
    return session_key(_label(value))


def session_key(text: str) -> str:
    """Normalise a session, for comparison.

    Parameters
    ----------
    text : str
        Session as written.

    Returns
    -------
    str
        A whole number without leading zeros and decimals. Other texts are unchanged.
    """
    return str(int(text.partition(".")[0])) if _WHOLE.fullmatch(text) and len(text) < 1000 else text


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
        If the value is not a whole number.
    """
    text = text_of(value)
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


def _optional_rate(value: Any) -> float | None:
    text = text_of(value)
    if not text:
        return None
    if _THOUSANDS.fullmatch(text):
        large, small = text.replace(",", ""), f"{float(text.replace(',', '.')):g}"
        raise refusal(
            f"{text!r} can mean {large} or {small}", f"write {large}, or {small} with a decimal point"
        )
    rate = None if isinstance(value, bool) else real_number(value)
    if rate is None:
        raise refusal(f"{text!r} is not a number", _RATE_REMEDY)
    if not _RATES[0] <= rate <= _RATES[1]:
        raise refusal(f"{text!r} is not a valid frame rate", _RATE_REMEDY)
    return rate


_RATE_REMEDY = "write the frames per second of the camera, such as 250 or 29.97"


def _optional_frame(value: Any) -> int | None:
    if value is None or text_of(value) == "":
        return None
    number = whole_number(value)
    if number < 0:
        raise refusal(f"{number} is negative", "count frames from 0")
    return number


def _positive(value: Any) -> int:
    number = whole_number(value)
    if number <= 0:
        raise refusal(f"{number} is not positive", "make the region at least 1 pixel wide and high")
    return number


def check_name(name: str) -> str:
    """Check that a recording name is a valid folder name on every operating system.

    Parameters
    ----------
    name : str
        The ``name`` column, or the file name of the video without extension.

    Returns
    -------
    str
        The same name.

    Raises
    ------
    PydanticCustomError
        If the name is not valid. The error proposes another name.
    """
    reason = _name_problem(name)
    if reason:
        raise refusal(
            f"{name!r} is not a valid folder name on every system because it {reason}",
            f"write another name in the column name, such as {safe_name(name)!r}",
        )
    return name


def _name_problem(name: str) -> str:
    found = _UNSAFE.search(name)
    if found:
        return f"contains {found.group()!r}"
    if name.split(".")[0].strip().upper() in _RESERVED:
        return "is reserved by Windows"
    if not name or name != name.strip() or name.endswith("."):
        return "is empty, or starts or ends with a space or a full stop"
    if name.startswith((".", "__")):
        return "starts with a full stop or two underscores"
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    return ""


def safe_name(name: str) -> str:
    """Convert a name to a similar one that is a valid folder name on every operating system.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    str
        At most 100 characters.
    """
    name = _UNSAFE.sub("_", name).strip(" .")[:LONGEST_NAME].rstrip(" .").lstrip("_")
    if not name:
        return "recording"
    return f"{name}_1" if name.split(".")[0].strip().upper() in _RESERVED else name


def folder_key(name: str) -> str:
    """Normalise a name, for comparison on a file system that ignores case.

    Parameters
    ----------
    name : str
        Name of a folder.

    Returns
    -------
    str
        Names with the same key are the same folder on such a file system.
    """
    return unicodedata.normalize("NFC", name).casefold()


def nearest(word: str, choices: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Find similar words, for "did you mean" hints. Case is ignored.

    Parameters
    ----------
    word : str
        Word to look for.
    choices : iterable of str
        Valid words.
    count : int
        Maximum number of results.
    cutoff : float
        Minimum similarity from 0 to 1, as in `difflib.get_close_matches`.

    Returns
    -------
    list of str
        The most similar word first.
    """
    by_key = {choice.casefold(): choice for choice in choices}
    return [by_key[key] for key in get_close_matches(word.casefold(), by_key, n=count, cutoff=cutoff)]


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Join words with commas.

    Parameters
    ----------
    words : iterable of str
        Words to join.
    limit : int
        Maximum number of words. The rest is only counted.

    Returns
    -------
    str
        Text such as ``a, b and 3 more``.
    """
    words = list(words)
    rest = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {rest} more" if rest > 0 else "")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun.

    Parameters
    ----------
    number : int
        How many there are.
    noun : str
        The noun in the singular, such as ``subject``.
    plural : str
        The noun in the plural, if it is not the singular with an s or with ies for a last y.

    Returns
    -------
    str
        Text such as ``1 subject`` or ``12 subjects``.
    """
    if number == 1:
        return f"1 {noun}"
    regular = f"{noun[:-1]}ies" if re.search("[^aeiou]y$", noun) else f"{noun}s"
    return f"{number} {plural or regular}"


def resolve(text: str, folder: Path) -> Path:
    """Resolve the path in a cell.

    Parameters
    ----------
    text : str
        Path, absolute or relative to ``folder``. If it does not exist as written, backslashes are read as
        separators on every operating system.
    folder : Path
        Folder of the table.

    Returns
    -------
    Path
        Absolute path.
    """
    path = _absolute(text, folder)
    if "\\" in text and not path.exists():
        return _absolute(PureWindowsPath(text).as_posix(), folder)
    return path


def absolute(path: str | Path) -> Path:
    """Make a path absolute but keep symbolic links, because a recording is named after its file.

    Parameters
    ----------
    path : str or Path
        Any path.

    Returns
    -------
    Path
        Absolute path.
    """
    return Path(os.path.abspath(path))  # noqa: PTH100


def _absolute(text: str, folder: Path) -> Path:
    path = Path(text).expanduser() if text.startswith("~/") else Path(text)
    return absolute(folder / path)


def missing_file(path: Path, row: int | None, column: str) -> Fault | None:
    """Check that a file exists.

    Parameters
    ----------
    path : Path
        Absolute path.
    row : int or None
        Row of the cell that names the file.
    column : str
        Column of this cell.

    Returns
    -------
    Fault or None
        None if the file exists. Otherwise the remedy names similar files in the same folder.
    """
    try:
        if path.exists():
            return None
        parent = next(parent for parent in path.parents if parent.is_dir())
        near = _near_files(path) if parent == path.parent else []
    except OSError as error:
        return Fault(f"{path} cannot be read ({error.strerror})", "request access to it", row, column)
    if near:
        return Fault(f"{path.name} is not in {parent}", f"did you mean {' or '.join(near)}?", row, column)
    if parent != path.parent:
        absent = path.relative_to(parent).parts[0]
        return Fault(
            f"{path} does not exist: {parent} has no folder {absent}", "correct the path", row, column
        )
    return Fault(f"{path.name} is not in {parent}", "correct the path or copy the file there", row, column)


def _near_files(path: Path) -> list[str]:
    """Find files with a similar name in the same folder. The extension alone does not count."""
    names = nearest(path.name, (other.name for other in path.parent.iterdir()), 3)
    return [name for name in names if nearest(path.stem, [Path(name).stem], cutoff=0.5)]


Label = Annotated[str, BeforeValidator(_label)]
Session = Annotated[str, BeforeValidator(_session)]
Whole = Annotated[int, BeforeValidator(whole_number)]
Positive = Annotated[int, BeforeValidator(_positive)]
OptionalFrame = Annotated[int | None, BeforeValidator(_optional_frame)]
OptionalRate = Annotated[float | None, BeforeValidator(_optional_rate)]
Name = Annotated[str, BeforeValidator(text_of), AfterValidator(check_name)]
