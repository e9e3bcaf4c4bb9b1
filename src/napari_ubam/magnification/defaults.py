"""Default settings of a magnification, for the command, the panel and scripts alike."""

from __future__ import annotations

FACTOR = 2.0
"""Magnification factor: the deviation twice as large."""

SMOOTHING_MS = 25.0
"""Milliseconds (standard deviation) over which the change towards the reference is smoothed in time."""
