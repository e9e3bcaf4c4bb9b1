"""Errors of backbones."""

from __future__ import annotations

from napari_ubam.errors import UbamError


class BackboneError(UbamError):
    """A backbone cannot be used; the message is one sentence that says what to do."""
