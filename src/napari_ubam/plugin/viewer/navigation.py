"""Which frame of which recording a viewer shows, and how to go to another one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from napari.layers import Image as ImageLayer
from psygnal import Signal

from napari_ubam.plugin.io.convert import Layer, path_of, rate_of, recording_layer
from napari_ubam.plugin.io.marks import belongs_to, mark_of
from napari_ubam.plugin.state.session import Session
from napari_ubam.study import Recording, StudyError
from napari_ubam.video import open_video

from .player import Player
from .shown_layers import ShownLayers
from .weak_viewer import WeakViewer
from .worker import Worker

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


def image_frame(viewer: Viewer, image: Image) -> int:
    """Convert the slider's position to a frame of a layer.

    Parameters
    ----------
    viewer : napari.Viewer
    image : Image
        Layer with time on its first axis.

    Returns
    -------
    int
        Frame number, from 0.
    """
    return int(np.rint(image.world_to_data(viewer.dims.point)[0]))


class Navigation:
    """Finds, shows and plays recordings in one viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
        Its study and its run name the recordings.

    Attributes
    ----------
    session : Session
    player : Player
    moved : Signal
        Emits the recording's name and the frame number when another frame is shown.
    playing_changed : Signal
        Emits True when playback starts, False when it stops.
    layer_removed : Signal
        Emits the recording's name and the role when the user removes a layer of the plugin.
    grid_changed : Signal
        Emits True when the viewer shows its layers beside each other, False when above each other.
    factor_stepped : Signal
        Emits a number of steps when a key asks for a larger or smaller magnification factor.
    """

    grid_changed = Signal(bool)
    factor_stepped = Signal(int)
    moved = Signal(str, int)
    layer_removed = Signal(str, str)
    playing_changed = Signal(bool)

    def __init__(self, viewer: Viewer, session: Session) -> None:
        self._viewer = WeakViewer(viewer)
        self.session = session
        self._reading = Worker()
        self.player = Player(self._step_to, self.playing_changed.emit)
        self._shown_name = ""
        self._followed: tuple[str, ref[Any]] | None = None  # recording, layer of its video
        self._agreement = 0  # counts changes of what makes magnified frames outdated
        self.shown = ShownLayers(self._viewer, self._layers_changed)

    def _layers_changed(self) -> None:
        """Show what belongs together after the user showed or hid a layer."""
        self._announce()

    # what is shown ----------------------------------------------------------------------------------

    def layer_of(self, recording: Recording) -> Image | None:
        """Find the layer that shows a recording's video.

        Parameters
        ----------
        recording : Recording

        Returns
        -------
        Image or None
            None if no layer shows it.
        """
        for layer in self._viewer().layers:
            if _is_video(layer) and path_of(layer) == recording.video:
                return layer
        return None

    def current_frame(self, layer: Image) -> int:
        """Convert the slider's position to a frame of a layer.

        Parameters
        ----------
        layer : Image

        Returns
        -------
        int
            Frame number, from 0.
        """
        return image_frame(self._viewer(), layer)

    def here(self) -> tuple[str, int] | None:
        """Find the recording and the frame that are shown.

        Returns
        -------
        (str, int) or None
            Name of the recording and frame number; None if no recording of the study is shown.
        """
        viewer = self._viewer()
        active = viewer.layers.selection.active
        first = [one for one in (self.shown.asked, active) if one is not None and one in viewer.layers]
        for layer in [*first, *(one for one in reversed(viewer.layers) if one.visible)]:
            found = self._place_of(layer)
            if found is not None:
                return found
        return None

    def _place_of(self, layer: Any) -> tuple[str, int] | None:
        """Find the recording and the frame that a layer shows, from the layer of the recording's video."""
        noted = mark_of(layer)
        path = path_of(layer) if _is_video(layer) else None
        if path is None and noted.get("video"):
            path = Path(noted["video"])
        video = next((one for one in self._viewer().layers if self._shows(one, path)), None)
        if path is None or video is None:
            return None
        frame = self.current_frame(video)
        name = self._name_at(path, frame, str(noted.get("recording", "")))
        return (name, frame) if name is not None else None

    def _shows(self, layer: Any, path: Path | None) -> bool:
        return path is not None and _is_video(layer) and path_of(layer) == path

    def _name_at(self, path: Path, frame: int, preferred: str = "") -> str | None:
        rows = self._recordings_in(path)
        if not rows:
            return None
        inside = [one for one in rows if frame >= (one.start or 0) and (one.stop is None or frame < one.stop)]
        names = [one.name for one in inside or rows]
        if preferred in names:
            return preferred
        return self.session.recording if self.session.recording in names else names[0]

    def _recordings_in(self, path: Path | None) -> list[Recording]:
        """Find the recordings of a video, in the study of the session and in the study of its run."""
        studies = (self.session.study, self.session.run_study)
        return [one for study in studies if study for one in study if one.video == path]

    def _is_recording(self, layer: Any) -> bool:
        """Tell a recording's layer from other layers of the user, which are left alone."""
        if not _is_video(layer):
            return False
        return bool(layer.metadata.get("path") or self._recordings_in(path_of(layer)))

    def _announce(self) -> None:
        """Tell the session and the panels what is shown, and show only what belongs to it."""
        place, asked = self.here(), self.shown.asked
        self.shown.asked = self._followed = None
        if place is None:
            self._forget_closed()
            self._show_only(self.session.recording)
            return
        if asked is not None and asked in self._viewer().layers:
            self._viewer().layers.selection.active = asked  # else the layer of before would be shown again
        self.session.set_recording(place[0])
        self._show_only(place[0])
        recording = self.session.find_recording(place[0])
        layer = self.layer_of(recording) if recording is not None else None
        self._followed = (place[0], ref(layer)) if layer is not None else None
        self.moved.emit(*place)

    def follow_frame(self) -> bool:
        """Tell which frame is shown if it is another one of the recording that is shown already.

        Returns
        -------
        bool
            False if more has changed than the frame; nothing was told then.
        """
        place = self._quick_place() or self.here()
        if place is None or self.shown.asked is not None:
            return False
        if not place[0] == self._shown_name == self.session.recording:
            return False
        self.moved.emit(*place)
        return True

    def _quick_place(self) -> tuple[str, int] | None:
        """Find the frame without a look at all layers; None unless only the frame can have changed."""
        name, found = self._followed or ("", None)
        layer = found() if found is not None else None
        recording = self.session.find_recording(name) if name == self.session.recording else None
        if layer is None or recording is None:
            return None
        frame = self.current_frame(layer)
        is_inside = frame >= (recording.start or 0) and (recording.stop is None or frame < recording.stop)
        return (name, frame) if is_inside else None

    def _forget_closed(self) -> None:
        """Note that no recording is shown if the layer of its video is gone."""
        recording = self.session.find_recording(self.session.recording) if self.session.recording else None
        if recording is None or self.layer_of(recording) is None:
            self.session.set_recording("")

    def _show_only(self, name: str) -> None:
        """Show the layers of one recording, as the user left them, and hide those of the others."""
        recording = self.session.find_recording(name) if name else None
        if recording is None:
            return
        video = recording.video
        if name != self._shown_name:
            self._shown_name = name
            for layer in self._viewer().layers:
                if self._shows(layer, video):
                    self.shown.want(layer, True)
        self.shown.update(
            name, lambda layer: self._belongs(layer, name, video), self._is_outdated, self._agreement
        )

    def _belongs(self, layer: Any, name: str, video: Path) -> bool | None:
        """Tell whether a layer belongs to a recording; None for a layer of the user."""
        owner = belongs_to(layer)
        if _is_video(layer) and (owner is None or owner[1] == "recording"):
            path = path_of(layer)
            return path == video if self._recordings_in(path) else None
        if owner is None:
            return None
        if mark_of(layer)["video"] not in ("", str(video)):
            return False
        others = self.session.current_study
        return owner[0] == name or (others is not None and owner[0] not in others.names)  # it was renamed

    def _is_outdated(self, layer: Any) -> bool:
        """Tell whether magnified frames are of another study, model or reference than those of the panels."""
        noted, made = mark_of(layer), layer.metadata.get("magnification") or {}
        if self.session.magnification_outdated(str(noted.get("recording", ""))):
            return True
        if self.session.is_of_another_model(made):
            return True
        chosen = self.session.reference or noted.get("reference", "")
        return "of" in noted and noted["of"] != self.reference_names(chosen)

    def reference_names(self, reference: str) -> tuple[str, ...]:
        """Find the recordings that a reference selects in the study of the panels.

        Parameters
        ----------
        reference : str
            Filter of the reference.

        Returns
        -------
        tuple of str
            Empty if it selects none.
        """
        study = self.session.current_study
        with suppress(StudyError):
            return tuple(sorted(study.select(reference).names)) if study is not None else ()
        return ()

    # going elsewhere --------------------------------------------------------------------------------

    def show(self, name: str, frame: int | None = None, then: Callable[[], None] | None = None) -> None:
        """Show one recording at a frame; a thread opens its video if no layer shows it yet.

        Parameters
        ----------
        name : str
            Name of the recording.
        frame : int, optional
            Frame number, from 0; by default the recording's first frame.
        then : callable, optional
            Called when the frame is shown.
        """
        recording = self.session.find_recording(name)
        if recording is None:
            self.session.say(f"The study has no recording {name!r}; choose one of the Study panel.")
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
        self._reading.run(
            lambda: recording_layer(recording.open_with(open_video, warn=False)),
            lambda made: arrive(self._add(made)),
        )

    def toggle_play(self) -> None:
        """Play from the current frame to the end of the video, or stop playing."""
        here = self.here()
        if self.player.is_playing or here is None:
            self.player.stop()
            return
        recording = self.session.find_recording(here[0])
        layer = self.layer_of(recording) if recording is not None else None
        if recording is not None and layer is not None:
            self.player.play(here[1], len(layer.data), rate_of(layer, recording))

    def play(self, name: str, start: int, stop: int) -> None:
        """Show a recording and play some of its frames once, at the recorded frame rate.

        Parameters
        ----------
        name : str
            Name of the recording.
        start, stop : int
            Frame numbers, from 0; `stop` is not included.
        """

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

    def _add(self, made: Layer) -> Image:
        data, arguments, _ = made
        self.session.say("")
        return self._viewer().add_image(data, **arguments)

    def _bring_up(self, layer: Image, name: str, frame: int) -> None:
        viewer = self._viewer()
        active = viewer.layers.selection.active
        for other in viewer.layers:
            if other is not layer and self._is_recording(other) and not self._recordings_in(path_of(other)):
                other.visible = False  # a video that the study does not know would lie above
        self.session.set_recording(name)
        self.shown.asked, self._shown_name = None, ""
        if active is None or (belongs_to(active) or ("", ""))[0] != name:
            viewer.layers.selection.active = layer
        self._show_only(name)
        self._set_frame(layer, frame)
        self._announce()


def _is_video(layer: Any) -> bool:
    """Whether a layer is an image with time."""
    return isinstance(layer, ImageLayer) and layer.ndim > 2
