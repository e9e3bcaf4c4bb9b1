"""Between a viewer and its session: which frame of which recording is shown, and how to get to another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Image as ImageLayer
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_ubam.plugin.io.convert import path_of, rate_of, recording_layer
from napari_ubam.plugin.state.contents import RunContents, read_run
from napari_ubam.plugin.state.session import Session
from napari_ubam.study import Recording
from napari_ubam.video import open_video

from .overlay import image_frame
from .player import Player
from .worker import Worker, sentence_of, tell_error

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

POLL_MS = 200
_LINKS: WeakKeyDictionary[Any, ViewerLink] = WeakKeyDictionary()


def link_of(viewer: Viewer) -> ViewerLink:
    """Link of a viewer; made at the first call, gone with the viewer."""
    real = getattr(viewer, "__wrapped__", viewer)  # plugins are handed the viewer in a wrapper
    if real not in _LINKS:
        _LINKS[real] = ViewerLink(real)
    return _LINKS[real]


def session_of(viewer: Viewer) -> Session:
    """Session of a viewer: what its panels work on."""
    return link_of(viewer).session


class ViewerLink:
    """Follows a viewer's slider and layers for the session, and moves them.

    Panels say when they open and close (`attach`, `detach`); without a panel nothing is followed.

    Parameters
    ----------
    viewer : napari.Viewer

    Attributes
    ----------
    moved : Signal
        Emits the recording's name and the frame's number when another frame is shown.
    playing_changed : Signal
        Emits whether the recording plays.
    theme_changed : Signal
        Emits when the viewer has other colours.
    """

    moved = Signal(str, int)
    theme_changed = Signal()
    playing_changed = Signal(bool)

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = WeakViewer(viewer)
        self.session = Session()
        self.reading = Worker()
        self._again = Worker(lambda error: self.session.say(sentence_of(error)))
        self.player = Player(self._step_to, self.playing_changed.emit)
        self._panels = 0
        self._timer: QTimer | None = None
        self._turn: QTimer | None = None
        self._unseen = True  # whether layers came that were not looked at
        self._adopted: set[tuple[str, str]] = set()

    # panels -----------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Begin to follow the viewer with the first panel."""
        self._panels += 1
        if self._panels > 1:
            return
        viewer = self._viewer()
        viewer.dims.events.current_step.connect(self._soon)
        viewer.layers.selection.events.active.connect(self._soon)
        viewer.layers.events.inserted.connect(self._layer_came)
        viewer.events.theme.connect(self._dressed)
        self._turn = QTimer()
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._look)
        self._timer = QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.session.poll)
        self._timer.start()
        self.session.job_ended.connect(self._job_ended)
        self.session.study_changed.connect(self._soon)
        self._look()

    def detach(self) -> None:
        """Stop to follow the viewer with the last panel; jobs go on."""
        self._panels -= 1
        if self._panels > 0:
            return
        for timer in (self._timer, self._turn):
            if timer is not None:
                with suppress(RuntimeError):  # Qt ends, and has deleted it already
                    timer.stop()
        self._timer = self._turn = None
        self.player.stop()
        self.reading.forget()
        self.session.job_ended.disconnect(self._job_ended)
        self.session.study_changed.disconnect(self._soon)
        viewer = self._viewer.alive()
        if viewer is not None:
            viewer.dims.events.current_step.disconnect(self._soon)
            viewer.layers.selection.events.active.disconnect(self._soon)
            viewer.layers.events.inserted.disconnect(self._layer_came)
            self._unseen = True
            viewer.events.theme.disconnect(self._dressed)

    # where we are -----------------------------------------------------------------------------------

    def layer_of(self, recording: Recording) -> Image | None:
        """Layer that shows a recording's video."""
        for layer in self._viewer().layers:
            if _is_film(layer) and path_of(layer) == recording.video:
                return layer
        return None

    def current_frame(self, layer: Image) -> int:
        """Frame of a layer that the slider stands on."""
        return image_frame(self._viewer(), layer)

    def here(self) -> tuple[str, int] | None:
        """Give the recording and frame that are shown; None where no recording of the study is."""
        viewer = self._viewer()
        active = viewer.layers.selection.active
        layers = ([active] if active is not None else []) + list(reversed(viewer.layers))
        for layer in layers:
            path = path_of(layer) if layer.visible or layer is active else None
            if path is not None and _is_film(layer):
                frame = self.current_frame(layer)
                name = self._name_at(path, frame)
                if name is not None:
                    return name, frame
        return None

    def _name_at(self, path: Path, frame: int) -> str | None:
        rows = self._recordings_in(path)
        if not rows:
            return None
        inside = [one for one in rows if frame >= (one.start or 0) and (one.stop is None or frame < one.stop)]
        names = [one.name for one in inside or rows]
        return self.session.recording if self.session.recording in names else names[0]

    def _recordings_in(self, path: Path | None) -> list[Recording]:
        """Find the recordings of a video, in the study that is shown and in the one that the run knows."""
        studies = (self.session.study, self.session.read_recordings)
        return [one for study in studies if study for one in study if one.video == path]

    def _dressed(self, _: object = None) -> None:
        self.theme_changed.emit()

    def _layer_came(self, _: object = None) -> None:
        self._unseen = True
        self._soon()

    def _soon(self, _: object = None) -> None:
        """Look when the viewer is done: layers cannot be added while another one is."""
        if self._turn is not None:
            self._turn.start(0)

    def _look(self) -> None:
        if self._viewer.alive() is None:
            return
        if self._unseen:
            self._unseen = False
            self._adopt_layers()
        self._moved()

    def _moved(self) -> None:
        place = self.here()
        if place is not None:
            self.session.set_recording(place[0])
            self.moved.emit(*place)

    # going elsewhere --------------------------------------------------------------------------------

    def show(self, name: str, frame: int | None = None, then: Callable[[], None] | None = None) -> None:
        """Show a recording alone, at a frame; its video is opened in a thread where it is not yet.

        Parameters
        ----------
        name : str
        frame : int, optional
            Its first frame unless given.
        then : callable, optional
            Called when it is shown.
        """
        recording = self.session.find_recording(name)
        if recording is None:
            self.session.say(f"There is no recording {name!r} in the study.")
            return
        at = (recording.start or 0) if frame is None else frame
        layer = self.layer_of(recording)

        def arrive(found: Image) -> None:
            self._bring_up(found, name, at)
            if then is not None:
                then()

        if layer is not None:
            arrive(layer)
            return
        self.session.say(f"Opening {recording.video.name} …")
        self.reading.run(
            lambda: recording_layer(recording.open_with(open_video, warn=False)),
            lambda made: arrive(self._add(made)),
        )

    def toggle_play(self) -> None:
        """Play the recording that is shown from here on, or stop."""
        here = self.here()
        if self.player.is_playing or here is None:
            self.player.stop()
            return
        recording = self.session.find_recording(here[0])
        layer = self.layer_of(recording) if recording is not None else None
        if recording is not None and layer is not None:
            self.player.play(here[1], len(layer.data), rate_of(layer, recording))

    def play(self, name: str, start: int, stop: int) -> None:
        """Show a recording and play a span of it once, at its true rate."""

        def begin() -> None:
            recording = self.session.find_recording(name)
            layer = self.layer_of(recording) if recording is not None else None
            if recording is not None and layer is not None:
                self.player.play(start, stop, rate_of(layer, recording))

        self.player.stop()
        self.show(name, start, then=begin)

    def _step_to(self, frame: int) -> None:
        here = self.here()
        recording = self.session.find_recording(here[0]) if here is not None else None
        layer = self.layer_of(recording) if recording is not None else None
        if layer is None:
            self.player.stop()
        else:
            self._set_frame(layer, frame)

    def _set_frame(self, layer: Image, frame: int) -> None:
        at = float(layer.data_to_world([frame] + [0] * (layer.ndim - 1))[0])
        self._viewer().dims.set_point(0, at)

    def _add(self, made: tuple[Any, dict[str, Any], str]) -> Image:
        data, arguments, _ = made
        self.session.say("")
        return self._viewer().add_image(data, **arguments)

    def _bring_up(self, layer: Image, name: str, frame: int) -> None:
        viewer = self._viewer()
        for other in viewer.layers:
            if other is not layer and self._is_recording(other):
                other.visible = False
        layer.visible = True
        self.session.set_recording(name)
        viewer.layers.selection.active = layer
        self._set_frame(layer, frame)
        self._moved()

    def _is_recording(self, layer: Any) -> bool:
        """Whether a layer is a recording's video; other layers of the user are left alone."""
        if not _is_film(layer):
            return False
        return bool(layer.metadata.get("path") or self._recordings_in(path_of(layer)))

    # runs and studies that come with layers, and jobs that end -----------------------------------------

    def open_run(self, folder: Path, then: Callable[[], None] | None = None) -> None:
        """Read a run in a thread and take it over."""

        def take(contents: RunContents) -> None:
            self.session.set_contents(contents)
            for note in contents.notes:
                self.session.say(note)
            if then is not None:
                then()

        self.reading.run(lambda: read_run(folder), take)

    def _job_ended(self, kind: str, status: str) -> None:
        folder = self.session.run_folder
        if folder is not None and kind != "magnify" and status in ("done", "cancelled"):
            self._again.run(lambda: read_run(folder), self.session.set_contents)

    def _adopt_layers(self) -> None:
        """Take over the study or run that a reader or the sample noted with its layers."""
        from napari_ubam.study import Study

        for layer in self._viewer().layers:
            for kind in ("study_csv", "run_folder"):
                path = layer.metadata.get(kind)
                if not path or (kind, path) in self._adopted:
                    continue
                self._adopted.add((kind, path))
                if kind == "run_folder":
                    self.open_run(Path(path))
                else:
                    try:
                        self.session.set_study(Study.from_csv(Path(path)))
                    except (ValueError, OSError) as error:
                        tell_error(error)


def _is_film(layer: Any) -> bool:
    """Whether a layer is an image with time."""
    return isinstance(layer, ImageLayer) and layer.ndim > 2


class WeakViewer:
    """A viewer that may be closed; calling it gives the viewer."""

    def __init__(self, viewer: Viewer) -> None:
        from weakref import ref

        self._ref = ref(viewer)

    def alive(self) -> Viewer | None:
        """Give the viewer, or None where it is gone."""
        return self._ref()

    def __call__(self) -> Viewer:
        """Give the viewer."""
        viewer = self._ref()
        if viewer is None:
            raise RuntimeError("the viewer was closed")
        return viewer
