"""Recovery: how similar each subject is to its own baseline, session by session.

:func:`similarities` compares the windows of each subject with those of its own baseline. :func:`equivalence`
tests whether a group is equivalent to its baseline, with the subject as the unit. :func:`overlaps` is the
published way: a linear discriminant, learned without the subject that it is applied to. :data:`RECOVERY` is
the analysis of a run.
"""

from .analysis import RECOVERY, RecoveryParameters
from .curves import bands
from .discriminant import overlaps
from .equivalence import Equivalence, equivalence, own_margin, stretch_equivalence
from .sessions import session_order
from .similarity import Similarities, similarities
from .values import session_table
from .words import conclusions, methods_text

__all__ = [
    "RECOVERY",
    "Equivalence",
    "RecoveryParameters",
    "Similarities",
    "bands",
    "conclusions",
    "equivalence",
    "methods_text",
    "overlaps",
    "own_margin",
    "session_order",
    "session_table",
    "similarities",
    "stretch_equivalence",
]
