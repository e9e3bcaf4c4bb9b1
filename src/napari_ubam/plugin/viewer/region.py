"""A rectangle on the canvas as the region of a recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from napari_ubam.study import Roi

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.viewer import Viewer


def roi_of(corners: ArrayLike, height: int, width: int) -> Roi | None:
    """Region of a rectangle that was drawn.

    Parameters
    ----------
    corners : (n, 2) array-like
        ``(y, x)``, as napari counts: pixel 0 reaches from -0.5 to 0.5.
    height, width : int
        Of the picture; what lies outside is cut off.

    Returns
    -------
    Roi or None
        None where less than two pixels are left.
    """
    points = np.asarray(corners, float) + 0.5
    (top, left), (bottom, right) = points.min(0).round(), points.max(0).round()
    top, left = max(top, 0), max(left, 0)
    bottom, right = min(bottom, height), min(right, width)
    if bottom - top < 2 or right - left < 2:
        return None
    return Roi(x=int(left), y=int(top), width=int(right - left), height=int(bottom - top))


def corners_of(roi: Roi) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Corners (4, 2) of a region, ``(y, x)``, on the edges of its pixels."""
    top, left, bottom, right = roi.y - 0.5, roi.x - 0.5, roi.y + roi.height - 0.5, roi.x + roi.width - 0.5
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])


class RegionDrawing:
    """A Shapes layer on which one rectangle is drawn, moved and resized.

    Parameters
    ----------
    viewer : napari.Viewer
    drawn : callable
        Called with the row's number whenever the rectangle changed; `roi` holds it.
    """

    def __init__(self, viewer: Viewer, drawn: Callable[[int], None]) -> None:
        self._viewer, self._drawn = viewer, drawn
        self._layer: Shapes | None = None
        self._number, self._size = 0, (0, 0)
        self.roi: Roi | None = None

    def begin(self, name: str, number: int, roi: Roi | None) -> None:
        """Show the region of a row, and let the user draw."""
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
        self._layer.events.data.connect(self._changed)

    def end(self) -> None:
        """Take the layer away."""
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            layer.events.data.disconnect(self._changed)
            self._viewer.layers.remove(layer)

    def _changed(self, _: object = None) -> None:
        layer = self._layer
        if layer is None or not len(layer.data):
            return
        roi = roi_of(layer.data[-1][:, -2:], *self._size)
        if roi is None or roi == self.roi:
            return
        self.roi = roi
        self._drawn(self._number)
