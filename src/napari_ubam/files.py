"""Files that are there in whole or not at all."""

from __future__ import annotations

import os
import time
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written, also when the computer stops.

    Parameters
    ----------
    path : Path
        File; its folder is made where it is missing.
    content : bytes
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _replace(draft: Path, path: Path) -> None:
    for _ in range(20):  # Windows refuses while another program reads the file
        try:
            draft.replace(path)
            return
        except PermissionError:
            time.sleep(0.1)
    draft.replace(path)
