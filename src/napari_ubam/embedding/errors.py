"""Error of the embedding room."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class EmbeddingError(UbamError):
    """Codes are missing, belong to another model or video, or cannot be computed."""
