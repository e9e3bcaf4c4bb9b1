"""The command line.

Exit codes: 0 when done, 1 for an input that is refused, 2 for a mistyped command, 130 when cancelled.
"""

from . import analysing as _analysing  # noqa: F401  registers its command
from . import commands as _commands  # noqa: F401
from . import exploring as _exploring  # noqa: F401
from .app import app, main

__all__ = ["app", "main"]
