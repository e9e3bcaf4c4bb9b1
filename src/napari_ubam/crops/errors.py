"""Errors about crops: one sentence that says what, where and what to do."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class CropError(UbamError):
    """Crops cannot be computed, or are not in the cache."""
