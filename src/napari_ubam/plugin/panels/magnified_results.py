"""Results of the Magnify panel: magnified frames as layers, arrows of the movement, and files."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QFileDialog, QGroupBox, QVBoxLayout

from napari_ubam.errors import UbamError
from napari_ubam.jobs import JobError
from napari_ubam.plugin.io.convert import Layer
from napari_ubam.plugin.io.marks import MARK, belongs_to, noting
from napari_ubam.plugin.io.result_layers import arrow_layer, magnified_layers
from napari_ubam.plugin.io.settings import remember
from napari_ubam.plugin.state.magnification_cache import MagnificationCache, MagnificationRequest
from napari_ubam.plugin.state.steps import Step, magnify_step
from napari_ubam.plugin.state.thread_progress import ThreadProgress
from napari_ubam.plugin.viewer.own_layers import add_own, own_layers
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import button, explain, row
from napari_ubam.plugin.widgets.factor_box import FactorBox
from napari_ubam.plugin.widgets.task_row import TaskRow
from napari_ubam.progress import Cancelled
from napari_ubam.study.values import counted

from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

SAVE = "Write a video or a TIFF stack in the background."
FILE_TYPES = "Video (*.mp4);;TIFF (*.tif);;All files (*)"
Found = tuple[list[Layer], list[str]]  # layers and warnings
TURNS = 3  # of the event loop from one step to the next: the panels follow a new layer, then napari draws it


class MagnifiedResults(QGroupBox):
    """Buttons that add magnified frames and arrows to the viewer, or write a file.

    Parameters
    ----------
    panel : Panel
        The panel that shows these buttons.
    viewer : napari.Viewer
    cache : MagnificationCache
        Shared with the preview.
    settings : FactorBox
        Factor, smoothing and preview.
    request : callable
        Gives what to magnify, or a sentence if something is missing.
    """

    def __init__(
        self,
        panel: Panel,
        viewer: Viewer,
        cache: MagnificationCache,
        settings: FactorBox,
        request: Callable[[], MagnificationRequest | str],
    ) -> None:
        super().__init__("Results")
        self._panel, self._viewer, self._cache = panel, viewer, cache
        self._settings, self._request = settings, request
        self._adding = panel.worker()
        self._is_ready, self._why_not = False, ""
        self._steps: deque[Callable[[], None]] = deque()
        self._turns = TURNS
        self._inserted: tuple[Any, Any, bool] = (None, None, False)  # selected, to be selected, asked for
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._next_step)
        self._build()

    def _build(self) -> None:
        tip = "Add magnified frames, reference and difference as layers."
        self.add = button("Add layers", tip, self.add_layers)
        tip = "Add an arrow for each part that moved; this takes some time."
        self.arrows = button("Add arrows", tip, self.add_arrows)
        self.arrow_row = TaskRow(self._panel.worker(), "Stop. No arrows are added.")
        self.save = button("Save as …", SAVE, self.save_as)
        self.side_by_side = QCheckBox("side by side")
        self.side_by_side.setToolTip("Write original, magnified frame and difference side by side.")
        self.label = QCheckBox("with label")
        self.label.setToolTip("Write factor and reference into the picture.")
        self.label.setChecked(True)
        self.grid = QCheckBox("Show layers beside each other")
        self.grid.setToolTip("Show the layers in a grid instead of one above the other.")
        self.grid.setChecked(bool(self._viewer.canvas.grid.enabled))
        self.grid.toggled.connect(self._set_grid)
        # Also by napari's own button.
        self._panel.observe(self._panel.link.grid_changed, lambda on: self.grid.setChecked(on))
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 10, 6, 6)
        column.addLayout(row(self.add, self.arrows))
        column.addWidget(self.arrow_row)
        column.addLayout(row(self.save, self.side_by_side, self.label))
        column.addWidget(self.grid)

    def set_ready(self, why_not: str) -> None:
        """Enable or disable the buttons. Call `set_busy` afterwards.

        Parameters
        ----------
        why_not : str
            Why nothing can be magnified; empty if something can.
        """
        self._is_ready, self._why_not = not why_not, why_not
        explain(self.add, why_not, self._is_ready and not self._adding.is_busy)
        explain(self.arrows, why_not, self._is_ready and not self.arrow_row.is_running)

    def set_busy(self, busy: str) -> None:
        """Enable or disable the button for files: a job writes them, so it waits for the end of another one.

        Parameters
        ----------
        busy : str
            Why no job can start now; empty if one can.
        """
        self.save.setEnabled(self._is_ready and not busy)
        self.save.setToolTip(self._why_not or busy or SAVE)

    def add_layers(self) -> None:
        """Add magnified frames, reference and difference as layers."""
        request = self._request_to_add()
        if request is None:
            return
        factor = round(self._settings.factor.value(), 2)
        here = self._panel.link.here()
        shown = here[1] - request.start if here is not None else 0
        shown = shown if 0 <= shown < request.stop - request.start else 0
        self.add.setEnabled(False)
        self._panel.say(f"Magnifying {counted(request.stop - request.start, 'frame')} …")

        def work() -> Found:
            made = self._cache.prepare(request, factor)
            layers = magnified_layers(made)
            for data, _, _ in layers:  # napari asks for these frames at once, in the thread of the window
                for number in {0, shown}:
                    np.asarray(data[number])
            return layers, list(made.metadata["warnings"])

        self._adding.run(work, partial(self._add_image_layers, request), self._not_added)

    def add_arrows(self) -> None:
        """Compute the arrows of all frames in a thread, and add them as a layer."""
        request = self._request_to_add()
        if request is None:
            return
        factor = round(self._settings.factor.value(), 2)
        self.arrows.setEnabled(False)
        self._panel.say("")

        def work(progress: ThreadProgress) -> Found:
            made = self._cache.prepare(request, factor)
            return [arrow_layer(made, made.arrows(progress=progress, cancel=progress))], []

        self.arrow_row.run(work, partial(self._add_arrow_layer, request), self._no_arrows)

    def _request_to_add(self) -> MagnificationRequest | None:
        wanted = self._request()
        if isinstance(wanted, str):
            self._panel.say(wanted)
            return None
        remember(
            factor=round(self._settings.factor.value(), 2), smoothing_ms=self._settings.smoothing.value()
        )
        return wanted

    def _add_image_layers(self, request: MagnificationRequest, found: Found) -> None:
        self.add.setEnabled(self._is_ready)
        self._settings.previewing.setChecked(False)  # the new layers would hide it
        self._add(request, found)

    def _add_arrow_layer(self, request: MagnificationRequest, found: Found) -> None:
        self.arrows.setEnabled(self._is_ready)
        self._add(request, found)

    def _no_arrows(self, error: BaseException) -> None:
        self.arrows.setEnabled(self._is_ready)
        if isinstance(error, (Cancelled, UbamError)):
            self._panel.say("No arrows were added." if isinstance(error, Cancelled) else str(error))
        else:
            tell_error(error)

    def _not_added(self, error: BaseException) -> None:
        self.add.setEnabled(self._is_ready)
        self._panel.say("")
        tell_error(error)

    def _add(self, request: MagnificationRequest, found: Found) -> None:
        """Add layers one after the other, so that the window can answer in between."""
        layers, warnings = found
        names = self._panel.link.reference_names(request.reference)
        added = f"Added {counted(len(layers), 'layer')}."
        for data, arguments, kind in layers:
            noted = (data, noting(arguments, of=names), kind)
            self._steps += [partial(self._insert, request.recording, noted), self._select_inserted]
        if layers[0][1]["metadata"][MARK]["role"] == "magnified":
            self._steps.append(partial(self._show_colorbar, request.recording))
        self._steps.append(partial(self._finish, request, " ".join(warnings) or added))
        self._pause.start()

    def _next_step(self) -> None:
        """Let some turns of the event loop pass, then do the next step."""
        self._turns -= 1
        if not self._turns:
            self._turns = TURNS
            self._steps.popleft()()
        if self._steps:
            self._pause.start()

    def _insert(self, recording: str, layer: Layer) -> None:
        """Insert a layer, which napari selects; a user who has gone to another recording stays there."""
        selection = self._viewer.layers.selection
        active, is_here = selection.active, self._panel.session.recording == recording
        made = add_own(self._viewer, layer)
        is_first = (belongs_to(made) or ("", ""))[1] in ("magnified", "arrows")
        if not is_here:
            selection.active = active
        self._inserted = (selection.active, made if is_first and is_here else active, is_first and is_here)

    def _select_inserted(self) -> None:
        """Select and show the layer that the user asked for, and leave the selection as it was for others."""
        selected, layer, is_asked = self._inserted
        layers = self._viewer.layers
        if layers.selection.active is not selected or (layer is not None and layer not in layers):
            return  # the user has selected another one in between, or deleted this one
        layers.selection.active = layer
        if is_asked and not layer.visible:
            layer.visible = True

    def _show_colorbar(self, recording: str) -> None:
        for layer in own_layers(self._viewer, recording, "difference"):
            layer.colorbar.visible = True

    def _finish(self, request: MagnificationRequest, sentence: str) -> None:
        here = self._panel.link.here()
        frames = range(request.start, request.stop)
        if here is not None and here[0] == request.recording and here[1] not in frames:
            self._panel.link.show(here[0], request.start)
        self._panel.say(sentence)

    def _set_grid(self, on: bool) -> None:
        self._viewer.canvas.grid.enabled = on

    def save_as(self, path: Path | None = None) -> None:
        """Write the magnified frames in a job.

        Parameters
        ----------
        path : Path, optional
            File to write. Default: ask the user.
        """
        wanted = self._request()
        if isinstance(wanted, str):
            self._panel.say(wanted)
            return
        if path is None:
            start = str(wanted.run / f"{wanted.recording} x{self._settings.factor.value():.1f}.mp4")
            name, _ = QFileDialog.getSaveFileName(self, "Save the magnified frames", start, FILE_TYPES)
            path = Path(name) if name else None
        if path is None:
            return
        self._panel.say("")
        try:
            self._panel.session.start(wanted.run, list(self._step(wanted, path).arguments))
        except JobError as error:
            tell_error(error)

    def _step(self, wanted: MagnificationRequest, path: Path) -> Step:
        return magnify_step(
            wanted.recording,
            wanted.run,
            path,
            reference=wanted.reference,
            factor=round(self._settings.factor.value(), 2),
            frames=(wanted.start, wanted.stop),
            smoothing_ms=wanted.smoothing_ms,
            device=wanted.device,
            side_by_side=self.side_by_side.isChecked(),
            label=self.label.isChecked(),
        )

    def steps(self) -> list[Step] | str:
        """Give the steps of a script that writes the same frames.

        Returns
        -------
        list of Step or str
            A sentence if something is missing.
        """
        wanted = self._request()
        return wanted if isinstance(wanted, str) else [self._step(wanted, wanted.run / "magnified.mp4")]
