"""Atomic writing of files, and finding files whose names are spelled in another Unicode form."""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees the old file or the new one, even after a power failure.

    Parameters
    ----------
    path : Path
        File to write. Its folder is created if it does not exist.
    content : bytes
        New content of the file.

    Raises
    ------
    OSError
        If the file cannot be written. The error names ``path``.
    """
    with replace_atomic(path) as file:
        file.write(content)


@contextmanager
def replace_atomic(path: Path) -> Iterator[BinaryIO]:
    """Write a file in parts: a reader sees the old file, or the new one when it is complete.

    Parameters
    ----------
    path : Path
        File to write. Its folder is created if it does not exist.

    Yields
    ------
    binary file
        Opened for writing. If the block is left by an error, the old file stays.

    Raises
    ------
    OSError
        If the file cannot be written. The error names ``path``.
    """
    target = path.resolve() if path.is_symlink() else path
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        replace_file(temporary, target)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # the user does not know the temporary file
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replace_file(temporary: Path, path: Path) -> None:
    """Move a file to the place of another one.

    Parameters
    ----------
    temporary : Path
        The new file.
    path : Path
        The file that it replaces.
    """
    for _ in range(10):  # Windows refuses to replace a file that another program reads
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(0.1)
    temporary.replace(path)


def existing_form(path: Path) -> Path:
    """Find a file whose name is stored in another Unicode form than it is written.

    Parameters
    ----------
    path : Path
        Any path.

    Returns
    -------
    Path
        The path if it exists, else an existing one with the same letters, else the path.
    """
    if str(path).isascii() or exists(path):
        return path
    found = Path(path.anchor)
    for part in path.parts[bool(path.anchor) :]:
        step = found / part
        if not part.isascii() and not exists(step):
            key = unicodedata.normalize("NFC", part)
            step = next(
                (one for one in _children(found) if unicodedata.normalize("NFC", one.name) == key), step
            )
        found = step
    return found if exists(found) else path


def exists(path: Path) -> bool:
    """Check whether a file exists. A path that cannot be looked up does not.

    Parameters
    ----------
    path : Path
        Any path.

    Returns
    -------
    bool
        True if it exists.
    """
    try:
        return path.exists()
    except OSError:  # no permission, or a name that no file can have
        return False


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
