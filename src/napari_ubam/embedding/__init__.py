"""Codes of recordings: computed by a model in one pass over each video, and kept in the run's folder."""

from __future__ import annotations

from .encoder import Encoder, EncoderSource
from .errors import EmbeddingError
from .single_recording import embed_recording
from .store import Embeddings, EmbeddingStore
from .tally import EmbedReport
from .whole_study import embed
from .writer import EmbeddingWriter

__all__ = [
    "EmbedReport",
    "EmbeddingError",
    "EmbeddingStore",
    "EmbeddingWriter",
    "Embeddings",
    "Encoder",
    "EncoderSource",
    "embed",
    "embed_recording",
]
