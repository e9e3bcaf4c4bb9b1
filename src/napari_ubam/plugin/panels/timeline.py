"""Timeline: the scores of the recording that is shown, docked below the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout

from napari_ubam.plugin.viewer.theme import colours_of
from napari_ubam.plugin.widgets import button, row
from napari_ubam.plugin.widgets.timeline_plot import TimelinePlot

from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

NAME = "uBAM timeline"
BELOW = Qt.DockWidgetArea.BottomDockWidgetArea
EMPTY = "No scores yet: choose a reference in the Deviation panel, and score."


class TimelinePanel(Panel):
    """Scores over time; the cursor follows the slider, and a click moves it.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self.plot = TimelinePlot(colours_of(napari_viewer))
        self.plot.setToolTip("Click or drag to jump to a frame.")
        self.plot.clicked.connect(self._jump)
        self.play = button("Play", "Play at the recording's true rate; again to stop.", self.link.toggle_play)
        before = button("|◀", "Jump to the episode before.", lambda: self.jump_episode(-1))
        after = button("▶|", "Jump to the next episode.", lambda: self.jump_episode(1))
        buttons = QVBoxLayout()
        for one in (self.play, before, after):
            one.setMaximumWidth(64)
            buttons.addWidget(one)
        buttons.addStretch(1)
        self.column.addLayout(row(buttons, self.plot, stretch=1))
        self.observe(self.session.results_changed, self.refresh)
        self.observe(self.session.recording_changed, self.refresh)
        self.observe(self.link.moved, self._moved)
        self.observe(self.link.playing_changed, self._playing)
        self.observe(self.link.theme_changed, self._dressed)
        self._viewer = napari_viewer
        self.refresh()

    def refresh(self) -> None:
        """Draw the scores of the session's recording."""
        results, name = self.session.results, self.session.recording
        rows = results.of(name) if results is not None and name else None
        if results is None or rows is None:
            self.plot.clear(EMPTY)
            return
        if not len(rows):
            self.plot.clear(f"{name} was not scored; embed and score the study again.")
            return
        self.plot.show_scores(rows, results.episodes_of(name), f"{name}, reference {results.reference}")
        self._moved(*(self.link.here() or (name, 0)))

    def jump_episode(self, step: int) -> None:
        """Jump to the next episode, or to the one before."""
        here, results = self.link.here(), self.session.results
        if here is None or results is None:
            return
        starts = sorted(results.episodes_of(here[0])["start"])
        later = (
            [one for one in starts if one > here[1]] if step > 0 else [one for one in starts if one < here[1]]
        )
        if later:
            self._jump(int(later[0] if step > 0 else later[-1]))

    def _jump(self, frame: int) -> None:
        if self.session.recording:
            self.link.show(self.session.recording, frame)

    def _moved(self, name: str, frame: int) -> None:
        if name == self.session.recording:
            self.plot.move_to(frame)

    def _dressed(self) -> None:
        self.plot.set_colours(colours_of(self._viewer))
        self.refresh()

    def place(self, window: QMainWindow, dock: QDockWidget) -> None:
        """Go below the canvas."""
        if window.dockWidgetArea(dock) != BELOW and not dock.isFloating():
            window.addDockWidget(BELOW, dock)

    def _playing(self, on: bool) -> None:
        self.play.setText("Stop" if on else "Play")


def open_timeline(viewer: Viewer) -> None:
    """Dock the timeline below the canvas; once."""
    if NAME not in viewer.window.dock_widgets:
        viewer.window.add_dock_widget(TimelinePanel(viewer), name=NAME, area="bottom")
