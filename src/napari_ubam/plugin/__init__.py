"""napari: readers, writers and panels, and functions for scripts that show a run's results in a viewer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_ubam.plugin.commands.show import show_magnified, show_recording, show_scores
    from napari_ubam.plugin.viewer.link import session_of

__all__ = ["session_of", "show_magnified", "show_recording", "show_scores"]


def __getattr__(name: str) -> object:
    """Load a function when it is first used: the reader must not wait for torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = ".viewer.link" if name == "session_of" else ".commands.show"
    value: object = getattr(import_module(room, __name__), name)
    return value
