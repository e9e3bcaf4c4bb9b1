"""Errors of a training."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class TrainingError(UbamError):
    """A training cannot start or continue; the message is one sentence that says what to do."""


NO_MOVEMENT = "No recording has a whole window of movement; add longer recordings."
