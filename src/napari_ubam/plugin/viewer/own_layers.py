"""The layers that the plugin adds: each belongs to a recording, and has its place among the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image, Vectors
from napari.layers import Layer as NapariLayer

from napari_ubam.plugin.io.convert import Layer as LayerData
from napari_ubam.plugin.io.convert import path_of
from napari_ubam.plugin.io.marks import belongs_to, mark_of

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

ORDER = ("recording", "magnified", "reference", "difference", "preview", "arrows", "region", "score")
"""Roles from the lowest to the topmost."""


def own_layers(viewer: Viewer, recording: str | None = None, role: str | None = None) -> list[Layer]:
    """List the layers that the plugin added, from the lowest to the topmost.

    Parameters
    ----------
    viewer : napari.Viewer
    recording : str, optional
        Only layers of this recording.
    role : str, optional
        Only layers of this role, such as ``"magnified"``.

    Returns
    -------
    list of Layer
    """
    found = ((layer, belongs_to(layer)) for layer in viewer.layers)
    return [
        layer
        for layer, owner in found
        if owner is not None and recording in (None, owner[0]) and role in (None, owner[1])
    ]


def add_own(viewer: Viewer, made: LayerData, replace: bool = True) -> Layer:
    """Add a marked layer at its place above or below the others of its recording.

    Parameters
    ----------
    viewer : napari.Viewer
    made : tuple
        Data, arguments with a mark, and type of the layer.
    replace : bool
        Whether it replaces the layer of the same recording and role; it is seen if that one was.
        Images and arrows get the new data in place, since napari needs long to remove a layer.

    Returns
    -------
    Layer
    """
    layer: Layer = NapariLayer.create(*made)
    _place_on_recording(viewer, layer)
    recording, role = belongs_to(layer) or ("", "")
    for old in own_layers(viewer, recording, role) if replace else ():
        if _replace_data(old, layer):
            return old
        layer.visible = old.visible
        remove_own(viewer, old)
    viewer.layers.insert(_place_in_list(viewer, layer), layer)
    return layer


def give_to(
    viewer: Viewer, layer: Layer, recording: str, data: Any, name: str, metadata: dict[str, Any]
) -> None:
    """Let a layer show the same of another recording. napari needs long to remove a layer.

    Parameters
    ----------
    viewer : napari.Viewer
    layer : Layer
        A layer of the plugin.
    recording : str
        Name of the recording. Another layer that shows the same of it is removed.
    data : object
        New data of the layer; None if they stay.
    name : str
        New name of the layer.
    metadata : dict
        New metadata, with the mark of the recording.
    """
    layer.metadata, layer.name = metadata, name
    for other in own_layers(viewer, recording, mark_of(layer)["role"]):
        if other is not layer:
            remove_own(viewer, other)
    if data is not None:
        layer.data = data
    _place_on_recording(viewer, layer)
    at, place = viewer.layers.index(layer), _place_in_list(viewer, layer)
    if place not in (at, at + 1):
        viewer.layers.move(at, place)


def remove_own(viewer: Viewer, layer: Layer | None) -> None:
    """Remove a layer that is no longer wanted. This is not told as a deletion by the user.

    Parameters
    ----------
    viewer : napari.Viewer
    layer : Layer or None
        None, or a layer that is gone already, does nothing.
    """
    if layer is not None and layer in viewer.layers:
        mark_of(layer)["removed"] = True
        viewer.layers.remove(layer)


def was_removed(layer: Layer) -> bool:
    """Tell a layer that the plugin removed from one that the user deleted.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    bool
    """
    return bool(mark_of(layer).get("removed"))


def _place_in_list(viewer: Viewer, layer: Layer) -> int:
    """Find the place of a layer in the list: below those of its recording that belong above it."""
    recording, _ = belongs_to(layer) or ("", "")
    above = [
        viewer.layers.index(one)
        for one in own_layers(viewer, recording)
        if one is not layer and _rank(one) > _rank(layer)
    ]
    return min(above, default=len(viewer.layers))


def _place_on_recording(viewer: Viewer, layer: Layer) -> None:
    """Let a new layer cover the frames of its recording, also if these are scaled or moved in the viewer."""
    video = mark_of(layer).get("video")
    image = next((one for one in viewer.layers if one.ndim == 3 and str(path_of(one)) == video), None)
    if image is None or image is layer:
        return
    first = layer.translate[0] / layer.scale[0] if layer.ndim > 2 else 0.0  # frame of the recording
    axes = image.ndim - layer.ndim
    layer.units, layer.scale = image.units[axes:], image.scale[axes:]
    layer.translate = image.translate[axes:]
    if layer.ndim > 2:
        layer.translate = layer.translate + [first * image.scale[0], 0.0, 0.0]


def _replace_data(old: Layer, new: Layer) -> bool:
    """Give a layer the data and the place of a new one of the same kind."""
    if type(old) is not type(new) or old.ndim != new.ndim or not isinstance(old, (Image, Vectors)):
        return False
    if isinstance(old, Image) and old.rgb != new.rgb:
        return False
    old.data = new.data
    old.scale, old.translate = new.scale, new.translate
    old.name, old.metadata = new.name, new.metadata
    return True


def _rank(layer: Layer) -> int:
    _, role = belongs_to(layer) or ("", "")
    return ORDER.index(role) if role in ORDER else 0
