"""Files that are there in whole or not at all."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written, also when the computer stops.

    Parameters
    ----------
    path : Path
        File; its folder is made where it is missing.
    content : bytes

    Raises
    ------
    OSError
        If it cannot be written; it names ``path``.
    """
    target = path.resolve() if path.is_symlink() else path
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(draft, target)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # nobody knows the draft
        raise
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _replace(draft: Path, path: Path) -> None:
    for _ in range(10):  # Windows refuses while another program reads the file
        try:
            draft.replace(path)
            return
        except PermissionError:
            time.sleep(0.1)
    draft.replace(path)
