"""Which of the plugin's layers are seen: those of the recording that is shown, as the user left them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from napari.components.overlays import TextOverlay
from psygnal import Signal

from napari_ubam.plugin.io.marks import belongs_to, mark_of

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

Belongs = Callable[[Any], bool | None]
"""Whether a layer belongs to the recording that is shown; None for a layer of the user."""

TILES = ("recording", "magnified", "reference", "difference")
"""Roles that have a tile in the grid. Outlines and arrows would lie on black there."""

CORNER = "ubam"
"""Key of the text in the corner among the overlays of the canvas."""


class ShownLayers:
    """Shows and hides the plugin's layers, and says in a corner of the canvas what is seen.

    Parameters
    ----------
    viewer : callable
        Gives the viewer.
    changed : callable
        Called when the user showed or hid a layer.

    Attributes
    ----------
    asked : Layer or None
        A layer of another recording that the user asked to see by its eye.
    changed : callable
        What was given.
    toggled : Signal
        Emits a layer when the user has shown or hidden it by its eye.
    """

    toggled = Signal(object)

    def __init__(self, viewer: Callable[[], Viewer], changed: Callable[[], None]) -> None:
        self._viewer, self.changed = viewer, changed
        self._left: WeakKeyDictionary[Layer, bool] = WeakKeyDictionary()
        self._watched: WeakSet[Layer] = WeakSet()
        self._captioned: WeakSet[Layer] = WeakSet()
        self._working = False
        self._key: tuple[str, int] | None = None
        self._beside = False
        self._seen: list[tuple[Any, ...]] = []
        self.asked: Layer | None = None

    def watch(self) -> None:
        """Notice from now on when the user shows or hides a layer."""
        for layer in self._viewer().layers:
            if layer not in self._watched:
                self._watched.add(layer)
                layer.events.visible.connect(self._note_visible)

    def end(self) -> None:
        """Notice nothing any more, and remove the text in the corner."""
        for layer in self._watched:
            layer.events.visible.disconnect(self._note_visible)
        self._watched.clear()
        self._viewer().canvas.overlays.pop(CORNER, None)

    def update(self, place: str, belongs: Belongs, is_outdated: Callable[[Any], bool], version: int) -> None:
        """Show the layers of one recording and hide those of the others. Costs little if nothing changed.

        Parameters
        ----------
        place : str
            Name of the recording that is shown; empty if none is.
        belongs : callable
            Tells which layers belong to it.
        is_outdated : callable
            Tells whether a layer with magnified frames no longer holds.
        version : int
            Another number when `is_outdated` may tell something else than before.
        """
        viewer = self._viewer()
        beside = bool(viewer.canvas.grid.enabled)
        key = (place, version)
        if (key, beside, self._looks()) == (self._key, self._beside, self._seen):
            return
        self._working = True
        try:
            for layer in viewer.layers:
                self._settle(layer, belongs(layer), beside)
            self._set_captions(beside, belongs)
        finally:
            self._working = False
        self._say(beside, belongs, is_outdated)
        if beside != self._beside:
            viewer.fit_to_view(layers=[one for one in viewer.layers if one.visible] or None)
        self._key, self._beside, self._seen = key, beside, self._looks()

    def want(self, layer: Layer, wanted: bool) -> bool:
        """Show or hide a layer of the recording that is shown, however the user left it.

        Parameters
        ----------
        layer : Layer
        wanted : bool
            Whether it is seen. While layers are beside each other, one that has no tile stays hidden.

        Returns
        -------
        bool
            Whether the canvas has changed; the text in the corner does not follow until `changed` is called.
        """
        if self._beside and _role_of(layer) not in TILES:
            self._left[layer] = wanted
            return False
        self._left.pop(layer, None)
        before = layer.visible
        self._working = True
        try:
            _set_visible(layer, wanted)
        finally:
            self._working = False
        return bool(before != wanted)

    def is_wanted(self, layer: Layer) -> bool:
        """Tell whether a layer is seen, or will be once its recording is shown again.

        Parameters
        ----------
        layer : Layer

        Returns
        -------
        bool
        """
        return bool(self._left.get(layer, layer.visible))

    def _looks(self) -> list[tuple[Any, ...]]:
        """Describe what the corner and the tiles depend on."""
        return [
            (id(one), one.visible, *map(mark_of(one).get, ("recording", "factor", "reference")))
            for one in self._viewer().layers
        ]

    def _settle(self, layer: Layer, belongs: bool | None, beside: bool) -> None:
        """Show or hide one layer, and keep how the user left it."""
        if belongs is None:
            return
        role = _role_of(layer)
        if belongs and not beside:
            _set_visible(layer, self._left.pop(layer, layer.visible))
            return
        if layer not in self._left:
            self._left[layer] = layer.visible
        if not belongs:
            _set_visible(layer, False)
        elif layer not in self._captioned:  # a tile that the user hides later stays hidden
            _set_visible(layer, role in TILES)

    def _set_captions(self, beside: bool, belongs: Belongs) -> None:
        """Write on each tile of the grid what it shows."""
        for layer in self._viewer().layers:
            wanted = beside and bool(belongs(layer))
            if wanted and layer not in self._captioned:
                self._captioned.add(layer)
                layer.name_overlay.box = layer.name_overlay.visible = True
            elif not wanted and layer in self._captioned:
                self._captioned.discard(layer)
                layer.name_overlay.box = layer.name_overlay.visible = False

    def _say(self, beside: bool, belongs: Belongs, is_outdated: Callable[[Any], bool]) -> None:
        """Say in a corner which picture is seen, unless the tiles of the grid say so."""
        overlays = self._viewer().canvas.overlays
        seen = [one for one in reversed(self._viewer().layers) if one.visible and belongs(one)]
        sentences = [(_sentence(mark_of(one)), is_outdated(one)) for one in seen]
        text, outdated = next((one for one in sentences if one[0]), ("", False))
        text = f"{text} (outdated)" if outdated else "" if beside else text
        if CORNER not in overlays:
            if not text:
                return
            overlays[CORNER] = TextOverlay(position="bottom_left", box=True)
        if overlays[CORNER].text != text:
            overlays[CORNER].text = text
        overlays[CORNER].visible = bool(text)

    def _note_visible(self, event: Any) -> None:
        layer = event.source
        if self._working or not isinstance(layer.visible, bool):
            return
        if layer.visible and layer in self._left and layer not in self._captioned:
            self.asked, self._left[layer] = layer, True
        self.changed()
        self.toggled.emit(layer)


def _role_of(layer: Layer) -> str:
    """Tell what a layer shows; a layer without a mark can only be a recording here."""
    return (belongs_to(layer) or ("", "recording"))[1]


def _set_visible(layer: Layer, visible: bool) -> None:
    """Show or hide a layer; napari reads and draws it anew even if it is so already."""
    if layer.visible != visible:
        layer.visible = visible


def _sentence(noted: dict[str, Any]) -> str:
    """Say what a layer with magnified frames shows; empty for other layers."""
    name, role, against = noted.get("recording"), noted.get("role"), noted.get("reference", "")
    what = {
        "magnified": f"{name} × {noted.get('factor', 1):g}",
        "preview": f"{name} × {noted.get('factor', 1):g}, preview",
        "reference": f"{name} in the reference posture",
        "difference": f"{name}, difference from the reference posture",
    }
    return f"{what[role]}, reference {against}" if role in what else ""
