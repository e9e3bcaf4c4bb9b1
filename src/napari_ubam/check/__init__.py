"""The check of a study before anything is computed.

:func:`check_study` opens and samples every video and judges whether the study can answer a question:
whether everything decodes, there are enough subjects, and neither the camera nor the light tells the
groups apart.
"""

from .report import CheckReport, GroupFacts, Problem, Proposal, RecordingFacts, Severity
from .run import check_study

__all__ = [
    "CheckReport",
    "GroupFacts",
    "Problem",
    "Proposal",
    "RecordingFacts",
    "Severity",
    "check_study",
]
