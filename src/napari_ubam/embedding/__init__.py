"""Posture and behaviour codes of recordings: computed in one pass over each video, and stored in the run."""

from __future__ import annotations

from .embed_progress import EmbedReport
from .encoder import Encoder, EncoderSource
from .errors import EmbeddingError
from .single_recording import embed_recording
from .store import Embeddings, EmbeddingStore
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
