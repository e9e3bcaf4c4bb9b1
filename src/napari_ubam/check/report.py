"""Result of a check."""

from __future__ import annotations

from .facts import Findings
from .render import render_text


class CheckReport(Findings):
    """Result of a check. ``print(report)`` shows it, ``report.model_dump_json()`` converts it to JSON.

    Parameters
    ----------
    study : str
        Name of the study table.
    recordings : tuple of RecordingFacts
        All readable recordings.
    groups : tuple of GroupFacts
        Groups of these recordings.
    problems : tuple of Problem
        Errors first, then warnings, then notes.
    proposal : Proposal, optional
        Proposed settings. None if no video could be read.
    """

    def __str__(self) -> str:
        """Format the report as text. Lines are not wrapped."""
        return render_text(self)
