"""What can go wrong in training."""

from __future__ import annotations


class TrainingError(ValueError):
    """Training cannot begin or go on; the message is one sentence that says what to do."""
