"""The scores drawn over a recording: a frame around its region, coloured by the percentile, and the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.plugin.io.result_layers import ScoreOverlay, score_overlay
from napari_ubam.study import Recording, Roi

if TYPE_CHECKING:
    from napari.layers import Image, Shapes
    from napari.viewer import Viewer

    from .link import ViewerLink

CAPTION = "#101018c0"
CAPTION_SHARE = 0.1  # of the region's height


class Overlay:
    """Keeps one Shapes layer with the score of the frame that is shown.

    Parameters
    ----------
    viewer : napari.Viewer
    link : ViewerLink
    """

    def __init__(self, viewer: Viewer, link: ViewerLink) -> None:
        self._viewer, self._link = viewer, link
        self._layer: Shapes | None = None
        self._scores: ScoreOverlay | None = None
        self._name = ""
        self._shown: object = None
        link.moved.connect(self._moved)

    def show_for(self, name: str) -> None:
        """Draw the scores of a recording; an empty name draws none."""
        results = self._link.session.results
        if (name, id(results)) == self._shown and self._layer in self._viewer.layers:
            return
        self._remove()
        recording = self._link.session.find_recording(name) if name else None
        image = self._link.layer_of(recording) if recording is not None else None
        rows = results.of(name) if results is not None else pd.DataFrame()
        if recording is None or image is None or not len(rows):
            return
        height, width = image.data.shape[1:3]
        self._name, self._shown = name, (name, id(results))
        self._scores = score_overlay(rows, region_of(recording, height, width))
        active = self._viewer.layers.selection.active
        self._layer = add_frame(self._viewer, self._scores, name, rows)
        self._viewer.layers.selection.active = active
        self._moved(name, self._link.current_frame(image))

    def end(self, _: object = None) -> None:
        """Take the layer away, and follow no more; safe while the viewer closes."""
        self._link.moved.disconnect(self._moved, missing_ok=True)
        self._layer = None

    def _moved(self, name: str, frame: int) -> None:
        if name != self._name or self._scores is None or self._layer is None:
            return
        if self._layer in self._viewer.layers:
            paint(self._layer, self._scores, frame)

    def _remove(self) -> None:
        layer, self._layer, self._scores, self._shown = self._layer, None, None, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)


def add_frame(viewer: Viewer, scores: ScoreOverlay, name: str, table: pd.DataFrame) -> Shapes:
    """Add the Shapes layer that shows a recording's scores; its metadata holds their table."""
    return viewer.add_shapes(
        [scores.corners, caption_of(scores.corners)],
        shape_type="polygon",
        name=f"{name}, deviation",
        face_color=["transparent", CAPTION],
        edge_color=["gray", "transparent"],
        edge_width=2,
        features=pd.DataFrame({"score": ["", ""]}),
        text={"string": "{score}", "anchor": "center", "color": "white", "size": 10},
        metadata={"recording": name, "scores": table},
    )


def caption_of(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Corners (4, 2) of a bar over a region, in it where there is no room above."""
    (top, left), (bottom, right) = corners.min(0), corners.max(0)
    height = max(CAPTION_SHARE * (bottom - top), 6.0)
    upper = top - height if top - height >= -0.5 else top
    return np.array([[upper, left], [upper, right], [upper + height, right], [upper + height, left]])


def paint(layer: Shapes, scores: ScoreOverlay, frame: int) -> None:
    """Show the score of a frame."""
    colour, text = scores.at(frame)
    layer.edge_color = [colour, (0, 0, 0, 0)]
    layer.features = pd.DataFrame({"score": ["", text]})


def region_of(recording: Recording, height: int, width: int) -> Roi:
    """Region that is outlined: the middle one where a track moves it."""
    if recording.roi is not None:
        return recording.roi
    if recording.track is not None:
        x, y, w, h = np.rint(np.median(recording.track.boxes, axis=0)).astype(int).tolist()
        return Roi(x=max(x, 0), y=max(y, 0), width=w, height=h)
    return Roi(x=0, y=0, width=width, height=height)


def image_frame(viewer: Viewer, image: Image) -> int:
    """Frame of a layer that the viewer's slider stands on."""
    return int(np.rint(image.world_to_data(viewer.dims.point)[0]))
