"""The facade that scripts, commands and panels share: train, embed, score, magnify."""

from __future__ import annotations

from .errors import RunError
from .exploring import Explorer
from .exporting import export
from .facade import Run
from .learning import train
from .magnification import Magnification, MagnificationWarning
from .magnifying import train_magnifier

__all__ = [
    "Explorer",
    "Magnification",
    "MagnificationWarning",
    "Run",
    "RunError",
    "export",
    "train",
    "train_magnifier",
]
