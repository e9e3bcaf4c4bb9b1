"""Keeps shader programs when OpenGL is drawn in software, where deleting them can end the process.

With Mesa's software renderers (seen with llvmpipe of Mesa 22.3), a draw after layers were removed could end
in a segmentation fault in ``glDrawArrays``. napari 0.9.2 with vispy 0.17 alone does so if an image layer and
a Shapes layer with text are removed. It does not happen while the programs of removed layers are kept. A
program takes some kilobytes. Graphics cards are not concerned.
"""

from __future__ import annotations

from typing import Any

from vispy.gloo import gl
from vispy.gloo.glir import GlirProgram

SOFTWARE = ("llvmpipe", "softpipe", "swrast")
KEEPS = "_ubam_keeps_programs"


def keep_programs() -> None:
    """Let vispy keep shader programs if the renderer is software. Further calls do nothing."""
    if getattr(GlirProgram, KEEPS, False):
        return
    delete = GlirProgram.delete

    def delete_on_cards(program: Any) -> None:
        if not is_software(str(gl.glGetParameter(gl.GL_RENDERER))):
            delete(program)

    GlirProgram.delete = delete_on_cards
    setattr(GlirProgram, KEEPS, True)


def is_software(renderer: str) -> bool:
    """Tell whether a renderer draws in software.

    Parameters
    ----------
    renderer : str
        Name as OpenGL gives it, such as ``"llvmpipe (LLVM 15.0.6, 256 bits)"``.

    Returns
    -------
    bool
    """
    return any(name in renderer.lower() for name in SOFTWARE)
