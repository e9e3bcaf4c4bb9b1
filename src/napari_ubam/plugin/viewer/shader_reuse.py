"""Keeps the shader program of a Shapes layer when only its colours change.

At each change of the colours of a mesh, vispy 0.17 puts an equal piece of code anew into the mesh's program,
so that the program is compiled and linked again. For the outline of the scores this took 20 ms of each step
of the slider. vispy's other piece of code for meshes is shared by all of them already; this module shares the
one for colours, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from vispy.visuals import MeshVisual

METHOD = "_build_color_transform"
REUSES = "_ubam_reuses_shaders"


def reuse_shaders() -> None:
    """Let all coloured meshes of vispy share the piece of code for their colours. Further calls do nothing.

    Another release of vispy may have no such piece; it is then left as it is.
    """
    build = getattr(MeshVisual, METHOD, None)
    if build is None or getattr(MeshVisual, REUSES, False):
        return
    shared: list[Any] = []

    def build_once(visual: Any, colours: npt.NDArray[np.float32]) -> Any:
        if colours.ndim == 2 and colours.shape[1] == 1:  # values, with code for the limits of each mesh
            return build(visual, colours)
        if not shared:
            shared.append(build(visual, colours))
        return shared[0]

    setattr(MeshVisual, METHOD, build_once)
    setattr(MeshVisual, REUSES, True)
