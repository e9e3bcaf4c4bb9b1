"""The box of a track over its video, which follows the frame that is shown and can be corrected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QTimer

from napari_ubam.plugin.io.marks import mark
from napari_ubam.plugin.io.track_boxes import place_of, shape_of
from napari_ubam.study import Recording
from napari_ubam.tracking.stored import StoredTrack

from .navigation import image_frame
from .own_layers import add_own, remove_own

if TYPE_CHECKING:
    from napari.layers import Image, Shapes
    from napari.viewer import Viewer

LOOK = {"ndim": 2, "shape_type": "polygon", "face_color": "transparent", "edge_width": 2}
SMALLEST = 3  # pixels; smaller shapes are left by a mere click
Change = Callable[[int, tuple[float, float], float | None], None]


class TrackDrawing:
    """A Shapes layer with the box of the frame that is shown.

    Parameters
    ----------
    viewer : napari.Viewer
    on_change : callable
        Called with frame, middle and heading after the user has moved or turned the box.

    Attributes
    ----------
    name : str
        Name of the recording; empty while no track is shown.
    frame : int
        Number of the frame that is shown.
    """

    def __init__(self, viewer: Viewer, on_change: Change) -> None:
        self._viewer, self._on_change = viewer, on_change
        self._layer: Shapes | None = None
        self._stored: StoredTrack | None = None
        self._image: Image | None = None
        self._turned, self.frame, self.name = False, -1, ""

    @property
    def is_shown(self) -> bool:
        """Whether the layer is there; the user can delete it."""
        return self._layer is not None and self._layer in self._viewer.layers

    def begin(self, recording: Recording, stored: StoredTrack, image: Image, *, turned: bool) -> None:
        """Show the track of a recording.

        Parameters
        ----------
        recording : Recording
        stored : StoredTrack
        image : napari.layers.Image
            The layer with its video.
        turned : bool
            Whether boxes turn with the heading.
        """
        self.end()
        self.name, self._turned, self._image = recording.name, turned, image
        arguments = mark({**LOOK, "name": f"track of {self.name}"}, self.name, recording.video, "region")
        self._layer = add_own(self._viewer, (None, arguments, "shapes"))
        self._viewer.layers.selection.active = self._layer
        self._layer.mode = "select"
        self._layer.events.data.connect(self._update)
        self._viewer.dims.events.current_step.connect(self._follow)
        self.show(stored)

    def show(self, stored: StoredTrack) -> None:
        """Show the box of the current frame.

        Parameters
        ----------
        stored : StoredTrack
            The track, which may have been corrected.
        """
        layer, image = self._layer, self._image
        if layer is None or image is None or not self.is_shown or image not in self._viewer.layers:
            return
        self._stored, self.frame = stored, image_frame(self._viewer, image)
        made = shape_of(stored, self.frame, turned=self._turned)
        with layer.events.data.blocker(self._update):
            layer.data = []
            if made is not None:
                layer.add_polygons([made[0]], edge_color=made[1], face_color="transparent", edge_width=2)
            layer.mode = "add_rectangle" if made is None else "select"
            layer.selected_data = set() if made is None else {0}

    def _follow(self, _: object = None) -> None:
        if self._stored is not None:
            self.show(self._stored)

    def end(self) -> None:
        """Remove the layer."""
        self._viewer.dims.events.current_step.disconnect(self._follow)
        layer, self._layer, self.name = self._layer, None, ""
        if layer is not None and layer in self._viewer.layers:
            layer.events.data.disconnect(self._update)
            remove_own(self._viewer, layer)

    def _update(self, event: object = None) -> None:
        layer, stored = self._layer, self._stored
        if layer is None or stored is None or not self.is_shown or not len(layer.data):
            return
        if str(getattr(event, "action", "")) in ("adding", "changing", "removing"):
            return
        corners, frame = np.asarray(layer.data[-1])[:, -2:], self.frame
        made = shape_of(stored, frame, turned=self._turned)
        if made is not None and corners.shape == made[0].shape and abs(corners - made[0]).max() < 0.05:
            return
        if len(corners) in (4, 5) and np.ptp(corners, axis=0).min() >= SMALLEST:
            # napari is not done with the shape
            QTimer.singleShot(0, lambda: self._on_change(frame, *place_of(corners)))
