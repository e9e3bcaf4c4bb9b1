"""The figure of an analysis: in its own size, so that it can be read, and in a window by a double-click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QDialog, QLabel, QScrollArea, QVBoxLayout

from napari_ubam.plugin.viewer.theme import Colours
from napari_ubam.report.groups import DARK_LOOK, LIGHT_LOOK, Look

DPI, DPI_WINDOW = 76, 130
TIP = "Double-click to see the figure in a window. It is saved in the folder figures of the run, too."
Draw = Callable[[Look], Figure | None]


class AnalysisFigure(QScrollArea):
    """Shows a figure that is drawn in the colours of the viewer; hidden without one.

    Parameters
    ----------
    colours : Colours
        Colours of the viewer's theme.
    """

    def __init__(self, colours: Colours) -> None:
        super().__init__()
        self._look = look_of(colours)
        self._draw: Draw = lambda _: None
        self.figure: Figure | None = None
        self.picture = QLabel()
        self.setWidget(self.picture)
        self.setWidgetResizable(False)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setToolTip(TIP)
        self.setVisible(False)

    def show_drawn(self, draw: Draw) -> None:
        """Show a figure instead of the earlier one.

        Parameters
        ----------
        draw : callable
            Takes colours, and returns a figure; None to hide the widget.
        """
        self._draw = draw
        self.figure = draw(self._look)
        self.setVisible(self.figure is not None)
        if self.figure is None:
            return
        shown = pixels_of(self.figure, DPI)
        self.picture.setPixmap(shown)
        self.picture.resize(shown.size())
        bar = self.horizontalScrollBar()
        self.setFixedHeight(shown.height() + (bar.sizeHint().height() if bar is not None else 0))

    def set_colours(self, colours: Colours) -> None:
        """Draw again in other colours.

        Parameters
        ----------
        colours : Colours
        """
        self._look = look_of(colours)
        self.show_drawn(self._draw)

    def minimumSizeHint(self) -> QSize:
        """Let the figure be as narrow as the dock; it scrolls."""
        return QSize(120, super().minimumSizeHint().height())

    def wheelEvent(self, event: Any) -> None:
        """Leave the wheel to the panel, so that its column scrolls."""
        event.ignore()

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Show the figure in a window."""
        if self.figure is not None:
            self.open_window()

    def open_window(self) -> QDialog:
        """Show the figure in a window of its own.

        Returns
        -------
        QDialog
        """
        window = QDialog(self.window())
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle("Figure")
        label = QLabel()
        if self.figure is not None:
            label.setPixmap(pixels_of(self.figure, DPI_WINDOW))
        area = QScrollArea()
        area.setWidget(label)
        column = QVBoxLayout(window)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        size, screen = label.sizeHint() + QSize(4, 4), window.screen()
        window.resize(size.boundedTo(screen.availableSize() * 0.9) if screen is not None else size)
        window.show()
        return window


def pixels_of(figure: Figure, dpi: float) -> QPixmap:
    """Draw a figure as pixels.

    Parameters
    ----------
    figure : Figure
    dpi : float
        Pixels for each inch.

    Returns
    -------
    QPixmap
    """
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    image = np.ascontiguousarray(np.asarray(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]
    height, width = image.shape[:2]
    pixels = image.tobytes()  # QImage does not keep them, so they have to outlive it
    shown = QImage(pixels, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return QPixmap.fromImage(shown)


def look_of(colours: Colours) -> Look:
    """Give the colours of a figure on the background of the viewer.

    Parameters
    ----------
    colours : Colours

    Returns
    -------
    Look
    """
    base = LIGHT_LOOK if colours.is_light else DARK_LOOK
    return Look(colours.background, colours.text, base.line, base.groups)
