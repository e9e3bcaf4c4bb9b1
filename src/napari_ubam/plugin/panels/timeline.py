"""Timeline: the scores of the current recording, below the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout

from napari_ubam.plugin.viewer.keys import go_to_episode
from napari_ubam.plugin.viewer.theme import colours_of
from napari_ubam.plugin.widgets import button, row
from napari_ubam.plugin.widgets.timeline_plot import TimelinePlot

from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_ubam.plugin.state.contents import Results

NAME = "uBAM timeline"
BELOW = Qt.DockWidgetArea.BottomDockWidgetArea
EMPTY = "No scores yet. Choose a reference in the Deviation panel and press Score."


class TimelinePanel(Panel):
    """Scores over time, with a cursor on the current frame.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self.plot = TimelinePlot(colours_of(napari_viewer))
        self.plot.clicked.connect(self._jump)
        self.play = button(
            "Play", "Play the video at its recorded frame rate, or stop (Shift+Space).", self.link.toggle_play
        )
        before = button("|◀", "Show the previous episode (Shift+Left).", lambda: self.jump_episode(-1))
        after = button("▶|", "Show the next episode (Shift+Right).", lambda: self.jump_episode(1))
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
        self.observe(self.link.theme_changed, self._update_theme)
        self.observe(self.session.agreement_changed, self.refresh)
        self._viewer = napari_viewer
        self._results: Results | None = None
        self._shown: object = None
        self.refresh()

    def refresh(self) -> None:
        """Show the scores of the current recording."""
        results, name, outdated = self.session.results, self.session.recording, self.session.outdated
        wanted = (name, outdated, self.plot.colours)
        if results is self._results and wanted == self._shown:
            return
        self._results, self._shown = results, wanted
        rows = results.of(name) if results is not None and name else None
        if results is None or rows is None:
            self.plot.clear(EMPTY)
            return
        if not len(rows):
            self.plot.clear(f"{name} has no scores. Press Score in the Deviation panel.")
            return
        title = f"{name}, outdated: {outdated}" if outdated else f"{name}, reference {results.reference}"
        self.plot.show_scores(rows, results.episodes_of(name), title, outdated=bool(outdated))
        self._moved(*(self.link.here() or (name, 0)))

    def jump_episode(self, step: int) -> None:
        """Show the first frame of another episode of the current recording.

        Parameters
        ----------
        step : int
            1 for the next episode, -1 for the previous one.
        """
        go_to_episode(self.link, step)

    def _jump(self, frame: int) -> None:
        if self.session.recording:
            self.link.show(self.session.recording, frame)

    def _moved(self, name: str, frame: int) -> None:
        if name == self.session.recording:
            self.plot.move_to(frame)

    def _update_theme(self) -> None:
        self.plot.set_colours(colours_of(self._viewer))
        self.refresh()

    def place(self, window: QMainWindow, dock: QDockWidget) -> None:
        """Move the dock below the canvas.

        Parameters
        ----------
        window : QMainWindow
        dock : QDockWidget
        """
        if window.dockWidgetArea(dock) != BELOW and not dock.isFloating():
            window.addDockWidget(BELOW, dock)

    def _playing(self, on: bool) -> None:
        self.play.setText("Stop" if on else "Play")


def open_timeline(viewer: Viewer) -> None:
    """Show the timeline below the canvas. Further calls do nothing.

    Parameters
    ----------
    viewer : napari.Viewer
    """
    if NAME not in viewer.window.dock_widgets:
        viewer.window.add_dock_widget(TimelinePanel(viewer), name=NAME, area="bottom")
