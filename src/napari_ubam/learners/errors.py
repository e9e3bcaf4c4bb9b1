"""What can go wrong in training."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class TrainingError(UbamError):
    """Training cannot begin or go on; the message is one sentence that says what to do."""
