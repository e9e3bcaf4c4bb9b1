"""Statistics of codes and scores, with NumPy arrays and pandas tables.

:func:`deviation` scores every frame against the reference subjects. :func:`score_table`,
:func:`subject_table` and :func:`group_table` make tables of the scores, and :func:`episodes` finds the spans
with high deviation. :func:`neighbours` searches nearest neighbours.
"""

from .calibration import Calibration
from .codes import Codes
from .deviation import deviation
from .episodes import episodes
from .errors import DeviationError
from .neighbours import Neighbours, neighbours
from .scores import DeviationResult, Scores, score_table
from .subjects import (
    SIGNIFICANT,
    STATISTICS,
    group_table,
    mean_behaviour_deviation,
    mean_excess,
    mean_posture_deviation,
    share_over_line,
    subject_table,
)

__all__ = [
    "SIGNIFICANT",
    "STATISTICS",
    "Calibration",
    "Codes",
    "DeviationError",
    "DeviationResult",
    "Neighbours",
    "Scores",
    "deviation",
    "episodes",
    "group_table",
    "mean_behaviour_deviation",
    "mean_excess",
    "mean_posture_deviation",
    "neighbours",
    "score_table",
    "share_over_line",
    "subject_table",
]
