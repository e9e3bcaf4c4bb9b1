"""Check a study before any computation.

:func:`check_study` opens every video and decodes a sample of its frames. It checks that the videos are
readable, that there are enough subjects, and that camera and light do not differ between the groups.
"""

from .facts import GroupFacts, Problem, Proposal, RecordingFacts, Severity
from .report import CheckReport
from .study_check import check_study

__all__ = [
    "CheckReport",
    "GroupFacts",
    "Problem",
    "Proposal",
    "RecordingFacts",
    "Severity",
    "check_study",
]
