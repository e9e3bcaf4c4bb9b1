"""Renders the sample study in another process, while the user can work in the window."""

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

POLL_MS = 200
OPTIONS: tuple[str, ...] = ()  # further options of ``napari-ubam sample``, for tests
STILL = "ubam_still"  # key in the metadata of the still picture's layer


def render_in_background(table: Path, still: Layer) -> Layer:
    """Render the sample study in another process, then open it in the current viewer.

    Parameters
    ----------
    table : Path
        CSV file of the study; it is written after the videos.
    still : tuple
        Layer to show meanwhile: data, arguments and type.

    Returns
    -------
    tuple
        The layer `still`, marked for removal when the study opens.

    Raises
    ------
    JobError
        If the process cannot be started.
    """
    working = [job for job in find_jobs(table.parent) if job.state().status == "running"]
    job = working[-1] if working else start_job(table.parent, ["sample", str(table.parent), *OPTIONS])
    viewer = current_viewer()
    if viewer is not None:
        _Follower(job, table, viewer)
    show_info("Rendering the sample study. It takes about a minute, then the study opens automatically.")
    data, arguments, kind = still
    return data, {**arguments, "metadata": {STILL: str(table)}}, kind


class _Follower(QObject):
    """Shows the progress of the rendering, and opens the study at its end."""

    def __init__(self, job: Job, table: Path, viewer: Viewer) -> None:
        super().__init__(QApplication.instance())
        self._job, self._table, self._viewer = job, table, ref(getattr(viewer, "__wrapped__", viewer))
        self._bar = progress(total=0, desc="Rendering the sample study")
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._timer.start(POLL_MS)

    def _poll(self) -> None:
        state = self._job.state()
        for event in self._job.new_events():
            latest = event.progress()
            if latest is not None and latest.of:
                self._bar.total = latest.of
                self._bar.update(latest.step - self._bar.n)
        if state.status == "running" and self._viewer() is not None:
            return
        self._timer.stop()
        self._bar.close()
        self.deleteLater()
        viewer = self._viewer()
        stills = [] if viewer is None else [one for one in viewer.layers if self._is_still(one)]
        if viewer is None or not stills:  # the user closed the viewer or removed the layer
            return
        with suppress(RuntimeError):  # the window is closed, but its viewer still exists
            for layer in stills:
                viewer.layers.remove(layer)
            if state.status == "done":
                self._open(viewer)
            else:
                show_error(state.text or "The sample study was not rendered; open it again.")

    def _is_still(self, layer: AnyLayer) -> bool:
        return bool(layer.metadata.get(STILL) == str(self._table))

    def _open(self, viewer: Viewer) -> None:
        """Show the study's first recording."""
        try:
            data, arguments, _ = study_layer(self._table)
        except (ValueError, OSError) as error:
            show_error(str(error))
            return
        viewer.add_image(data, **arguments)
