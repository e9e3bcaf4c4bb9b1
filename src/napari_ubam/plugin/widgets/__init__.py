"""Widgets that the panels are made of."""

from .empty import Empty
from .job_box import JobBox
from .reference_box import ReferenceBox
from .sections import button, explain, narrow, row, section, ticked

__all__ = ["Empty", "JobBox", "ReferenceBox", "button", "explain", "narrow", "row", "section", "ticked"]
