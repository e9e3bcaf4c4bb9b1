"""Lets a canvas delete its OpenGL objects in its own context, also with several canvases in a process.

After layers were removed, napari 0.9 lets vispy finish the commands of the canvas, deletions among them, in
whichever OpenGL context is current (``VispyCanvas._clean_and_update_scenegraph``). Objects are numbered from
1 in each context. So layers of another viewer, or the map, lose the programs and buffers of these numbers.
They then draw nothing and log ``GLError``, or the process ends in ``glDrawArrays``.
"""

from __future__ import annotations

from contextlib import suppress

from vispy.gloo.context import GLContext

MENDED = "_ubam_own_context"


def finish_in_own_context() -> None:
    """Let vispy finish the commands of each canvas in its own context. Further calls do nothing."""
    if getattr(GLContext, MENDED, False):
        return
    finish = GLContext.finish

    def finish_there(context: GLContext) -> None:
        with suppress(RuntimeError):  # the canvas is deleted, and its objects with it
            widget = context.shared.ref
            if widget.isValid():  # else nothing was drawn yet; the commands wait for the first draw
                widget.makeCurrent()
                finish(context)

    GLContext.finish = finish_there
    setattr(GLContext, MENDED, True)
