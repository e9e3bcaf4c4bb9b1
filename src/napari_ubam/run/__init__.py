"""The facade that scripts, commands and panels share: train, embed, score, magnify."""

from __future__ import annotations

from .errors import RunError
from .facade import Run
from .learning import train
from .magnification import Magnification, MagnificationWarning
from .magnifying import train_magnifier

__all__ = ["Magnification", "MagnificationWarning", "Run", "RunError", "train", "train_magnifier"]
