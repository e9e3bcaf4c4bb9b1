"""The facade that scripts, commands and panels share: train, embed, score, magnify."""

from __future__ import annotations

from napari_ubam.magnification.export import export
from napari_ubam.magnification.magnification import Magnification, MagnificationWarning, MagnifiedFrames
from napari_ubam.runfolder.errors import RunError

from .explorer import Explorer
from .facade import Run
from .score_table import ScoreTable
from .training import train, train_magnifier

__all__ = [
    "Explorer",
    "Magnification",
    "MagnificationWarning",
    "MagnifiedFrames",
    "Run",
    "RunError",
    "ScoreTable",
    "export",
    "train",
    "train_magnifier",
]
