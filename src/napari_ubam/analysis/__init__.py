"""Statistics of codes and scores, with NumPy arrays and pandas tables.

:func:`deviation` scores every frame against the reference subjects. :func:`score_table`,
:func:`subject_table` and :func:`group_table` make tables of the scores, and :func:`episodes` finds the spans
with high deviation. :func:`neighbours` searches nearest neighbours. An :class:`Analysis` is a whole analysis
of a run; :func:`register_analysis` makes it known to commands, reports and panels.
"""

from .analysis import Analysis, AnalysisError, AnalysisInputs, AnalysisParameters
from .calibration import Calibration
from .codes import Codes
from .deviation import deviation
from .episodes import episodes
from .errors import DeviationError
from .neighbours import Neighbours, neighbours
from .registry import analyses, find_analysis, register_analysis
from .scores import DeviationResult, Scores, score_table
from .subjects import (
    SIGNIFICANT,
    STATISTICS,
    episodic_excess,
    group_table,
    mean_behaviour_deviation,
    mean_constant,
    mean_excess,
    mean_posture_deviation,
    share_over_line,
    subject_table,
)
from .window_grid import WindowSize
from .within_subject import deviation_within_subjects

__all__ = [
    "SIGNIFICANT",
    "STATISTICS",
    "Analysis",
    "AnalysisError",
    "AnalysisInputs",
    "AnalysisParameters",
    "Calibration",
    "Codes",
    "DeviationError",
    "DeviationResult",
    "Neighbours",
    "Scores",
    "WindowSize",
    "analyses",
    "deviation",
    "deviation_within_subjects",
    "episodes",
    "episodic_excess",
    "find_analysis",
    "group_table",
    "mean_behaviour_deviation",
    "mean_constant",
    "mean_excess",
    "mean_posture_deviation",
    "neighbours",
    "register_analysis",
    "score_table",
    "share_over_line",
    "subject_table",
]
