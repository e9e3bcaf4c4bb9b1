"""The scores over a recording: an outline of its region in the colour of the percentile, and a text."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from napari_ubam.plugin.io.marks import mark
from napari_ubam.plugin.io.regions import region_of
from napari_ubam.plugin.io.result_layers import ScoreOverlay, score_overlay

from .navigation import Navigation
from .own_layers import add_own, remove_own
from .shader_reuse import reuse_shaders

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.viewer import Viewer

CAPTION = "#101018c0"
CAPTION_SHARE = 0.1  # of the region's height


class Overlay:
    """One Shapes layer with the score of the current frame.

    Parameters
    ----------
    viewer : napari.Viewer
    navigation : Navigation
        Tells which frame is shown.

    Attributes
    ----------
    removed : Signal
        Emits when the user deleted the layer; its scores are not shown again until `show_for` is called.
    """

    removed = Signal()

    def __init__(self, viewer: Viewer, navigation: Navigation) -> None:
        self._viewer, self._navigation = viewer, navigation
        self._layer: Shapes | None = None
        self._scores: ScoreOverlay | None = None
        self._name = ""
        self._shown: object = None
        navigation.moved.connect(self._update)
        navigation.layer_removed.connect(self._note_removed)

    def show_for(self, name: str, outdated: bool = False) -> None:
        """Show the scores of a recording.

        Parameters
        ----------
        name : str
            Name of the recording; an empty name removes the layer.
        outdated : bool
            Whether the scores no longer hold: they are shown grey, with the word "outdated".
        """
        results = self._navigation.session.results
        if (name, id(results), outdated) == self._shown and self._layer in self._viewer.layers:
            return
        self._remove()
        recording = self._navigation.session.find_recording(name) if name else None
        image = self._navigation.layer_of(recording) if recording is not None else None
        rows = results.of(name) if results is not None else pd.DataFrame()
        if recording is None or image is None or not len(rows):
            return
        height, width = image.data.shape[1:3]
        self._name, self._shown = name, (name, id(results), outdated)
        self._scores = score_overlay(rows, region_of(recording, height, width))
        if outdated:
            self._scores = self._scores.as_outdated()
        active = self._viewer.layers.selection.active
        reference = results.reference if results is not None else ""
        self._layer = add_score_layer(
            self._viewer, self._scores, name, rows, reference, video=recording.video
        )
        self._viewer.layers.selection.active = active
        self._update(name, self._navigation.current_frame(image))

    def end(self, _: object = None) -> None:
        """Stop following the slider. The layer stays, since the viewer may be closing."""
        self._navigation.moved.disconnect(self._update, missing_ok=True)
        self._navigation.layer_removed.disconnect(self._note_removed, missing_ok=True)
        self._layer = None

    def _note_removed(self, name: str, role: str) -> None:
        if role == "score" and self._layer is not None and self._layer not in self._viewer.layers:
            self._layer = self._scores = self._shown = None
            self.removed.emit()

    def _update(self, name: str, frame: int) -> None:
        if name != self._name or self._scores is None or self._layer is None:
            return
        if self._layer in self._viewer.layers:
            show_score(self._layer, self._scores, frame)

    def _remove(self) -> None:
        layer, self._layer, self._scores, self._shown = self._layer, None, None, None
        remove_own(self._viewer, layer)


def add_score_layer(
    viewer: Viewer,
    scores: ScoreOverlay,
    name: str,
    table: pd.DataFrame,
    reference: str,
    *,
    video: str | Path,
) -> Shapes:
    """Add the Shapes layer for the scores of a recording.

    Parameters
    ----------
    viewer : napari.Viewer
    scores : ScoreOverlay
        Outline, colours and texts.
    name : str
        Name of the recording.
    table : DataFrame
        Rows of ``scores.csv`` of the recording; they are kept in the layer's metadata for saving.
    reference : str
        Filter of the reference that they were scored against, also for the metadata.
    video : str or Path
        File of the recording.

    Returns
    -------
    Shapes
        The layer, without a score until `show_score` is called.
    """
    reuse_shaders()
    arguments = {
        "shape_type": "polygon",
        "name": f"{name}, deviation",
        "face_color": ["transparent", CAPTION],
        "edge_color": ["gray", "transparent"],
        "edge_width": 2,
        "features": pd.DataFrame({"score": ["", ""]}),
        "text": {"string": "{score}", "anchor": "center", "color": "white", "size": 10},
        "metadata": {"recording": name, "scores": table, "reference": reference},
    }
    outlines = [scores.corners, caption_of(scores.corners)]
    layer = add_own(viewer, (outlines, mark(arguments, name, video, "score"), "shapes"))
    return cast("Shapes", layer)


def caption_of(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Find the place of the text: a bar above the region, or at its upper edge if there is no room above.

    Parameters
    ----------
    corners : (4, 2) float array
        Corners of the region, ``(y, x)`` in pixels.

    Returns
    -------
    (4, 2) float array
        Corners of the bar, ``(y, x)`` in pixels.
    """
    (top, left), (bottom, right) = corners.min(0), corners.max(0)
    height = max(CAPTION_SHARE * (bottom - top), 6.0)
    upper = top - height if top - height >= -0.5 else top
    return np.array([[upper, left], [upper, right], [upper + height, right], [upper + height, left]])


def show_score(layer: Shapes, scores: ScoreOverlay, frame: int) -> None:
    """Show the score of a frame.

    Parameters
    ----------
    layer : Shapes
        From `add_score_layer`.
    scores : ScoreOverlay
    frame : int
        Frame number, from 0.
    """
    colour, text = scores.at(frame)
    is_recoloured = not np.allclose(layer.edge_color[0], colour, atol=0.002)
    if layer.features["score"].iloc[-1] != text:
        layer.features.at[layer.features.index[-1], "score"] = text  # a new table takes napari several ms
        with layer.text.events.blocker() if is_recoloured else nullcontext():
            layer.refresh_text()
    if is_recoloured:  # napari then draws the text, too
        with layer.events.edge_color.blocker(), layer.block_thumbnail_update():
            layer.edge_color = [colour, (0, 0, 0, 0)]
        layer.events.edge_color()
