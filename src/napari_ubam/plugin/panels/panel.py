"""What all panels have in common: a scrolled column of sections, a sentence at its foot, and a clean end."""

from __future__ import annotations

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

BAR = 16  # pixels of a scroll bar
WIDTH = 380  # pixels; nothing in the right dock may ask for more


class Panel(QWidget):
    """Base of the panels.

    A panel adds its widgets to `column`, names what it observes by `observe`, and keeps its threads' work in
    `worker()`; both end with the widget.

    Parameters
    ----------
    napari_viewer : napari.Viewer

    Attributes
    ----------
    link : ViewerLink
    session : Session
    column : QVBoxLayout
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
        self.observe(self.session.status_changed, self._say)
        # Not a method of the panel: Qt has deleted it by then.
        end = _End(self._observed, self._workers, self.link.detach)
        self.destroyed.connect(end)
        self._end = end

    def observe(self, signal: SignalInstance, do: Callable[..., Any]) -> None:
        """Call `do` when a signal is emitted, as long as the panel lives."""
        signal.connect(do)
        self._observed.append((signal, do))

    def worker(self) -> Worker:
        """Make a worker whose results are dropped when the panel is gone."""
        made = Worker()
        self._workers.append(made)
        return made

    def say(self, sentence: str) -> None:
        """Show a sentence at the panel's foot."""
        self._foot.setText(sentence)
        self._foot.setVisible(bool(sentence))

    def showEvent(self, event: Any) -> None:
        """Watch the window that the panel was put into, so that it asks about jobs before it closes."""
        super().showEvent(event)
        window = self.window()
        if window is not None:
            watch_window(window, self.session)
        if not self._placed:
            self._placed = True
            follow_layout(self.column)
            QTimer.singleShot(0, self._find_place)

    def sizeHint(self) -> QSize:
        """Ask for no more room than the dock on the right has."""
        return QSize(WIDTH, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Ask for as much as shows every widget in whole, beside the scroll bar."""
        return QSize(
            min(self._inside.minimumSizeHint().width() + BAR, WIDTH), super().minimumSizeHint().height()
        )

    def _find_place(self) -> None:
        """Go to where the panel belongs, once: from its menu napari puts each dock below the others."""
        dock: Any = self
        with suppress(RuntimeError):  # closed at once
            while dock is not None and not isinstance(dock, QDockWidget):
                dock = dock.parent()
            window = dock.parent() if dock is not None else None
            if isinstance(dock, QDockWidget) and isinstance(window, QMainWindow):
                self.place(window, dock)

    def place(self, window: QMainWindow, dock: QDockWidget) -> None:
        """Share a place with the other panels, each behind a tab; nothing for one that was put elsewhere."""
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

    def _say(self, sentence: str) -> None:
        self.say(sentence)

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


class _End:
    """Disconnects a panel once, whether its dock or its viewer goes first."""

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
