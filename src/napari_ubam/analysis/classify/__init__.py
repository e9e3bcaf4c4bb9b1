"""Group of a subject from the codes of its windows, by classifiers that never saw the subject.

:func:`classify_subjects` takes codes and the group of each subject. :func:`carried_decision` lists the
windows that spoke most for the group. :data:`CLASSIFY` is the analysis of a run.
"""

from .analysis import CLASSIFY, ClassifyParameters
from .carried import carried_decision
from .classifier import Classified, Settings, classify_subjects
from .words import conclusions, methods_text

__all__ = [
    "CLASSIFY",
    "Classified",
    "ClassifyParameters",
    "Settings",
    "carried_decision",
    "classify_subjects",
    "conclusions",
    "methods_text",
]
