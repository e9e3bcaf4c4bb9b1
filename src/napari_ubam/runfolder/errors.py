"""What can go wrong with a run."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class RunError(UbamError):
    """A run cannot be used as asked; the message is one sentence that says what to do."""
