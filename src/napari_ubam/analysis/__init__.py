"""Codes compared with a reference: numpy in, numpy or pandas out.

:func:`neighbours` searches, :func:`deviation` scores every frame against the reference subjects,
:func:`score_table` and :func:`subject_table` are its tables, :func:`episodes` finds the spans that stand out.
"""

from .calibration import Calibration
from .codes import Codes, DeviationError
from .deviation import DeviationResult, deviation, score_table
from .episodes import episodes
from .neighbours import Neighbours, neighbours
from .scores import Scores
from .subjects import (
    STATISTICS,
    mean_behaviour_deviation,
    mean_excess,
    mean_posture_deviation,
    share_over_line,
    subject_table,
)

__all__ = [
    "STATISTICS",
    "Calibration",
    "Codes",
    "DeviationError",
    "DeviationResult",
    "Neighbours",
    "Scores",
    "deviation",
    "episodes",
    "mean_behaviour_deviation",
    "mean_excess",
    "mean_posture_deviation",
    "neighbours",
    "score_table",
    "share_over_line",
    "subject_table",
]
