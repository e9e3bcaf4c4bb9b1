"""The layers that the plugin adds: each belongs to a recording and is seen only with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_ubam.plugin.io.marks import MARK, Role, belongs_to, mark, mark_of

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

__all__ = ["MARK", "Role", "belongs_to", "mark", "mark_of", "own_layers"]


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
