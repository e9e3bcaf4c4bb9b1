"""Connects a viewer with its session: follows the slider and the layers, and takes over studies and runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_ubam.plugin.state.contents import RunContents, read_run
from napari_ubam.plugin.state.session import Session
from napari_ubam.study import Study

from .navigation import Navigation
from .worker import Worker, sentence_of, tell_error

if TYPE_CHECKING:
    from napari.viewer import Viewer

POLL_MS = 200
_LINKS: WeakKeyDictionary[Any, ViewerLink] = WeakKeyDictionary()


def link_of(viewer: Viewer) -> ViewerLink:
    """Give the link of a viewer; the first call makes it.

    Parameters
    ----------
    viewer : napari.Viewer
        Also in the wrapper that napari hands to plugins.

    Returns
    -------
    ViewerLink
    """
    real = getattr(viewer, "__wrapped__", viewer)
    if real not in _LINKS:
        _LINKS[real] = ViewerLink(real)
    return _LINKS[real]


def session_of(viewer: Viewer) -> Session:
    """Give the session of a viewer: the study, the run and the results that its panels share.

    Parameters
    ----------
    viewer : napari.Viewer

    Returns
    -------
    Session
    """
    return link_of(viewer).session


class ViewerLink(Navigation):
    """Navigation in a viewer that also follows what the user does there.

    Panels call `attach` when they open and `detach` when they close. Without a panel nothing is followed.

    Parameters
    ----------
    viewer : napari.Viewer

    Attributes
    ----------
    theme_changed : Signal
        Emits when the viewer gets other colours.
    layer_removed : Signal
        Emits the recording's name and the role when the user removes a layer of the plugin.
    """

    theme_changed = Signal()
    layer_removed = Signal(str, str)

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, Session())
        self._rereading = Worker(lambda error: self.session.say(sentence_of(error)))
        self._panels = 0
        self._poll_timer: QTimer | None = None
        self._update_timer: QTimer | None = None
        self._has_new_layers = True
        self._adopted: set[tuple[str, str]] = set()

    # panels -----------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Count a panel; follow the viewer from the first one on."""
        self._panels += 1
        if self._panels > 1:
            return
        viewer = self._viewer()
        viewer.dims.events.current_step.connect(self._schedule_update)
        viewer.layers.selection.events.active.connect(self._schedule_update)
        viewer.layers.events.inserted.connect(self._note_new_layer)
        viewer.events.theme.connect(self._announce_theme)
        self._update_timer = QTimer()
        self._update_timer.setSingleShot(True)
        self._update_timer.timeout.connect(self._update)
        self._poll_timer = QTimer()
        self._poll_timer.setInterval(POLL_MS)
        self._poll_timer.timeout.connect(self.session.poll)
        self._poll_timer.start()
        self.session.job_ended.connect(self._read_again)
        self.session.study_changed.connect(self._schedule_update)
        self._update()

    def detach(self) -> None:
        """Count a panel less; stop following the viewer after the last one. Jobs continue."""
        self._panels -= 1
        if self._panels > 0:
            return
        for timer in (self._poll_timer, self._update_timer):
            if timer is not None:
                with suppress(RuntimeError):  # Qt is shutting down and has deleted the timer
                    timer.stop()
        self._poll_timer = self._update_timer = None
        self.player.stop()
        self._reading.forget()
        self.session.job_ended.disconnect(self._read_again)
        self.session.study_changed.disconnect(self._schedule_update)
        viewer = self._viewer.alive()
        if viewer is not None:
            viewer.dims.events.current_step.disconnect(self._schedule_update)
            viewer.layers.selection.events.active.disconnect(self._schedule_update)
            viewer.layers.events.inserted.disconnect(self._note_new_layer)
            self._has_new_layers = True
            viewer.events.theme.disconnect(self._announce_theme)

    def _announce_theme(self, _: object = None) -> None:
        self.theme_changed.emit()

    def _note_new_layer(self, _: object = None) -> None:
        self._has_new_layers = True
        self._schedule_update()

    def _schedule_update(self, _: object = None) -> None:
        """Wait until napari is done: a layer cannot be added while napari adds another one."""
        if self._update_timer is not None:
            self._update_timer.start(0)

    def _update(self) -> None:
        if self._viewer.alive() is None:
            return
        if self._has_new_layers:
            self._has_new_layers = False
            self._adopt_layers()
        self._announce()

    # runs and studies -------------------------------------------------------------------------------

    def open_run(self, folder: Path, then: Callable[[], None] | None = None) -> None:
        """Read a run in a thread and make it the session's run.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        then : callable, optional
            Called when the session has the run.
        """

        def take(contents: RunContents) -> None:
            self.session.set_contents(contents)
            for note in contents.notes:
                self.session.say(note)
            if then is not None:
                then()

        self._reading.run(lambda: read_run(folder), take)

    def _read_again(self, kind: str, status: str) -> None:
        """Read the run again after a job that changed it."""
        folder = self.session.run_folder
        if folder is not None and kind != "magnify":  # however it ended, checkpoints may be there
            self._rereading.run(lambda: read_run(folder), self.session.set_contents)

    def _adopt_layers(self) -> None:
        """Take over the study or the run that a reader noted in the metadata of its layers."""
        for layer in self._viewer().layers:
            for kind in ("study_csv", "run_folder"):
                path = layer.metadata.get(kind)
                if not path or (kind, path) in self._adopted:
                    continue
                self._adopted.add((kind, path))
                if kind == "run_folder":
                    self.open_run(Path(path))
                    continue
                try:
                    self.session.set_study(Study.from_csv(Path(path)))
                except (ValueError, OSError) as error:
                    tell_error(error)
