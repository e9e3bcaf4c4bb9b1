"""A rectangle that the user draws on a recording, as its region."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer

from napari_ubam.plugin.io.marks import mark, mark_of
from napari_ubam.plugin.io.regions import corners_of, roi_of
from napari_ubam.study import Recording, Roi

from .own_layers import add_own, remove_own

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.viewer import Viewer

SMALLEST = 8  # pixels of the screen
LOOK = {
    "ndim": 2,
    "shape_type": "rectangle",
    "face_color": "transparent",
    "edge_color": "#ffcc00",
    "edge_width": 2,
}


class RegionDrawing:
    """A Shapes layer on which the user draws, moves and resizes one rectangle.

    It belongs to a row of the study by the row's key, whatever happens to other rows.

    Parameters
    ----------
    viewer : napari.Viewer
    on_change : callable
        Called with the row's key and its new region after each change of the rectangle; the region is None
        if the rectangle was deleted.
    on_replace : callable
        Called when a second rectangle has replaced the first one.

    Attributes
    ----------
    key : int or None
        Key of the row; None while nothing is drawn.
    """

    def __init__(
        self, viewer: Viewer, on_change: Callable[[int, Roi | None], None], on_replace: Callable[[], None]
    ) -> None:
        self._viewer, self._on_change, self._on_replace = viewer, on_change, on_replace
        self._layer: Shapes | None = None
        self._size = (0, 0)
        self._roi: Roi | None = None
        self.key: int | None = None
        self._video = Path()

    def begin(self, key: int, recording: Recording) -> None:
        """Show the region of a row, and let the user draw.

        Parameters
        ----------
        key : int
            Key of the row, see `StudyDraft.key`.
        recording : Recording
            The recording of the row; its video must be the active layer.
        """
        self.end()
        image = self._viewer.layers.selection.active
        if image is None or image.ndim < 3:
            return
        self.key, self._video, roi = key, recording.video, recording.roi
        self._size, self._roi = image.data.shape[1:3], roi
        look = {**LOOK, "name": _title(recording.name)}
        arguments = mark(look, recording.name, recording.video, "region")
        self._layer = add_own(self._viewer, ([corners_of(roi)] if roi else None, arguments, "shapes"))
        self._viewer.layers.selection.active = self._layer
        self._layer.mode = "select" if roi is not None else "add_rectangle"
        self._layer.events.data.connect(self._update)

    def follow(self, recording: Recording) -> None:
        """Follow a change of the row: of its name, its video or its region.

        Parameters
        ----------
        recording : Recording
            The recording of the row. Another video than before, or no region where one was, ends the drawing.
        """
        layer, roi = self._layer, recording.roi
        if layer is None or layer not in self._viewer.layers:
            return
        if recording.video != self._video or (roi is None and self._roi is not None):
            self.end()
            return
        mark_of(layer)["recording"] = recording.name
        layer.name = _title(recording.name)
        if roi is not None and roi != self._roi:
            self._roi = roi
            with layer.events.data.blocker():
                layer.data = [corners_of(roi)]

    def end(self) -> None:
        """Remove the layer."""
        layer, self._layer, self.key = self._layer, None, None
        if layer is not None and layer in self._viewer.layers:
            layer.events.data.disconnect(self._update)
            remove_own(self._viewer, layer)

    def _update(self, _: object = None) -> None:
        layer = self._layer
        if layer is None or self.key is None:
            return
        regions = [self._fit(corners) for corners in layer.data]
        roi = next((one for one in reversed(regions) if one is not None), None)
        if regions and regions != [roi]:
            QTimer.singleShot(0, self._keep_newest)  # napari is not done with the new rectangle
        if roi == self._roi or (roi is None and regions):
            return
        self._roi = roi
        self._on_change(self.key, roi)

    def _fit(self, corners: Any) -> Roi | None:
        """Give the region of a rectangle; None for a small one, which a mere click leaves."""
        roi, layer = roi_of(corners[:, -2:], *self._size), self._layer
        if roi is None or layer is None:
            return None
        sides = np.multiply((roi.height, roi.width), layer.scale) * self._viewer.scene.camera.zoom
        return roi if min(sides) >= SMALLEST else None

    def _keep_newest(self) -> None:
        """Remove rectangles before the newest one, and those that are too small."""
        layer = self._layer
        if layer is None or layer not in self._viewer.layers:
            return
        fit = [number for number, one in enumerate(layer.data) if self._fit(one) is not None]
        others = set(range(len(layer.data))) - set(fit[-1:])
        if others:
            with layer.events.data.blocker(self._update):
                layer.selected_data = others
                layer.remove_selected()
        if not fit and self._roi is not None:
            with layer.events.data.blocker():
                layer.data = [corners_of(self._roi)]
        if len(fit) > 1:
            self._on_replace()


def _title(name: str) -> str:
    return f"region of {name}"
