"""The sample study rendered by another process, so that the window stays usable meanwhile."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import ref

from napari import current_viewer
from napari.utils import progress
from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QApplication

from napari_ubam.jobs import Job, find_jobs, start_job

from .convert import Layer, study_layer

if TYPE_CHECKING:
    from napari.layers import Layer as AnyLayer
    from napari.viewer import Viewer

LOOK_MS = 200
AMOUNTS: tuple[str, ...] = ()  # options of the command; its own defaults unless given
STILL = "ubam_still"  # metadata of the layer that stands in


def render_behind(table: Path, still: Layer) -> Layer:
    """Render the sample study in another process, and open it in the current viewer when it is there.

    Parameters
    ----------
    table : Path
        The study's CSV, written last.
    still : layer tuple
        Stands in meanwhile.

    Returns
    -------
    layer tuple
        The stand-in, marked so that it is taken away later.

    Raises
    ------
    JobError
        If the process cannot be started.
    """
    working = [job for job in find_jobs(table.parent) if job.state().status == "running"]
    job = working[-1] if working else start_job(table.parent, ["sample", str(table.parent), *AMOUNTS])
    viewer = current_viewer()
    if viewer is not None:
        _Waiting(job, table, viewer)
    show_info("The sample study is rendered once, which takes about a minute; it opens by itself.")
    data, arguments, kind = still
    return data, {**arguments, "metadata": {STILL: str(table)}}, kind


class _Waiting(QObject):
    """Looks now and then how far the rendering is; lives until its end."""

    def __init__(self, job: Job, table: Path, viewer: Viewer) -> None:
        super().__init__(QApplication.instance())
        self._job, self._table, self._viewer = job, table, ref(getattr(viewer, "__wrapped__", viewer))
        self._bar = progress(total=0, desc="Rendering the sample study")
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_MS)

    def _look(self) -> None:
        state = self._job.state()
        for event in self._job.new_events():
            told = event.progress()
            if told is not None and told.of:
                self._bar.total = told.of
                self._bar.update(told.step - self._bar.n)
        if state.status == "running" and self._viewer() is not None:
            return
        self._timer.stop()
        self._bar.close()
        self.deleteLater()
        viewer = self._viewer()
        stills = [] if viewer is None else [one for one in viewer.layers if self._stands_in(one)]
        if viewer is None or not stills:  # closed, or not wanted any more
            return
        with suppress(RuntimeError):  # the window is gone, though something still knows its viewer
            for layer in stills:
                viewer.layers.remove(layer)
            if state.status == "done":
                self._open(viewer)
            else:
                show_error(state.text or "The sample study was not rendered; open it again.")

    def _stands_in(self, layer: AnyLayer) -> bool:
        return bool(layer.metadata.get(STILL) == str(self._table))

    def _open(self, viewer: Viewer) -> None:
        """Show the study's first recording."""
        try:
            data, arguments, _ = study_layer(self._table)
        except (ValueError, OSError) as error:
            show_error(str(error))
            return
        viewer.add_image(data, **arguments)
