"""A scatter plot of many points, with pan, zoom, click, lasso and a cursor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.path import Path as Outline
from psygnal import Signal
from vispy import scene
from vispy.scene import visuals
from vispy.visuals.transforms import STTransform

Floats = npt.NDArray[np.float32]
NEAR = 12  # largest distance of a click from its point, in pixels
FAINT = 0.12  # opacity of points outside of the lasso
FADED = 0.25  # opacity of a map that is outdated


class MapCanvas:
    """A canvas with one point for each frame.

    Parameters
    ----------
    background : str
        Colour of the background, such as ``"#262930"``.

    Attributes
    ----------
    native : QWidget
        The widget to put into a layout.
    clicked : Signal
        Emits the number of the clicked point.
    selected : Signal
        Emits the numbers of the points inside the lasso, an int64 array.
    lasso : bool
        Whether dragging the mouse draws a lasso. Otherwise it moves the map.
    """

    clicked = Signal(int)
    selected = Signal(object)

    def __init__(self, background: str) -> None:
        self._canvas = scene.SceneCanvas(keys=None, bgcolor=background, size=(340, 200), show=False)
        self.native = self._canvas.native
        self.native.setMinimumHeight(180)
        self.native.setToolTip("Click a point to show its frame. Drag to move, scroll to zoom.")
        self._view = self._canvas.central_widget.add_view()
        self._view.camera = scene.PanZoomCamera(aspect=1)
        self._dots = visuals.Markers(parent=self._view.scene, antialias=0)
        self._cursor = visuals.Markers(parent=self._view.scene)
        self._line = visuals.Line(parent=self._view.scene, color="#ffcc00", width=2)
        for markers in (self._dots, self._cursor):
            markers.set_data(np.zeros((1, 2), np.float32))  # vispy needs data to find the bounds
        ring = {"face_color": (0, 0, 0, 0), "edge_color": "#ffcc00", "edge_width": 2.5, "size": 14}
        self._cursor.set_data(np.zeros((1, 2), np.float32), **ring)
        self._cursor.transform = STTransform()  # the ring moves, its data stay
        self._rows: npt.NDArray[np.int64] | None = None
        self._faded = False
        self._dots.visible = False
        self._dots.order, self._cursor.order, self._line.order = 0, 2, 3
        self._cursor.visible = self._line.visible = False
        self._points: Floats = np.empty((0, 2), np.float32)
        self._colours: Floats = np.empty((0, 4), np.float32)
        self._outline: list[tuple[float, float]] = []
        self.lasso = False
        self._canvas.events.mouse_press.connect(self._press)
        self._canvas.events.mouse_move.connect(self._drag)
        self._canvas.events.mouse_release.connect(self._release)

    def set_background(self, background: str) -> None:
        """Change the colour of the background.

        Parameters
        ----------
        background : str
            Colour, such as ``"#262930"``.
        """
        self._canvas.bgcolor = background

    def show_points(self, points: npt.ArrayLike, colours: npt.ArrayLike) -> None:
        """Show points in place of those before.

        Parameters
        ----------
        points : (n, 2) array-like
            Coordinates ``(x, y)``, in any unit.
        colours : (n, 4) array-like
            RGBA, 0 to 1.
        """
        new = np.asarray(points, np.float32)
        moved = new.shape != self._points.shape or not np.array_equal(new, self._points)
        self._points, self._colours = new, np.asarray(colours, np.float32)
        self._rows = None
        self._draw()
        if moved and len(new):
            low, high = new.min(0), new.max(0)
            self._view.camera.set_range(x=(low[0], high[0]), y=(low[1], high[1]), z=(0, 1), margin=0.05)

    def highlight(self, rows: npt.ArrayLike | None) -> None:
        """Fade all points but some.

        Parameters
        ----------
        rows : (k,) array-like of int, or None
            Numbers of the points that keep their colour; None for all.
        """
        self._rows = None if rows is None else np.asarray(rows, np.int64)
        self._draw()

    def fade(self, on: bool) -> None:
        """Let the map look faded, because it is outdated, or as usual.

        Parameters
        ----------
        on : bool
            True for faded.
        """
        if on != self._faded:
            self._faded = on
            self._draw()

    def move_cursor(self, row: int | None) -> None:
        """Mark a point with a ring.

        Parameters
        ----------
        row : int or None
            Number of the point; None removes the ring.
        """
        known = row is not None and row < len(self._points)
        if known:
            self._cursor.transform.translate = self._points[row]
        if known != self._cursor.visible:
            self._cursor.visible = known

    def place_of(self, row: int) -> tuple[float, float]:
        """Find a point on the canvas.

        Parameters
        ----------
        row : int
            Number of the point.

        Returns
        -------
        x, y : float
            Pixels from the upper left corner.
        """
        x, y = self._to_canvas(self._points[row : row + 1])[0]
        return float(x), float(y)

    def _draw(self) -> None:
        colours = self._colours.copy()
        if self._rows is not None:
            faint = np.ones(len(colours), bool)
            faint[self._rows] = False
            colours[faint, 3] *= FAINT
        if self._faded:
            colours[:, 3] *= FADED
        size = float(np.clip(400 / np.sqrt(max(len(self._points), 1)), 2, 7))
        if len(self._points):
            self._dots.set_data(self._points, face_color=colours, edge_width=0, size=size)
        self._dots.visible = bool(len(self._points))
        self._canvas.update()

    def _to_canvas(self, points: Floats) -> npt.NDArray[np.float64]:
        found = self._dots.get_transform("visual", "canvas").map(points)
        return np.asarray(found[:, :2] / found[:, 3:4])

    def _to_map(self, position: Any) -> tuple[float, float]:
        found = self._dots.get_transform("visual", "canvas").imap(np.asarray(position, float))
        return float(found[0] / found[3]), float(found[1] / found[3])

    def _press(self, event: Any) -> None:
        self._view.camera.interactive = not self.lasso
        if self.lasso and event.button == 1:
            self._outline = [self._to_map(event.pos)]

    def _drag(self, event: Any) -> None:
        if not self._outline:
            return
        self._outline.append(self._to_map(event.pos))
        self._line.set_data(np.asarray(self._outline, np.float32))
        self._line.visible = True

    def _release(self, event: Any) -> None:
        outline, self._outline = self._outline, []
        self._line.visible = False
        if len(outline) > 2:
            rows = np.flatnonzero(Outline(outline).contains_points(self._points))
            self.highlight(rows if len(rows) else None)
            self.selected.emit(rows)
            return
        press = event.press_event
        if event.button != 1 or press is None or not len(self._points):
            return
        if np.abs(np.asarray(event.pos) - np.asarray(press.pos)).max() > 3:
            return  # the user moved the map
        distance = np.abs(self._to_canvas(self._points) - np.asarray(event.pos)[:2]).max(1)
        if distance.min() <= NEAR:
            self.clicked.emit(int(distance.argmin()))
