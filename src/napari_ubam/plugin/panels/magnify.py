"""Magnify: preview the magnified deviation in the viewer, add it as layers, write it to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtWidgets import QCheckBox, QFileDialog, QLabel

from napari_ubam.errors import UbamError
from napari_ubam.jobs import JobError
from napari_ubam.plugin.io.convert import Layer, rate_of
from napari_ubam.plugin.io.result_layers import arrow_layer, magnified_layers
from napari_ubam.plugin.io.settings import remember, remembered
from napari_ubam.plugin.state.magnification_cache import (
    MagnificationCache,
    MagnificationRequest,
    episode_span,
    span_around,
)
from napari_ubam.plugin.state.steps import Step, magnify_step
from napari_ubam.plugin.state.thread_progress import ThreadProgress
from napari_ubam.plugin.viewer.preview import Preview
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import Empty, JobBox, ReferenceBox, button, row, section
from napari_ubam.plugin.widgets.copy_box import CopyBox
from napari_ubam.plugin.widgets.factor_box import FactorBox
from napari_ubam.plugin.widgets.frame_span import FrameSpan
from napari_ubam.plugin.widgets.task_row import TaskRow
from napari_ubam.progress import Cancelled

from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

NO_MAGNIFIER = "Train the magnifier in the Train panel, or open a run that has one."
NO_RECORDING = "Show a recording of the run first, such as by a double click on an episode."
FILE_TYPES = "Video (*.mp4);;TIFF (*.tif);;All files (*)"
Found = tuple[list[Layer], list[str]]  # layers and warnings


class MagnifyPanel(Panel):
    """Magnification of the recording that is shown.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self._viewer = napari_viewer
        self._cache = MagnificationCache()
        self._rendering, self._adding = self.worker(), self.worker()
        self._preview_layer = Preview(napari_viewer)
        self.destroyed.connect(self._preview_layer.forget)
        self.empty = Empty(NO_MAGNIFIER)
        self.reference = ReferenceBox()
        self.reference.chosen.connect(self.session.set_reference)
        self.job_box = JobBox(self.session, ("magnify",))
        self._build()
        self.observe(self.session.run_changed, self.refresh)
        self.observe(self.session.recording_changed, self._recording_changed)
        self.observe(self.session.reference_changed, self._reference_changed)
        self.observe(self.session.job_changed, self.job_box.update_job)
        self.observe(self.link.moved, self._moved)
        self.refresh()
        self._recording_changed(self.session.recording)

    def _build(self) -> None:
        self.column.addWidget(self.empty)
        box, column = section("What is magnified")
        self.what = QLabel(NO_RECORDING)
        self.what.setWordWrap(True)
        self.span = FrameSpan()
        self.span.changed.connect(self._update_preview)
        around = button("Here", "Two seconds before and after the frame that is shown.", self.take_here)
        tip = "The episode that is shown, with half a second around it."
        episode = button("Episode", tip, self.take_episode)
        column.addWidget(self.what)
        column.addWidget(self.reference)
        column.addLayout(row("Frames", self.span, stretch=1))
        column.addLayout(row(around, episode))
        self.column.addWidget(box)
        settings = FactorBox()
        self.factor, self.smoothing, self.previewing = (
            settings.factor,
            settings.smoothing,
            settings.previewing,
        )
        settings.changed.connect(self._update_preview)
        self.previewing.toggled.connect(self._toggle_preview)
        self.column.addWidget(settings)
        self.column.addWidget(self._layers_box())
        self.column.addWidget(self.job_box)
        self.column.addLayout(row(CopyBox(self._steps, self.say), "", stretch=1))
        self.column.addStretch(1)

    def _layers_box(self) -> Any:
        box, column = section("Results")
        tip = "Magnified frames, reference and difference as layers, linked in time."
        self.add = button("Add layers", tip, self.add_layers)
        tip = "An arrow for each part that moved, in every frame of the range. This takes some time."
        self.arrows = button("Add arrows", tip, self.add_arrows)
        self.save = button("Save as …", "Write a video or a TIFF stack in the background.", self.save_as)
        self.arrow_row = TaskRow(self.worker(), "Stop. No arrows are added.")
        self.side_by_side = QCheckBox("side by side")
        self.side_by_side.setToolTip("Original, magnified and difference in a row in the file.")
        self.label = QCheckBox("with label")
        self.label.setToolTip("Factor and reference written into the picture of the file.")
        self.label.setChecked(True)
        self.grid = QCheckBox("Show layers beside each other")
        self.grid.setToolTip("Original and magnified in a grid instead of one above the other.")
        self.grid.toggled.connect(self._set_grid)
        column.addLayout(row(self.add, self.arrows))
        column.addWidget(self.arrow_row)
        column.addLayout(row(self.save, self.side_by_side, self.label))
        column.addWidget(self.grid)
        return box

    # settings -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the run of the session."""
        contents = self.session.contents
        ready = contents is not None and contents.run is not None and contents.has_magnifier
        self.empty.setVisible(not ready)
        for widget in (self.add, self.save, self.previewing):
            widget.setEnabled(ready)
        self.arrows.setEnabled(ready and not self.arrow_row.is_running)
        self.reference.set_study(self.session.run_study)
        if self.session.reference:
            self.reference.set_text(self.session.reference)

    def _recording_changed(self, name: str) -> None:
        self.what.setText(f"Recording {name}" if name else NO_RECORDING)
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
            self._preview_layer.remove()

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
            self._preview_layer.remove()
            self.say(f"Frame {here[1]} is outside of frames {wanted.start} to {wanted.stop - 1}; press Here.")
            return
        factor, frame = self.factor.value(), here[1]
        recording = self.session.find_recording(wanted.recording)
        layer = self.link.layer_of(recording) if recording is not None else None

        def show(found: tuple[npt.NDArray[np.uint8], list[str]]) -> None:
            image, warnings = found
            self._preview_layer.show(image, f"preview × {factor:.1f}", layer)
            self.say(" ".join(warnings))

        self._rendering.run(lambda: self._cache.preview(wanted, frame, factor), show)

    # results ----------------------------------------------------------------------------------------

    def add_layers(self) -> None:
        """Add magnified frames, reference and difference as layers."""
        request = self._request_to_add()
        if request is None:
            return
        factor = round(self.factor.value(), 2)
        self.add.setEnabled(False)
        self.say(f"Magnifying {request.stop - request.start} frames …")

        def work() -> Found:
            made = self._cache.prepare(request, factor)
            return magnified_layers(made), list(made.metadata["warnings"])

        self._adding.run(work, self._add_image_layers, self._not_added)

    def add_arrows(self) -> None:
        """Compute the arrows of all frames in a thread, and add them as a layer."""
        request = self._request_to_add()
        if request is None:
            return
        factor = round(self.factor.value(), 2)
        self.arrows.setEnabled(False)
        self.say("")

        def work(progress: ThreadProgress) -> Found:
            made = self._cache.prepare(request, factor)
            return [arrow_layer(made, made.arrows(progress=progress, cancel=progress))], []

        self.arrow_row.run(work, self._add_arrow_layer, self._no_arrows)

    def _request_to_add(self) -> MagnificationRequest | None:
        wanted = self.wanted()
        if isinstance(wanted, str):
            self.say(wanted)
            return None
        remember(factor=round(self.factor.value(), 2), smoothing_ms=self.smoothing.value())
        return wanted

    def _add_image_layers(self, found: Found) -> None:
        self.add.setEnabled(True)
        self.previewing.setChecked(False)  # the new layers would hide it
        self._add(found)

    def _add_arrow_layer(self, found: Found) -> None:
        self.arrows.setEnabled(True)
        self._add(found)

    def _no_arrows(self, error: BaseException) -> None:
        self.arrows.setEnabled(True)
        if isinstance(error, (Cancelled, UbamError)):
            self.say("No arrows were added." if isinstance(error, Cancelled) else str(error))
        else:
            tell_error(error)

    def _not_added(self, error: BaseException) -> None:
        self.add.setEnabled(True)
        self.say("")
        tell_error(error)

    def _add(self, found: Found) -> None:
        layers, warnings = found
        active = self._viewer.layers.selection.active
        for data, arguments, kind in layers:
            made = getattr(self._viewer, f"add_{kind}")(data, **arguments)
            if "difference" in made.name and hasattr(made, "colorbar"):
                made.colorbar.visible = True
        self._viewer.layers.selection.active = active
        here, (start, stop) = self.link.here(), self.span.value
        if here is not None and not start <= here[1] < stop:
            self.link.show(here[0], start)
        self._set_grid(self.grid.isChecked())
        added = "Added 1 layer." if len(layers) == 1 else f"Added {len(layers)} layers."
        self.say(" ".join(warnings) or added)

    def _set_grid(self, on: bool) -> None:
        self._viewer.canvas.grid.enabled = on

    def save_as(self, path: Path | None = None) -> None:
        """Write the magnified frames in a job.

        Parameters
        ----------
        path : Path, optional
            File to write. Default: ask the user.
        """
        wanted = self.wanted()
        if isinstance(wanted, str):
            self.say(wanted)
            return
        if path is None:
            start = str(wanted.run / f"{wanted.recording} x{self.factor.value():.1f}.mp4")
            name, _ = QFileDialog.getSaveFileName(self, "Save the magnified frames", start, FILE_TYPES)
            path = Path(name) if name else None
        if path is None:
            return
        self.say("")
        try:
            self.session.start(wanted.run, list(self._step(wanted, path).arguments))
        except JobError as error:
            tell_error(error)

    def _step(self, wanted: MagnificationRequest, path: Path) -> Step:
        return magnify_step(
            wanted.recording,
            wanted.run,
            path,
            reference=wanted.reference,
            factor=round(self.factor.value(), 2),
            frames=(wanted.start, wanted.stop),
            smoothing_ms=wanted.smoothing_ms,
            device=wanted.device,
            side_by_side=self.side_by_side.isChecked(),
            label=self.label.isChecked(),
        )

    def _steps(self) -> list[Step] | str:
        wanted = self.wanted()
        return wanted if isinstance(wanted, str) else [self._step(wanted, wanted.run / "magnified.mp4")]
