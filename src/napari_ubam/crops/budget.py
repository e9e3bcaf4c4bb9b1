"""How much room crops may take, and on how many cores they are made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from napari_ubam.progress import Cancel, check_cancelled

MOST = 8 * 2**30
"""Bytes that the crops of a study take at most unless told otherwise."""


def budget_of(folder: Path, held: int) -> int:
    """Find the bytes that crops may take: at most 8 GiB, and half of what is free or holds crops already.

    Parameters
    ----------
    folder : Path
        Where they are kept; it exists.
    held : int
        Bytes of crops that are there already, so that the budget stays the same while it is used up.
    """
    return min(MOST, (shutil.disk_usage(folder).free + held) // 2)


def default_workers() -> int:
    """Count the recordings to decode at the same time: each keeps rather more than one core busy."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return 2 if cores > 1 else 1


def cancelling(cancel: Cancel | None) -> Callable[[int, int], None]:
    """Progress callback of `open_video` that stops indexing where that was asked for."""

    def tick(done: int, total: int) -> None:
        check_cancelled(cancel)

    return tick


def megabytes(number: int) -> str:
    """Bytes in a unit that reads well."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"
