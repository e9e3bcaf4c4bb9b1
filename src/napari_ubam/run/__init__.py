"""The facade that scripts, commands and panels share: train, embed, score."""

from __future__ import annotations

from .errors import RunError
from .facade import Run
from .learning import train

__all__ = ["Run", "RunError", "train"]
