"""Figures as matplotlib objects. They need no window and do not use the global state of matplotlib.

:func:`timeline` shows percentiles and episodes of a recording. :func:`subjects_figure` compares the subjects
with the reference. :func:`groups_figure` shows every subject of the groups that were compared,
:func:`classify_figure` how they were classified, :func:`recovery_figure` subjects over sessions, and
:func:`stimulus_figure` curves around the onset of a stimulus. :func:`loss_curves` shows learning curves,
:func:`map_figure` a map of frames, :func:`neighbour_sheet` nearest neighbours, and :func:`sweep_sheet` one
frame at several magnification factors. :func:`save` writes any of them to a file.
"""

from .classify import classify_figure
from .contact import NeighbourRow, neighbour_sheet
from .groups import DARK_LOOK, LIGHT_LOOK, Look, groups_figure
from .losses import loss_curves
from .plane import map_figure
from .recovery import recovery_figure
from .saving import save
from .stimulus import stimulus_figure
from .subjects import subjects_figure
from .sweep import sweep_sheet
from .timeline import timeline

__all__ = [
    "DARK_LOOK",
    "LIGHT_LOOK",
    "Look",
    "NeighbourRow",
    "classify_figure",
    "groups_figure",
    "loss_curves",
    "map_figure",
    "neighbour_sheet",
    "recovery_figure",
    "save",
    "stimulus_figure",
    "subjects_figure",
    "sweep_sheet",
    "timeline",
]
