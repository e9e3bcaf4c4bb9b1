"""The scores over a recording: an outline of its region in the colour of the percentile, and a text."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from napari_ubam.plugin.io.marks import mark
from napari_ubam.plugin.io.regions import region_of
from napari_ubam.plugin.io.result_layers import ScoreOverlay, score_overlay

from .navigation import Navigation
from .own_layers import add_own, give_to, remove_own
from .shader_reuse import reuse_shaders

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.viewer import Viewer

    from napari_ubam.plugin.state.contents import Results

CAPTION = "#101018c0"
CAPTION_SHARE = 0.1  # of the region's height


class Overlay:
    """One Shapes layer with the score of the current frame.

    It goes with the user from recording to recording, and is hidden rather than removed, since napari needs
    up to a second to remove a layer.

    Parameters
    ----------
    viewer : napari.Viewer
    navigation : Navigation
        Tells which frame is shown.

    Attributes
    ----------
    toggled : Signal
        Emits whether the scores are wanted when the user shows or hides the layer by its eye, or deletes it.
    """

    toggled = Signal(bool)

    def __init__(self, viewer: Viewer, navigation: Navigation) -> None:
        self._viewer, self._navigation = viewer, navigation
        self._layer: Shapes | None = None
        self._scores: ScoreOverlay | None = None
        self._results: Results | None = None  # to which the scores belong
        self._name, self._outdated = "", False
        navigation.moved.connect(self._update)
        navigation.layer_removed.connect(self._note_removed)
        navigation.shown.toggled.connect(self._note_toggled)

    def show_for(self, name: str, outdated: bool = False, wanted: bool = True) -> None:
        """Show the scores of a recording.

        Parameters
        ----------
        name : str
            Name of the recording; empty if none is shown.
        outdated : bool
            Whether the scores no longer hold: they are shown grey, with the word "outdated".
        wanted : bool
            Whether the scores are seen. A hidden layer has those of the recording, too.
        """
        results = self._navigation.session.results
        layer, is_same = self._living_layer(), (name, outdated) == (self._name, self._outdated)
        if layer is None or not is_same or results is not self._results:
            layer = self._make(name, results, outdated, layer, wanted)
        if layer is not None and self._navigation.shown.want(layer, wanted):
            self._show_now()
            self._navigation.shown.changed()

    def end(self, _: object = None) -> None:
        """Stop following the slider. The layer stays, since the viewer may be closing."""
        self._navigation.moved.disconnect(self._update, missing_ok=True)
        self._navigation.layer_removed.disconnect(self._note_removed, missing_ok=True)
        self._navigation.shown.toggled.disconnect(self._note_toggled, missing_ok=True)
        self._layer = None

    def _make(
        self, name: str, results: Results | None, outdated: bool, layer: Shapes | None, wanted: bool
    ) -> Shapes | None:
        """Give the layer, old or new, the scores of a recording; None if there is nothing to show."""
        recording = self._navigation.session.find_recording(name) if name else None
        image = self._navigation.layer_of(recording) if recording is not None else None
        rows = results.of(name) if results is not None else pd.DataFrame()
        if results is None or recording is None or image is None or not len(rows):
            self._remove_if_stale(results)
            return None
        if layer is None and not wanted:
            return None
        scores = score_overlay(rows, region_of(recording, *image.data.shape[1:3]))
        self._scores = scores.as_outdated() if outdated else scores
        facts = _facts(name, rows, results.reference, recording.video)
        active = self._viewer.layers.selection.active
        if layer is None:
            layer = _add_score_layer(self._viewer, self._scores, facts)
        else:
            outlines = _outlines(self._scores)
            same = all(map(np.array_equal, layer.data, outlines))
            give_to(self._viewer, layer, name, None if same else outlines, facts["name"], facts["metadata"])
        self._viewer.layers.selection.active = active
        self._layer, self._results, self._name, self._outdated = layer, results, name, outdated
        self._show_now()
        return layer

    def _living_layer(self) -> Shapes | None:
        return self._layer if self._layer is not None and self._layer in self._viewer.layers else None

    def _remove_if_stale(self, results: Results | None) -> None:
        """Remove the layer of another recording if its scores are gone; else it is hidden with its video."""
        if self._results is not results:
            layer, self._layer = self._layer, None
            remove_own(self._viewer, layer)

    def _note_removed(self, name: str, role: str) -> None:
        if role == "score" and self._layer is not None and self._layer not in self._viewer.layers:
            self._layer = None
            self.toggled.emit(False)

    def _note_toggled(self, layer: object) -> None:
        if layer is self._layer and layer is not None:
            self._show_now()
            self.toggled.emit(self._navigation.shown.is_wanted(self._layer))

    def _show_now(self) -> None:
        """Show the score of the frame that the slider is at."""
        recording = self._navigation.session.find_recording(self._name)
        image = self._navigation.layer_of(recording) if recording is not None else None
        if image is not None:
            self._update(self._name, self._navigation.current_frame(image))

    def _update(self, name: str, frame: int) -> None:
        """Show the score of a frame; a hidden layer costs nothing."""
        layer = self._layer
        if name != self._name or self._scores is None or layer is None or not layer.visible:
            return
        if layer in self._viewer.layers:
            show_score(layer, self._scores, frame)


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
    return _add_score_layer(viewer, scores, _facts(name, table, reference, video))


def _facts(name: str, table: pd.DataFrame, reference: str, video: str | Path) -> dict[str, Any]:
    """Name and metadata of the layer for a recording."""
    arguments = {
        "name": f"{name}, deviation",
        "metadata": {"recording": name, "scores": table, "reference": reference},
    }
    return mark(arguments, name, video, "score")


def _outlines(scores: ScoreOverlay) -> list[npt.NDArray[np.float64]]:
    return [scores.corners, caption_of(scores.corners)]


def _add_score_layer(viewer: Viewer, scores: ScoreOverlay, facts: dict[str, Any]) -> Shapes:
    reuse_shaders()
    look = {
        "shape_type": "polygon",
        "face_color": ["transparent", CAPTION],
        "edge_color": ["gray", "transparent"],
        "edge_width": 2,
        "features": pd.DataFrame({"score": ["", ""]}),
        "text": {"string": "{score}", "anchor": "center", "color": "white", "size": 10},
    }
    return cast("Shapes", add_own(viewer, (_outlines(scores), {**look, **facts}, "shapes")))


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
    is_recoloured = np.abs(layer.edge_color[0] - colour).max() > 0.002
    if layer.text.values[-1] != text:
        layer.features.at[layer.features.index[-1], "score"] = text  # a new table takes napari several ms
        with layer.text.events.blocker() if is_recoloured else nullcontext():
            layer.refresh_text()
    if is_recoloured:  # napari then draws the text, too
        with layer.events.edge_color.blocker(), layer.block_thumbnail_update():
            layer.edge_color = [colour, (0, 0, 0, 0)]
        layer.events.edge_color()
