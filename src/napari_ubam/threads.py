"""How OpenMP's threads wait for each other, and how many there are.

OpenMP reads these variables once, when torch loads it. So they are set for new processes, and in the command
line before torch is imported. While a thread spins it keeps a core busy: beside one other busy program, a
training on two cores then slows down many times. A thread that sleeps leaves the core to the other program.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

WAITING = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}
"""Variables that let threads sleep: the first for GNU's OpenMP, both for LLVM's and Intel's."""

_WAITING_OF_USER = (*WAITING, "GOMP_SPINCOUNT", "KMP_LIBRARY")
_COUNT_OF_USER = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
_OWN = "NAPARI_UBAM_THREADS"  # names of the variables that we set, to tell them from the user's
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def thread_settings(environment: Mapping[str, str], processes: int = 1, spared: int = 0) -> dict[str, str]:
    """List the variables to add to the environment of a process that computes.

    Parameters
    ----------
    environment : mapping of str to str
        The environment as it is. What the user set there stays as it is.
    processes : int
        How many such processes share the cores.
    spared : int
        Cores to leave to other programs, such as the window that started the process.

    Returns
    -------
    dict of str to str
        Names and values.
    """
    own = environment.get(_OWN, "").split(",")
    of_user = {name for name in environment if name not in own}
    settings = {} if of_user.intersection(_WAITING_OF_USER) else dict(WAITING)
    # On a Mac, torch itself counts only the fast cores.
    counted = processes > 1 or spared > 0 or sys.platform != "darwin"
    if counted and not of_user.intersection(_COUNT_OF_USER):
        settings["OMP_NUM_THREADS"] = str(max((usable_cores() - spared) // processes, 1))
    return {**settings, _OWN: ",".join(settings)}


def set_threads() -> None:
    """Set the variables for this process and its children; call it before torch is imported."""
    os.environ.update(thread_settings(os.environ))


def usable_cores() -> int:
    """Count the physical cores that this process may keep busy.

    Returns
    -------
    int
        At least 1. A container's limit on processor time counts, too.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    allowed = len(affinity(0)) if affinity else os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or allowed
    return max(min(allowed, physical, _quota() or allowed), 1)


def _quota() -> int | None:
    """Count the cores that a Linux container may use on average; None without a limit."""
    try:
        limit, period = _QUOTA.read_text("ascii").split()
        return math.ceil(int(limit) / int(period))
    except (OSError, ValueError):  # no file, or the word "max"
        return None
