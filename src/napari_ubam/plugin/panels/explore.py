"""Explore: the most similar frames of other subjects, a map of all frames, and further analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QDockWidget, QLabel, QMainWindow

from napari_ubam.errors import UbamError
from napari_ubam.kinds import KINDS, NEIGHBOURS_KIND, Individual
from napari_ubam.plugin.io.point_colours import colours_of_rows, groups_of, legend_of
from napari_ubam.plugin.io.thumbnails import thumbnails
from napari_ubam.plugin.state import explored
from napari_ubam.plugin.state.explored import Rows, captions
from napari_ubam.plugin.viewer.theme import colours_of
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import Empty, button, narrow, row, section, ticked
from napari_ubam.plugin.widgets.analysis_box import AnalysisBox
from napari_ubam.plugin.widgets.folded import Folded
from napari_ubam.plugin.widgets.map_canvas import MapCanvas
from napari_ubam.plugin.widgets.outdated import OutdatedNote, fade
from napari_ubam.plugin.widgets.strip import Strip

from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_ubam.run import Explorer

EMPTY = "Score a study in the Deviation panel first. Then you can compare and map its frames."
COUNT = 8
REST_MS = 150  # the slider rests when it has not moved for this long
Shown = tuple[pd.DataFrame, list[npt.NDArray[np.uint8]]]  # frames and their thumbnails


class ExplorePanel(Panel):
    """Neighbours of the frame that is shown, the map, and further analyses.

    Parameters
    ----------
    napari_viewer : napari.Viewer

    Attributes
    ----------
    searched : Signal
        Emits when a search for neighbours starts.
    rest : QTimer
        Runs until the slider rests.
    """

    searched = Signal()

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self._loading, self._asking, self._mapping = self.worker(), self.worker(), self.worker()
        self._explorer: Explorer | None = None
        self._found = pd.DataFrame()
        self._table: pd.DataFrame | None = None
        self._rows, self._among = Rows(), explored.AMONG_SUBJECTS
        self.rest = QTimer(self)
        self.rest.setSingleShot(True)
        self.rest.setInterval(REST_MS)
        self.rest.timeout.connect(self._rested)
        self.empty = Empty(EMPTY)
        self.strip = Strip()
        self.strip.chosen.connect(self._open_neighbour)
        look = colours_of(napari_viewer)
        self.map = MapCanvas(look.background)
        self.map.clicked.connect(self._open_point)
        self.map.selected.connect(self._lassoed)
        self.analyses = AnalysisBox(self.session, self.worker(), self.say, self.play_place, look)
        self._build()
        self.observe(self.session.results_changed, self.load)
        self.observe(self.session.results_changed, self.analyses.load)
        self.observe(self.session.job_changed, self.analyses.update_job)
        self.observe(self.session.agreement_changed, self._show_agreement)
        self.observe(self.link.moved, lambda *_: self.rest.start())
        self.observe(self.link.playing_changed, lambda _: self.rest.start())
        paint = self.map.set_background
        self.observe(self.link.theme_changed, lambda: paint(colours_of(napari_viewer).background))
        self.load()

    def _build(self) -> None:
        self.column.addWidget(self.empty)
        self.outdated = OutdatedNote()
        self.column.addWidget(self.outdated)
        self.alone = ticked("without the individual", explored.ALONE, lambda _: self._compare_again())
        self.column.addWidget(self.alone)
        self.kind = QComboBox()
        self.kind.addItems(list(KINDS))
        self.kind.setCurrentText(NEIGHBOURS_KIND)
        self.kind.setToolTip("Compare the postures of single frames, or the behaviour around them.")
        self.kind.currentTextChanged.connect(lambda _: self.ask())
        tip = "Search again when the viewer shows another frame."
        self.following = ticked("follow the slider", tip, lambda on: self.ask() if on else None)
        narrow(self.kind)
        self.alike, column = section(explored.AMONG_SUBJECTS.title)
        column.addLayout(row(self.kind, self.following, stretch=0))
        column.addWidget(self.strip)
        self.column.addWidget(self.alike)
        box, column = section("Map of all frames")
        self.method, self.colour = QComboBox(), QComboBox()
        self.method.addItems(["umap", "pca"])
        self.method.setToolTip("Method of the map: umap shows clusters, pca is faster.")
        self.colour.addItems(["group", "subject", "session", "deviation"])
        self.colour.setToolTip("Colour the points by this column.")
        self.colour.currentTextChanged.connect(lambda _: self._paint())
        self.make = button("Make map", "Map all frames by the similarity of their behaviour.", self.make_map)
        self.lasso = button(
            "Lasso", "Select points by dragging the mouse; press again to move the map.", self._toggle_lasso
        )
        self.lasso.setCheckable(True)
        narrow(self.method, 4)
        narrow(self.colour, 6)
        self.legend = QLabel()
        self.legend.setWordWrap(True)
        column.addLayout(row(self.method, "colour by", self.colour, stretch=2))
        column.addLayout(row(self.make, self.lasso))
        column.addWidget(self.map.native, 1)
        column.addWidget(self.legend)
        self.column.addWidget(box, 1)
        self.more = Folded("More analyses", self.analyses)
        self.column.addWidget(self.more)

    # codes ------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Load the run's codes in a thread."""
        run, job = self.session.run, self.session.job_progress
        loaded = self._explorer is not None and run is not None and self._explorer.folder == run.folder
        if loaded and job is not None and job.job.kind in ("analyse", "compare", "export"):
            return  # it changes neither codes nor scores, so the map stays
        self._explorer, self._table = None, None
        self._clear_map()
        self._show_agreement()
        self.empty.setVisible(run is None or self.session.results is None)
        self.make.setEnabled(False)
        if run is None or self.session.results is None:
            return
        self._loading.run(lambda: explored.read_explored(run), self._loaded, self._refused)

    def _show_agreement(self) -> None:
        """Fade what does not belong to the study and the reference that are chosen now."""
        note = self.session.outdated
        self.outdated.show_note(note)
        fade(bool(note), self.strip, self.legend)
        self.map.fade(bool(note))
        self.analyses.show_agreement()

    def _refused(self, error: BaseException) -> None:
        """Show a refusal at the foot of the panel; any other error is a defect of ours."""
        if isinstance(error, (UbamError, OSError)):
            self.say(str(error))
        else:
            tell_error(error)

    def _loaded(self, found: tuple[Explorer, Rows]) -> None:
        self._explorer, self._rows = found
        self._among = explored.searched_among(self._explorer)
        self.alike.setTitle(self._among.title)
        self.make.setEnabled(True)
        self.ask()

    @property
    def _individual(self) -> Individual:
        return "remove" if self.alone.isChecked() else "keep"

    def _compare_again(self) -> None:
        """Show neighbours and map of the codes that are chosen now."""
        self.ask()
        if self._table is not None:
            self.make_map()

    # neighbours -------------------------------------------------------------------------------------

    def _rested(self) -> None:
        """Show where the slider rests; nothing while it plays or the panel is hidden."""
        if self.link.player.is_playing or self.visibleRegion().isEmpty():  # behind a tab, Qt calls it visible
            return
        here = self.link.here()
        if here is not None and self._table is not None:
            self.map.move_cursor(self._rows.get(here))
        if self.following.isChecked():
            self.ask()

    def place(self, window: QMainWindow, dock: QDockWidget) -> None:
        """Put the dock behind a tab, and show what was not followed when its tab is chosen."""
        super().place(window, dock)
        dock.visibilityChanged.connect(self._start_rest)

    def _start_rest(self, _: bool) -> None:
        self.rest.start()

    def ask(self) -> None:
        """Find the neighbours of the frame that is shown."""
        explorer, here, individual = self._explorer, self.link.here(), self._individual
        if explorer is None or here is None:
            return
        if here not in self._rows:
            self.strip.clear()
            self.say(f"Frame {here[1]} of {here[0]} cannot be compared: its window is not complete.")
            return
        kind, same = self.kind.currentText(), self._among.same_subject
        choices: Any = {"kind": kind, "individual": individual, "same_subject": same}
        self.say(" ".join(filter(None, [self._among.note, *explorer.notes(individual)])))

        def work() -> Shown:
            table = explorer.neighbours(*here, **choices, count=COUNT)
            return table, self._pictures(table)

        self._asking.run(work, self._show, self._refused)
        self.searched.emit()

    def _pictures(self, table: pd.DataFrame) -> list[npt.NDArray[np.uint8]]:
        pairs = zip(table["recording"], table["frame"], strict=True)
        known = ((self.session.find_recording(str(name)), int(frame)) for name, frame in pairs)
        return thumbnails((one, frame) for one, frame in known if one is not None)

    def _show(self, found: Shown) -> None:
        self._found, pictures = found
        texts = captions(self._found)
        if len(pictures) == len(texts):
            self.strip.show_pictures(pictures, texts)

    def _open_neighbour(self, number: int) -> None:
        if number < len(self._found):
            one = self._found.iloc[number]
            self._go(str(one["recording"]), int(one["frame"]))

    def _go(self, name: str, frame: int) -> None:
        # What was found stays, so that the neighbours can be looked at one after the other.
        self.following.setChecked(False)
        self.link.show(name, frame)

    # map --------------------------------------------------------------------------------------------

    def make_map(self) -> None:
        """Compute the map in a thread, or read the map of the run if codes and settings are the same."""
        explorer, individual = self._explorer, self._individual
        method: Any = self.method.currentText()
        if explorer is None:
            return
        self.make.setEnabled(False)
        self.say("Computing the map; the first time takes a while …")
        self._mapping.run(
            lambda: explorer.with_deviation(explorer.map(individual=individual, method=method)),
            self._mapped,
            self._not_mapped,
        )

    def _not_mapped(self, error: BaseException) -> None:
        self.make.setEnabled(True)
        self._refused(error)

    def _mapped(self, found: pd.DataFrame) -> None:
        self.make.setEnabled(True)
        self._table = found
        self._paint()
        self.say("")
        if (here := self.link.here()) is not None:
            self.map.move_cursor(self._rows.get(here))

    def _clear_map(self) -> None:
        """Forget the map, which may show a recording that is not in the run any more."""
        self.map.show_points(np.empty((0, 2)), np.empty((0, 4)))
        self.legend.clear()

    def _paint(self) -> None:
        if self._table is None:
            return
        colour = self.colour.currentText()
        self.map.show_points(self._table[["x", "y"]].to_numpy(), colours_of_rows(self._table, colour))
        self.legend.setText(legend_of(self._table, colour))

    def _open_point(self, number: int) -> None:
        if self._table is not None:
            one = self._table.iloc[number]
            self._go(str(one["recording"]), int(one["frame"]))

    def _toggle_lasso(self) -> None:
        self.map.lasso = self.lasso.isChecked()
        if not self.map.lasso:
            self.map.highlight(None)

    def _lassoed(self, rows: npt.NDArray[np.int64]) -> None:
        """Say what was selected, and show examples."""
        if self._table is None or not len(rows):
            self.say("Nothing was selected.")
            return
        chosen = self._table.iloc[rows]
        self.say(groups_of(chosen))
        some = chosen.iloc[np.linspace(0, len(chosen) - 1, min(COUNT, len(chosen))).astype(int)]
        self.following.setChecked(False)
        self._asking.run(lambda: (some.reset_index(drop=True), self._pictures(some)), self._show)
