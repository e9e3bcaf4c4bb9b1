"""Errors of the analysis."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class DeviationError(UbamError):
    """Codes, pictures or a reference that cannot be analysed."""
