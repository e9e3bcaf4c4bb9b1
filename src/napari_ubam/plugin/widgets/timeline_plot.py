"""Scores of a recording over time, with a cursor that moves without a redraw of the curves.

The cursor is a narrow widget of its own: when it moves, Qt paints only the two columns that changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from psygnal import Signal
from qtpy.QtCore import QRect, Qt
from qtpy.QtWidgets import QWidget

from napari_ubam.plugin.viewer.theme import Colours, style_axes

Floats = npt.NDArray[np.float64]
BINS = 1600  # time bins of a long recording
LINE = 95.0  # percentile above which a frame deviates
FADED = 0.3  # opacity of scores that are outdated
CURSOR = 2  # width in pixels


class TimelinePlot(FigureCanvasQTAgg):
    """Percentile of each frame over time, with the episodes shaded.

    Parameters
    ----------
    colours : Colours
        Colours of the viewer's theme.

    Attributes
    ----------
    clicked : Signal
        Emits the frame number at each click and while the mouse drags.
    """

    clicked = Signal(int)

    def __init__(self, colours: Colours) -> None:
        self._colours = colours
        figure = Figure(figsize=(9, 1.7), facecolor=colours.background)
        super().__init__(figure)  # type: ignore[no-untyped-call]
        self.axes = figure.add_axes((0.055, 0.28, 0.935, 0.58))
        self.setMinimumHeight(130)
        self.setToolTip("Click or drag to show a frame.")
        self._times: Floats = np.empty(0)
        self._frames: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._at = 0.0
        self._cursor = QWidget(self)
        self._cursor.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._cursor.hide()
        self.mpl_connect("draw_event", lambda _: self._place_cursor())
        self.mpl_connect("button_press_event", self._press)
        self.mpl_connect("motion_notify_event", self._press)
        self.clear()

    @property
    def colours(self) -> Colours:
        """The colours that `show_scores` takes."""
        return self._colours

    def set_colours(self, colours: Colours) -> None:
        """Change the colours. Call `show_scores` or `clear` afterwards.

        Parameters
        ----------
        colours : Colours
        """
        self._colours = colours
        self.figure.set_facecolor(colours.background)

    def clear(self, sentence: str = "") -> None:
        """Show a sentence in place of the curves.

        Parameters
        ----------
        sentence : str
            What the user should do to get scores.
        """
        self.axes.clear()
        self._times, self._frames = np.empty(0), np.empty(0, np.int64)
        self._cursor.hide()
        self.axes.set_axis_off()
        self.axes.text(0.5, 0.5, sentence, color=self._colours.text, ha="center", va="center", fontsize=9)
        self.draw_idle()  # type: ignore[no-untyped-call]

    def show_scores(
        self, rows: pd.DataFrame, episodes: pd.DataFrame, title: str, *, outdated: bool = False
    ) -> None:
        """Show the scores of a recording.

        Parameters
        ----------
        rows : DataFrame
            The recording's rows of ``scores.csv``, in the order of frames.
        episodes : DataFrame
            The recording's rows of ``episodes.csv``.
        title : str
        outdated : bool
            Whether to fade the curves and stress the title, which says why.
        """
        share = FADED if outdated else 1.0
        self.axes.clear()
        self.axes.set_axis_on()
        self._times, self._frames = rows["time"].to_numpy(float), rows["frame"].to_numpy(np.int64)
        for column, colour, label in (
            ("posture_percentile", self._colours.faint, "posture"),
            ("episodic_percentile", self._colours.strong, "behaviour, episodic"),
        ):
            for times, values, alpha in _curves(self._times, rows[column].to_numpy(float)):
                self.axes.plot(times, values, color=colour, linewidth=1.1, alpha=alpha * share, label=label)
                label = "_"
        self.axes.axhline(LINE, color=self._colours.text, linewidth=0.6, linestyle=":")
        for start, stop in zip(episodes["start_time"], episodes["stop_time"], strict=True):
            self.axes.axvspan(start, stop, color=self._colours.strong, alpha=0.22 * share, linewidth=0)
        self.axes.set(xlim=_limits(self._times), ylim=(0, 101), xlabel="time (s)", ylabel="percentile")
        self.axes.set_title(title, loc="left", color=self._colours.text, fontsize=8)
        self.axes.set_yticks([0, 50, 95])
        style_axes(self.axes, self._colours)
        if outdated:
            self.axes.set_title(title, loc="left", color=self._colours.strong, fontsize=8, fontweight="bold")
        self._cursor.setStyleSheet(f"background: {self._colours.text};")
        self._cursor.show()
        self.axes.legend(
            fontsize=7,
            labelcolor=self._colours.text,
            frameon=False,
            ncols=2,
            loc="lower right",
            bbox_to_anchor=(1, 0.97),
            borderpad=0,
        )
        self.draw_idle()  # type: ignore[no-untyped-call]

    def move_to(self, frame: int) -> None:
        """Move the cursor to a frame.

        Parameters
        ----------
        frame : int
            Frame number, from 0.
        """
        if not len(self._frames):
            return
        row = int(np.clip(np.searchsorted(self._frames, frame), 0, len(self._frames) - 1))
        self._at = float(self._times[row])
        self._place_cursor()

    @property
    def cursor_time(self) -> float:
        """Where the cursor is, in seconds."""
        return self._at

    @property
    def cursor(self) -> QWidget:
        """The widget of the cursor."""
        return self._cursor

    def x_of(self, frame: int) -> float:
        """Find a frame on the time axis.

        Parameters
        ----------
        frame : int
            Frame number, from 0.

        Returns
        -------
        float
            Seconds.
        """
        return float(self._times[int(np.searchsorted(self._frames, frame))])

    def _place_cursor(self) -> None:
        """Put the cursor over the axes; figure coordinates are physical pixels and begin below."""
        if not len(self._times):
            return
        ratio, axes = self.device_pixel_ratio, self.axes.bbox
        x = self.axes.transData.transform((self._at, 0.0))[0] / ratio
        top = self.height() - axes.y1 / ratio
        place = QRect(round(x - CURSOR / 2), round(top), CURSOR, round(axes.height / ratio))
        self._cursor.setGeometry(place)

    def _press(self, event: Any) -> None:
        if event.button != 1 or event.inaxes is not self.axes or not len(self._times):
            return
        row = int(np.argmin(np.abs(self._times - event.xdata)))
        self.clicked.emit(int(self._frames[row]))


def _curves(times: Floats, values: Floats) -> list[tuple[Floats, Floats, float]]:
    """Give curves and their opacity: all values, or of a long recording the maximum and minimum per bin."""
    if len(times) <= 2 * BINS:
        return [(times, values, 1.0)]
    size = -(-len(times) // BINS)
    starts = np.arange(0, len(times), size)
    high = np.fmax.reduceat(values, starts)
    low = np.fmin.reduceat(values, starts)
    return [(times[starts], high, 1.0), (times[starts], low, 0.4)]


def _limits(times: Floats) -> tuple[float, float]:
    return (float(times[0]), float(times[-1]) if times[-1] > times[0] else float(times[0]) + 1)
