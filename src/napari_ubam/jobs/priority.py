"""A process that lets others go first."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

NICER = 10  # by which a process that gives way is nicer than the one that started it
NICEST = 19


def give_way(pid: int) -> None:
    """Lower the priority of a process that has just been started.

    What the system does not allow is left as it is.

    Parameters
    ----------
    pid : int
        Number of the process. Threads that it has already started keep their priority.
    """
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
            return
        _leave_real_time(pid)
        process.nice(min(process.nice() + NICER, NICEST))
        _make_session_nicer(pid)


def _leave_real_time(pid: int) -> None:
    """Schedule a child of a real-time program like others, since niceness means nothing in real time."""
    if sys.platform == "linux" and os.sched_getscheduler(pid) in (os.SCHED_FIFO, os.SCHED_RR):
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


def _make_session_nicer(pid: int) -> None:
    """Make the whole session nicer, where Linux compares sessions first and processes only inside of one."""
    with suppress(OSError):  # another system, or sessions are not compared
        Path(f"/proc/{pid}/autogroup").write_text(str(NICER), "ascii")
