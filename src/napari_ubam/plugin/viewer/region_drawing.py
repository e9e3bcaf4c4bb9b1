"""A rectangle that the user draws on a recording, as its region."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_ubam.plugin.io.regions import corners_of, roi_of
from napari_ubam.study import Roi

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.viewer import Viewer


class RegionDrawing:
    """A Shapes layer on which the user draws, moves and resizes one rectangle.

    Parameters
    ----------
    viewer : napari.Viewer
    on_change : callable
        Called with the row's number after each change of the rectangle.

    Attributes
    ----------
    roi : Roi or None
        The rectangle as it is now.
    """

    def __init__(self, viewer: Viewer, on_change: Callable[[int], None]) -> None:
        self._viewer, self._on_change = viewer, on_change
        self._layer: Shapes | None = None
        self._number, self._size = 0, (0, 0)
        self.roi: Roi | None = None

    def begin(self, name: str, number: int, roi: Roi | None) -> None:
        """Show the region of a row, and let the user draw.

        Parameters
        ----------
        name : str
            Name of the recording, which must be the active layer.
        number : int
            The recording's row in the study, from 0.
        roi : Roi or None
            The row's region before.
        """
        self.end()
        image = self._viewer.layers.selection.active
        if image is None or image.ndim < 3:
            return
        self._number, self._size, self.roi = number, image.data.shape[1:3], roi
        self._layer = self._viewer.add_shapes(
            [corners_of(roi)] if roi is not None else None,
            ndim=2,
            shape_type="rectangle",
            name=f"region of {name}",
            face_color="transparent",
            edge_color="#ffcc00",
            edge_width=2,
        )
        self._layer.mode = "select" if roi is not None else "add_rectangle"
        self._layer.events.data.connect(self._update)

    def end(self) -> None:
        """Remove the layer."""
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            layer.events.data.disconnect(self._update)
            self._viewer.layers.remove(layer)

    def _update(self, _: object = None) -> None:
        layer = self._layer
        if layer is None or not len(layer.data):
            return
        roi = roi_of(layer.data[-1][:, -2:], *self._size)
        if roi is None or roi == self.roi:
            return
        self.roi = roi
        self._on_change(self._number)
