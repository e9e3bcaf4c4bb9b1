"""The refusals of an export."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class ExportError(UbamError):
    """Results cannot be written in a format."""
