"""The base of all panels: a column of sections that scrolls, with a sentence at its foot."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from psygnal import SignalInstance
from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QFrame, QLabel, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from napari_ubam.plugin.viewer.closing import watch_window
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.plugin.viewer.worker import Worker
from napari_ubam.plugin.widgets.tab_order import follow_layout

if TYPE_CHECKING:
    from napari.viewer import Viewer

SCROLL_BAR = 16  # pixels
WIDTH = 380  # pixels of the dock on the right


class Panel(QWidget):
    """Base of the panels.

    A panel adds its widgets to `column`, connects signals by `observe`, and works in threads by `worker`.
    Connections and workers end with the panel.

    Parameters
    ----------
    napari_viewer : napari.Viewer

    Attributes
    ----------
    link : ViewerLink
    session : Session
    column : QVBoxLayout
        The widgets of the panel, from top to bottom.
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.link = link_of(napari_viewer)
        self.session = self.link.session
        self._observed: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._workers: list[Worker] = []
        self._placed = False
        self.column = self._lay_out()
        self.link.attach()
        self.observe(self.session.status_changed, self.say)
        # Not a method of the panel: Qt deletes the panel first.
        end = _End(self._observed, self._workers, self.link.detach)
        self.destroyed.connect(end)
        self._end = end

    def observe(self, signal: SignalInstance, slot: Callable[..., Any]) -> None:
        """Connect a signal until the panel closes.

        Parameters
        ----------
        signal : SignalInstance
        slot : callable
            Called with the arguments of the signal.
        """
        signal.connect(slot)
        self._observed.append((signal, slot))

    def worker(self) -> Worker:
        """Make a worker whose results are ignored after the panel has closed."""
        made = Worker()
        self._workers.append(made)
        return made

    def say(self, sentence: str) -> None:
        """Show a sentence at the foot of the panel.

        Parameters
        ----------
        sentence : str
            Empty to remove the sentence.
        """
        self._foot.setText(sentence)
        self._foot.setVisible(bool(sentence))

    def play_place(self, place: tuple[str, int, int]) -> None:
        """Play some frames of a recording.

        Parameters
        ----------
        place : (str, int, int)
            Recording, first frame, and the frame after the last one. If both are equal, the frame is shown.
        """
        name, start, stop = place
        if start < stop:
            self.link.play(name, start, stop)
        else:
            self.link.show(name, start)

    def showEvent(self, event: Any) -> None:
        """Watch the window, which asks about a running job before it closes."""
        super().showEvent(event)
        window = self.window()
        if window is not None:
            watch_window(window, self.session)
        if not self._placed:
            self._placed = True
            follow_layout(self.column)
            QTimer.singleShot(0, self._find_place)

    def sizeHint(self) -> QSize:
        """Give the preferred size: as wide as the dock on the right."""
        return QSize(WIDTH, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Give the smallest size: as wide as the widgets and a scroll bar."""
        return QSize(
            min(self._inside.minimumSizeHint().width() + SCROLL_BAR, WIDTH),
            super().minimumSizeHint().height(),
        )

    def _find_place(self) -> None:
        """Move the dock to its place; from the menu, napari puts each dock below the others."""
        dock: Any = self
        with suppress(RuntimeError):  # the user closed the panel at once
            while dock is not None and not isinstance(dock, QDockWidget):
                dock = dock.parent()
            window = dock.parent() if dock is not None else None
            if isinstance(dock, QDockWidget) and isinstance(window, QMainWindow):
                dock.setWindowTitle(_tab_text(dock.windowTitle()))
                self.place(window, dock)

    def place(self, window: QMainWindow, dock: QDockWidget) -> None:
        """Put the dock behind a tab beside another panel, unless the user moved it elsewhere.

        Parameters
        ----------
        window : QMainWindow
        dock : QDockWidget
        """
        area = window.dockWidgetArea(dock)
        others = [
            one
            for one in window.findChildren(QDockWidget)
            if one is not dock and not one.isFloating() and window.dockWidgetArea(one) == area
        ]
        beside = next((one for one in others if one.findChild(Panel) is not None), None)
        if beside is not None and not dock.isFloating() and dock not in window.tabifiedDockWidgets(beside):
            window.tabifyDockWidget(beside, dock)
            dock.raise_()

    def _lay_out(self) -> QVBoxLayout:
        self._inside = inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self._foot = QLabel()
        self._foot.setWordWrap(True)
        self._foot.setVisible(False)
        self._foot.setObjectName("ubam-foot")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area, 1)
        outer.addWidget(self._foot)
        return column


def _tab_text(title: str) -> str:
    """Shorten the title from the menu, such as "1 Study (uBAM)", so that six tabs fit the dock."""
    return re.sub(r"^\d+ | \([^()]*\)$", "", title)


class _End:
    """Disconnects a panel once, also if its dock and its viewer both close."""

    def __init__(self, observed: list[Any], workers: list[Worker], detach: Callable[[], None]) -> None:
        self._observed, self._workers, self._detach = observed, workers, detach
        self._done = False

    def __call__(self, _: object = None) -> None:
        if self._done:
            return
        self._done = True
        for signal, do in self._observed:
            signal.disconnect(do, missing_ok=True)
        self._observed.clear()
        for worker in self._workers:
            worker.forget()
        self._detach()
