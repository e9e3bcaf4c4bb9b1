"""Disk space for crops, and number of parallel workers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from napari_ubam.progress import Cancel, check_cancelled

MAX_BYTES = 8 * 2**30
"""Default limit for the crops of a study, in bytes."""


def budget_of(folder: Path, held: int) -> int:
    """Compute the default disk space for crops.

    Parameters
    ----------
    folder : Path
        Existing folder of the crops.
    held : int
        Bytes of existing crops. They count as free space, so the budget does not shrink while it is used.

    Returns
    -------
    int
        Bytes: half of the free space, but at most 8 GiB.
    """
    return min(MAX_BYTES, (shutil.disk_usage(folder).free + held) // 2)


def default_workers() -> int:
    """Choose how many recordings to decode in parallel. Each one uses slightly more than one core.

    Returns
    -------
    int
        2, or 1 on a single core.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return 2 if cores > 1 else 1


def cancel_indexing(cancel: Cancel | None) -> Callable[[int, int], None]:
    """Create a progress callback for `open_video` that cancels indexing.

    Parameters
    ----------
    cancel : Cancel or None
        Flag to check.

    Returns
    -------
    callable
        Function that raises `Cancelled` if the flag is set.
    """

    def tick(done: int, total: int) -> None:
        check_cancelled(cancel)

    return tick


def megabytes(number: int) -> str:
    """Format a number of bytes.

    Parameters
    ----------
    number : int
        Bytes.

    Returns
    -------
    str
        Text such as ``1.5 GB`` or ``20.0 MB``.
    """
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"
