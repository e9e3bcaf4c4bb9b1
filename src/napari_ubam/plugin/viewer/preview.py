"""The preview of a magnified frame: one image layer above the recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


class Preview:
    """One image layer with the latest preview.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layer: Image | None = None

    def show(self, picture: npt.NDArray[np.uint8], title: str, above: Image | None) -> None:
        """Show a picture above a layer.

        Parameters
        ----------
        picture : (y, x, c) uint8 array
            RGB, or grey with c = 1.
        title : str
            Name of the layer.
        above : Image or None
            Layer to lie above; None for the top of the layer list.
        """
        grey = picture.shape[-1] == 1
        data = picture[..., 0] if grey else picture
        if self._layer is not None and self._layer in self._viewer.layers:
            self._layer.data, self._layer.name = data, title
            return
        active = self._viewer.layers.selection.active
        arguments = {"contrast_limits": (0, 255)} if grey else {}
        self._layer = self._viewer.add_image(data, name=title, rgb=not grey, **arguments)
        if above is not None:
            place = self._viewer.layers.index(above)
            self._viewer.layers.move(len(self._viewer.layers) - 1, place + 1)
        self._viewer.layers.selection.active = active

    def remove(self) -> None:
        """Remove the layer."""
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def forget(self, _: object = None) -> None:
        """Forget the layer without removing it. For a panel that closes: its viewer may be gone."""
        self._layer = None
