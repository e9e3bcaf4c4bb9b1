"""The command line.

Exit codes: 0 when done, 1 for an input that is refused, 2 for a mistyped command, 130 when cancelled.
"""

from . import commands as _commands  # noqa: F401  registers them
from .app import app, main

__all__ = ["app", "main"]
