"""Atomic writing of files."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path


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
    target = path.resolve() if path.is_symlink() else path
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, target)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # the user does not know the temporary file
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> None:
    for _ in range(10):  # Windows refuses to replace a file that another program reads
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(0.1)
    temporary.replace(path)
