"""A run with all analyses of its subjects: one method for each, in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass

from .classifying import ClassifyingRun
from .cluster_clips import ClusterClipsRun
from .comparing import ComparingRun
from .keypoints import KeypointRun
from .map_compare import MapComparingRun
from .recovery import RecoveryRun
from .stimulus import StimulusRun


@dataclass(frozen=True)
class AnalysedRun(
    ClassifyingRun,
    ClusterClipsRun,
    ComparingRun,
    KeypointRun,
    MapComparingRun,
    RecoveryRun,
    StimulusRun,
):
    """A run whose subjects, groups and sessions can be analysed.

    Parameters
    ----------
    folder : Path
        Made by `train`.
    """
