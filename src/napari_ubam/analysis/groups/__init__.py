"""Groups, conditions and sessions compared, with the subject as the unit.

:func:`subject_values` makes one row for each subject from the scores of a study. :func:`compare_values`
tests such rows by permutation of subjects, or by sign flips within subjects. :data:`COMPARE` is the analysis
of a run.
"""

from .analysis import COMPARE, CompareParameters
from .comparison import Comparison, Settings, compare_values
from .measures import DEFAULT, MEASURES, Measure
from .mixed_model import mixed_model
from .values import session_values, subject_values
from .words import conclusions, methods_text

__all__ = [
    "COMPARE",
    "DEFAULT",
    "MEASURES",
    "CompareParameters",
    "Comparison",
    "Measure",
    "Settings",
    "compare_values",
    "conclusions",
    "methods_text",
    "mixed_model",
    "session_values",
    "subject_values",
]
