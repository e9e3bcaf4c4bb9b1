"""Magnify: choose a recording and its frames, and preview the magnified deviation in the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from qtpy.QtWidgets import QLabel

from napari_ubam.plugin.io.convert import rate_of
from napari_ubam.plugin.io.settings import remembered
from napari_ubam.plugin.state.magnification_cache import (
    MagnificationCache,
    MagnificationRequest,
    episode_span,
    span_around,
)
from napari_ubam.plugin.viewer.preview import Preview
from napari_ubam.plugin.widgets import Empty, JobBox, ReferenceBox, button, row, section
from napari_ubam.plugin.widgets.copy_box import CopyBox
from napari_ubam.plugin.widgets.factor_box import PREVIEW, FactorBox
from napari_ubam.plugin.widgets.frame_span import FrameSpan
from napari_ubam.plugin.widgets.outdated import OutdatedNote

from .magnified_results import MagnifiedResults
from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

NO_MAGNIFIER = "Train the magnifier in the Train panel, or open a run that has one."
NO_RECORDING = "Show a recording of the run first, for example by a double click on an episode."


class MagnifyPanel(Panel):
    """Magnification of the current recording.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self._viewer = napari_viewer
        self._cache = MagnificationCache()
        self._rendering = self.worker()
        self._preview_layer = Preview(napari_viewer, self.link)
        self.destroyed.connect(self._preview_layer.forget)
        self.empty = Empty(NO_MAGNIFIER)
        self.reference = ReferenceBox()
        self.reference.chosen.connect(self.session.set_reference)
        self.job_box = JobBox(self.session, ("magnify",))
        self._build()
        self.observe(self.session.run_changed, self.refresh)
        self.observe(self.session.recording_changed, self._recording_changed)
        self.observe(self.session.reference_changed, self._reference_changed)
        self.observe(self.session.job_changed, self._job_changed)
        self.observe(self.session.agreement_changed, self._agreement_changed)
        self.observe(self.link.moved, self._moved)
        self.observe(self.link.layer_removed, self._layer_removed)
        self.refresh()
        self._recording_changed(self.session.recording)

    def _build(self) -> None:
        self.column.addWidget(self.empty)
        box, column = section("Recording and frames")
        self.what = QLabel(NO_RECORDING)
        self.what.setWordWrap(True)
        self.span = FrameSpan()
        self.span.changed.connect(self._update_preview)
        around = button("Here", "Choose two seconds before and after the current frame.", self.take_here)
        tip = "Choose the current episode, with half a second before and after it."
        episode = button("Episode", tip, self.take_episode)
        self.outdated = OutdatedNote()
        column.addWidget(self.what)
        column.addWidget(self.reference)
        column.addWidget(self.outdated)
        column.addLayout(row("Frames", self.span, stretch=1))
        column.addLayout(row(around, episode))
        self.column.addWidget(box)
        settings = FactorBox()
        self.factor, self.smoothing = settings.factor, settings.smoothing
        self.previewing = settings.previewing
        settings.changed.connect(self._update_preview)
        self.observe(self.link.factor_stepped, settings.step)
        self.previewing.toggled.connect(self._toggle_preview)
        self._preview_layer.toggled.connect(self._preview_toggled)
        self.column.addWidget(settings)
        self.results = MagnifiedResults(self, self._viewer, self._cache, settings, self.wanted)
        self.column.addWidget(self.results)
        self.column.addWidget(self.job_box)
        self.column.addLayout(row(CopyBox(self.results.steps, self.say), "", stretch=1))
        self.column.addStretch(1)

    # settings -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the run of the session."""
        contents = self.session.contents
        self.empty.setVisible(contents is None or contents.run is None or not contents.has_magnifier)
        self.reference.set_study(self.session.current_study)
        if self.session.reference:
            self.reference.set_text(self.session.reference)
        self._enable()

    def _enable(self) -> None:
        """Say whether frames can be magnified, and with which sentence if the study has changed."""
        contents, name = self.session.contents, self.session.recording
        outdated = self.session.magnification_outdated(name) if name else ""
        self.outdated.show_note(outdated)
        ready = contents is not None and contents.run is not None and contents.has_magnifier and not outdated
        if not ready:
            self.previewing.setChecked(False)
        why_not = "" if ready else outdated or NO_MAGNIFIER
        self.previewing.setEnabled(ready)
        self.previewing.setToolTip(why_not or PREVIEW)
        self.results.set_ready(why_not)
        self._job_changed()

    def _job_changed(self) -> None:
        self.job_box.update_job()
        self.results.set_busy(self.session.busy)

    def _agreement_changed(self) -> None:
        self.refresh()
        self._update_preview()

    def _layer_removed(self, recording: str, role: str) -> None:
        if role == "preview":
            self.previewing.setChecked(False)

    def _recording_changed(self, name: str) -> None:
        self.what.setText(f"Recording {name}" if name else NO_RECORDING)
        self._preview_layer.hide()
        self._enable()
        if not name:
            self.previewing.setChecked(False)
        if name and self.link.here() is not None:
            self.take_episode(quiet=True)

    def _reference_changed(self, text: str) -> None:
        self.reference.set_text(text)
        self._update_preview()

    def take_here(self) -> None:
        """Choose the frames around the current frame."""
        here, known = self.link.here(), self._bounds()
        if here is None or known is None:
            self.say(NO_RECORDING)
            return
        self.span.set_span(*span_around(here[1], *known))

    def take_episode(self, quiet: bool = False) -> None:
        """Choose the frames of the current episode, or around the current frame if it is in none.

        Parameters
        ----------
        quiet : bool
            Whether to say nothing if no recording is shown.
        """
        here, known, results = self.link.here(), self._bounds(), self.session.results
        if here is None or known is None:
            if not quiet:
                self.say(NO_RECORDING)
            return
        found = episode_span(results.episodes_of(here[0]), here[1], *known) if results is not None else None
        if found is None:
            self.take_here()
        else:
            self.span.set_span(*found)

    def _bounds(self) -> tuple[int, int, float] | None:
        """First and last frame of the recording that is shown, and its frame rate."""
        recording = self.session.find_recording(self.session.recording)
        layer = self.link.layer_of(recording) if recording is not None else None
        if recording is None or layer is None:
            return None
        frames = recording.frames(len(layer.data))
        return frames[0], frames[-1], rate_of(layer, recording)

    # preview ----------------------------------------------------------------------------------------

    def wanted(self) -> MagnificationRequest | str:
        """Return what the user has set.

        Returns
        -------
        MagnificationRequest or str
            A sentence if something is missing.
        """
        contents, name = self.session.contents, self.session.recording
        if contents is None or contents.run is None or not contents.has_magnifier:
            return NO_MAGNIFIER
        if not name or self._bounds() is None:
            return NO_RECORDING
        if not self.reference.text:
            return "Choose the reference first."
        outdated = self.session.magnification_outdated(name)
        if outdated:
            return outdated
        start, stop = self.span.value
        if stop <= start:
            return "The last frame comes before the first; choose another range."
        return MagnificationRequest(
            contents.folder,
            name,
            self.reference.text,
            start,
            stop,
            self.smoothing.value(),
            str(remembered("device")),
        )

    def _toggle_preview(self, on: bool) -> None:
        if on:
            self._update_preview()
        else:
            self._rendering.forget()
            self._preview_layer.hide()

    def _preview_toggled(self, on: bool) -> None:
        """Follow the user who has shown or hidden the preview in the layer list."""
        self.previewing.setChecked(on)

    def _moved(self, name: str, frame: int) -> None:
        if self.previewing.isChecked():
            self._update_preview()

    def _update_preview(self, _: object = None) -> None:
        if not self.previewing.isChecked():
            return
        wanted, here = self.wanted(), self.link.here()
        if isinstance(wanted, str) or here is None:
            self.say(wanted if isinstance(wanted, str) else NO_RECORDING)
            return
        if not wanted.start <= here[1] < wanted.stop:
            self._preview_layer.hide()
            self.say(f"Frame {here[1]} is outside of frames {wanted.start} to {wanted.stop - 1}; press Here.")
            return
        factor, frame = self.factor.value(), here[1]
        recording = self.session.find_recording(wanted.recording)
        video = recording.video if recording is not None else ""

        def show(found: tuple[npt.NDArray[np.uint8], list[str]]) -> None:
            image, warnings = found
            self._preview_layer.show(image, wanted.recording, video, factor, wanted.reference)
            self.say(" ".join(warnings))

        self._rendering.run(lambda: self._cache.preview(wanted, frame, factor), show)
