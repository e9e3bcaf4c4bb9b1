"""Parse and validate cells: texts, names and paths."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from napari_ubam.files import existing_form, exists

from .faults import Fault, refusal
from .numbers import asked_back, frame_rate, session_key, text_of, whole_number

_THOUSAND = re.compile(r"[1-9]\d{0,2}[.,]000")  # other sessions with a point stay text, such as 3.125
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
LONGEST_NAME = 100
_QUOTES = ('""', "''", "\u201c\u201d", "\u201e\u201c", "\u2018\u2019", "\u201a\u2018", "\u00ab\u00bb")


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
    text = _label(value)
    if isinstance(value, str) and _THOUSAND.fullmatch(text):
        raise asked_back(text)
    return session_key(text)


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


def spelling_key(text: str) -> str:
    """Normalise a text, to find two spellings of one word.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Texts with the same key differ only in case, spaces, invisible characters, the width of characters, or
        the form in which Unicode stores accents.
    """
    visible = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", visible.casefold()).split())


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
        Path, absolute or relative to ``folder``. If it does not exist as written, these are tried: without
        the quotes of "Copy as path" and invisible characters, with backslashes as separators, and with
        another Unicode form of its accents.
    folder : Path
        Folder of the table.

    Returns
    -------
    Path
        Absolute path. If no form exists, without quotes and with separators of this operating system.
    """
    path = _absolute(text, folder)
    if exists(path):
        return path
    path = _absolute(bare_path(text), folder)
    if "\\" in text and not exists(path):
        path = _absolute(PureWindowsPath(bare_path(text)).as_posix(), folder)
    return existing_form(path)


def bare_path(text: str) -> str:
    """Remove what comes along when a path is copied in Windows: quotes at both ends, invisible characters.

    Parameters
    ----------
    text : str
        Path in a cell.

    Returns
    -------
    str
        Path without them.
    """
    text = "".join(c for c in text if unicodedata.category(c) != "Cf").strip()
    return text[1:-1].strip() if len(text) > 2 and text[0] + text[-1] in _QUOTES else text


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
    if "+" in path.name and all((parent / part.strip()).is_file() for part in path.name.split("+")):
        return Fault(f"{path.name} names several files", _JOIN, row, column)
    if near:
        return Fault(f"{path.name} is not in {parent}", f"did you mean {' or '.join(near)}?", row, column)
    if parent != path.parent:
        absent = path.relative_to(parent).parts[0]
        return Fault(
            f"{path} does not exist: {parent} has no folder {absent}", "correct the path", row, column
        )
    return Fault(f"{path.name} is not in {parent}", "correct the path or copy the file there", row, column)


_JOIN = (
    "join them with 'ffmpeg -f concat -i LIST.txt -c copy OUT.mp4', where LIST.txt has a line 'file NAME' "
    "for each"
)


def _near_files(path: Path) -> list[str]:
    """Find files with a similar name in the same folder. The extension alone does not count."""
    names = nearest(path.name, (other.name for other in path.parent.iterdir()), 3)
    return [name for name in names if nearest(path.stem, [Path(name).stem], cutoff=0.5)]


Label = Annotated[str, BeforeValidator(_label)]
Session = Annotated[str, BeforeValidator(_session)]
Whole = Annotated[int, BeforeValidator(whole_number)]
Positive = Annotated[int, BeforeValidator(_positive)]
OptionalFrame = Annotated[int | None, BeforeValidator(_optional_frame)]
OptionalRate = Annotated[float | None, BeforeValidator(frame_rate)]
Name = Annotated[str, BeforeValidator(text_of), AfterValidator(check_name)]
