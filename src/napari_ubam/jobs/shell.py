"""A command as text that a user can paste into the shell."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable


def command_line(words: Iterable[str]) -> str:
    """Write a command as one line, quoted for the shell of this computer.

    Parameters
    ----------
    words : iterable of str
        Program and arguments.

    Returns
    -------
    str
        On Windows with double quotes, which both PowerShell and ``cmd`` read; elsewhere for a POSIX shell.
    """
    listed = list(words)
    return subprocess.list2cmdline(listed) if sys.platform == "win32" else shlex.join(listed)
