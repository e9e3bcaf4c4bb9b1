"""What the crops room raises: one sentence that says what, where and what to do."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class CropError(UbamError):
    """Crops cannot be made, or are not held by the cache."""
