"""The preview of a magnified frame: one image layer above the recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.layers import Image
from psygnal import Signal

from napari_ubam.plugin.io.marks import mark, mark_of

from .navigation import Navigation
from .own_layers import add_own, give_to, remove_own, was_removed

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


class Preview:
    """One image layer with the latest preview.

    It goes with the user from recording to recording, and is hidden rather than removed, since napari needs
    up to a second to remove a layer.

    Parameters
    ----------
    viewer : napari.Viewer
    navigation : Navigation
        Tells when the user shows or hides the layer.

    Attributes
    ----------
    toggled : Signal
        Emits whether the preview is wanted when the user shows or hides the layer by its eye.
    """

    toggled = Signal(bool)

    def __init__(self, viewer: Viewer, navigation: Navigation) -> None:
        self._viewer, self._navigation = viewer, navigation
        self._layer: Layer | None = None
        navigation.shown.toggled.connect(self._note_toggled)

    def show(
        self,
        picture: npt.NDArray[np.uint8],
        recording: str,
        video: str | Path,
        factor: float,
        reference: str,
    ) -> None:
        """Show a picture above the recording, unless the user has deleted the layer since `hide`.

        Parameters
        ----------
        picture : (y, x, c) uint8 array
            RGB, or grey with c = 1.
        recording : str
            Name of the recording.
        video : str or Path
            File of the recording.
        factor : float
            Magnification factor.
        reference : str
            Filter of the reference.
        """
        is_gone = self._layer is not None and self._layer not in self._viewer.layers
        if is_gone and not was_removed(self._layer):
            return  # the box of the panel is about to be unticked
        grey = picture.shape[-1] == 1
        data = picture[..., 0] if grey else picture
        made = mark({}, recording, video, "preview", factor=factor, reference=reference)
        title = f"preview × {factor:.1f}"
        active, layer = self._viewer.layers.selection.active, self._living_layer()
        before = mark_of(layer) if layer is not None else None
        if isinstance(layer, Image) and layer.rgb != grey:
            give_to(self._viewer, layer, recording, data, title, made["metadata"])
        else:
            self._remove()
            look = {"contrast_limits": (0, 255)} if grey else {}
            made = {**made, **look, "name": title, "rgb": not grey}
            layer = add_own(self._viewer, (data, made, "image"))
        self._viewer.layers.selection.active = active
        self._layer = layer
        is_seen = self._navigation.shown.want(layer, True)
        if before is not None and (is_seen or mark_of(layer) != before):
            self._navigation.shown.changed()

    def hide(self) -> None:
        """Hide the layer."""
        self._layer = layer = self._living_layer()
        if layer is not None and self._navigation.shown.want(layer, False):
            self._navigation.shown.changed()

    def forget(self, _: object = None) -> None:
        """Forget the layer without removing it. For a panel that closes: its viewer may be gone."""
        self._navigation.shown.toggled.disconnect(self._note_toggled, missing_ok=True)
        self._layer = None

    def _living_layer(self) -> Layer | None:
        return self._layer if self._layer is not None and self._layer in self._viewer.layers else None

    def _remove(self) -> None:
        layer, self._layer = self._layer, None
        remove_own(self._viewer, layer)

    def _note_toggled(self, layer: object) -> None:
        if layer is self._layer and layer is not None:
            self.toggled.emit(self._navigation.shown.is_wanted(self._layer))
