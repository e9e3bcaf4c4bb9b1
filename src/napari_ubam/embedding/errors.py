"""What the embedding room raises: one sentence that says what, where and what to do."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class EmbeddingError(UbamError):
    """Codes are not there, are of another model or video, or cannot be computed."""
