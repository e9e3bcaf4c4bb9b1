"""Figures as matplotlib objects, made without a window and without matplotlib's global state.

:func:`timeline` shows a recording's percentiles and episodes, :func:`subjects_figure` the subjects against
the reference, :func:`loss_curves` a training, :func:`neighbour_sheet` nearest neighbours and
:func:`sweep_sheet` a frame at several factors; :func:`save` writes any of them.
"""

from .contact import NeighbourRow, neighbour_sheet
from .losses import loss_curves
from .plane import map_figure
from .saving import save
from .subjects import subjects_figure
from .sweep import sweep_sheet
from .timeline import timeline

__all__ = [
    "NeighbourRow",
    "loss_curves",
    "map_figure",
    "neighbour_sheet",
    "save",
    "subjects_figure",
    "sweep_sheet",
    "timeline",
]
