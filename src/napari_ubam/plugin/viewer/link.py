"""Connects a viewer with its session: follows the slider and the layers, and takes over studies and runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_ubam.plugin.io.convert import path_of
from napari_ubam.plugin.io.marks import belongs_to, mark_of
from napari_ubam.plugin.state.contents import RunContents, read_run
from napari_ubam.plugin.state.following import RunWatch
from napari_ubam.plugin.state.session import Session
from napari_ubam.study import Study

from .keys import bind_keys, release_keys
from .navigation import Navigation
from .own_context import finish_in_own_context
from .own_layers import own_layers, remove_own, was_removed
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
        finish_in_own_context()
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
    """

    theme_changed = Signal()

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer, Session())
        self._rereading = Worker(lambda error: self.session.say(sentence_of(error)))
        self._watch = RunWatch()
        self._panels = 0
        self._poll_timer: QTimer | None = None
        self._update_timer: QTimer | None = None
        self._has_new_layers = True
        self._deleted: list[Any] = []
        self._adopted: set[tuple[str, str]] = set()

    # panels -----------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Count a panel; follow the viewer from the first one on."""
        self._panels += 1
        if self._panels > 1:
            return
        viewer = self._viewer()
        viewer.dims.events.current_step.connect(self._slider_moved)
        viewer.layers.selection.events.active.connect(self._schedule_update)
        viewer.layers.events.inserted.connect(self._note_new_layer)
        viewer.layers.events.removed.connect(self._note_removed)
        viewer.canvas.grid.events.enabled.connect(self._grid_changed)
        viewer.events.theme.connect(self._announce_theme)
        self._update_timer = QTimer()
        self._update_timer.setSingleShot(True)
        self._update_timer.timeout.connect(self._update)
        self._poll_timer = QTimer()
        self._poll_timer.setInterval(POLL_MS)
        self._poll_timer.timeout.connect(self._poll)
        self._poll_timer.start()
        self.session.job_ended.connect(self._job_ended)
        self.session.study_changed.connect(self._schedule_update)
        self.session.agreement_changed.connect(self._agreement_changed)
        self.shown.watch()
        bind_keys(viewer, self)
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
        self.session.job_ended.disconnect(self._job_ended)
        self.session.study_changed.disconnect(self._schedule_update)
        self.session.agreement_changed.disconnect(self._agreement_changed)
        viewer = self._viewer.alive()
        if viewer is not None:
            viewer.dims.events.current_step.disconnect(self._slider_moved)
            viewer.layers.selection.events.active.disconnect(self._schedule_update)
            viewer.layers.events.inserted.disconnect(self._note_new_layer)
            viewer.layers.events.removed.disconnect(self._note_removed)
            viewer.canvas.grid.events.enabled.disconnect(self._grid_changed)
            self.shown.end()
            release_keys(viewer)
            self._has_new_layers = True
            viewer.events.theme.disconnect(self._announce_theme)

    def _announce_theme(self, _: object = None) -> None:
        self.theme_changed.emit()

    def _note_new_layer(self, _: object = None) -> None:
        self._has_new_layers = True
        self.shown.watch()  # at once: a busy machine may come to the update after the user's next click
        self._schedule_update()

    def _note_removed(self, event: Any) -> None:
        if not was_removed(event.value):
            self._deleted.append(event.value)
        self._schedule_update()

    def _agreement_changed(self) -> None:
        self._agreement += 1
        self._schedule_update()

    def _grid_changed(self, _: object = None) -> None:
        self.grid_changed.emit(bool(self._viewer().canvas.grid.enabled))
        self._schedule_update()

    def _layers_changed(self) -> None:
        self._schedule_update()

    def _slider_moved(self, _: object = None) -> None:
        """Follow the slider at once, so that napari draws the frame and its score together."""
        waiting = self._update_timer is None or self._update_timer.isActive()
        if waiting or not self.follow_frame():
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
        self._obey_deletions()
        self._announce()

    def _obey_deletions(self) -> None:
        """Remove what belonged to a deleted video, tell the panels, and stay at the recording."""
        deleted, self._deleted = self._deleted, []
        if not deleted:
            return
        shown = self.session.find_recording(self.session.recording)
        for layer in deleted:
            self._remove_orphans(layer)
            owner = belongs_to(layer)
            if owner is not None:
                self.layer_removed.emit(*owner)
        # napari selects a neighbour of a deleted layer, which may belong to another recording.
        self._viewer().layers.selection.active = self.layer_of(shown) if shown is not None else None

    def _remove_orphans(self, layer: Any) -> None:
        """Remove the layers of a recording whose video was deleted."""
        path = path_of(layer) if self._is_recording(layer) else None
        if path is None or any(self._shows(one, path) for one in self._viewer().layers):
            return
        for one in own_layers(self._viewer()):
            if mark_of(one)["video"] == str(path):  # the user did not ask for it: no box is unticked
                remove_own(self._viewer(), one)

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

    def _poll(self) -> None:
        """Follow the job, and what other windows, commands and scripts do with the run."""
        self.session.poll()
        contents = self.session.contents
        if contents is None or self.session.is_working or self._reading.is_busy or self._rereading.is_busy:
            return
        if self._watch.is_due(contents.folder, contents.files):
            self._read_again()

    def _job_ended(self, kind: str, status: str) -> None:
        """Read the run again after a job, however it ended: checkpoints may be there."""
        if kind != "magnify":
            self._read_again()

    def _read_again(self) -> None:
        folder = self.session.run_folder

        def take(contents: RunContents) -> None:
            if self.session.run_folder == contents.folder:  # else the user has opened another run
                self.session.set_contents(contents)

        if folder is not None:
            self._rereading.run(lambda: read_run(folder), take)

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
