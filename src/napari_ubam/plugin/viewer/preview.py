"""The preview of a magnified frame: one image layer above the recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_ubam.plugin.io.marks import mark

from .own_layers import add_own, remove_own

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


class Preview:
    """One image layer with the latest preview.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layer: Layer | None = None

    def show(
        self,
        picture: npt.NDArray[np.uint8],
        recording: str,
        video: str | Path,
        factor: float,
        reference: str,
    ) -> None:
        """Show a picture above the recording.

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
        grey = picture.shape[-1] == 1
        data = picture[..., 0] if grey else picture
        made = mark({}, recording, video, "preview", factor=factor, reference=reference)
        title = f"preview × {factor:.1f}"
        active = self._viewer.layers.selection.active
        look = {"contrast_limits": (0, 255)} if grey else {}
        self._layer = add_own(self._viewer, (data, {**made, **look, "name": title, "rgb": not grey}, "image"))
        self._viewer.layers.selection.active = active

    def remove(self) -> None:
        """Remove the layer."""
        layer, self._layer = self._layer, None
        remove_own(self._viewer, layer)

    def forget(self, _: object = None) -> None:
        """Forget the layer without removing it. For a panel that closes: its viewer may be gone."""
        self._layer = None
