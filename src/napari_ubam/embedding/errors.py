"""What the embedding room raises: one sentence that says what, where and what to do."""

from __future__ import annotations


class EmbeddingError(ValueError):
    """Codes are not there, are of another model or video, or cannot be computed."""
