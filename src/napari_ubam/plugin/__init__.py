"""napari: the reader, and functions for scripts that show a run's results in a viewer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .show import show_magnified, show_recording, show_scores

__all__ = ["show_magnified", "show_recording", "show_scores"]


def __getattr__(name: str) -> object:
    """Load a function when it is first used: the reader must not wait for torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(".show", __name__), name)
    return value
