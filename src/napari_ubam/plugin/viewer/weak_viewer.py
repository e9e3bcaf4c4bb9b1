"""A viewer that is not kept alive by what refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from napari.viewer import Viewer


class WeakViewer:
    """Gives a viewer when called, without keeping a closed one alive.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Viewer) -> None:
        self._ref = ref(viewer)

    def alive(self) -> Viewer | None:
        """Give the viewer, or None if it was closed."""
        return self._ref()

    def __call__(self) -> Viewer:
        """Give the viewer."""
        viewer = self._ref()
        if viewer is None:
            raise RuntimeError("the viewer was closed")
        return viewer
