"""Learning curves of a training while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter
from qtpy.QtCore import QTimer
from qtpy.QtGui import QPaintEvent, QResizeEvent

from napari_ubam.plugin.viewer.theme import Colours, style_axes

Floats = npt.NDArray[np.float64]
MOST_POINTS = 400  # of a curve
COLUMNS = 3  # of the names of the curves
PAUSE_MS = 1000  # from one drawing to the next
LABELS = (1.0, 2.0, 5.0)  # of the loss axis, in each decade


class LossPlot(FigureCanvasQTAgg):
    """Learning curves of the latest stage. Each loss is divided by its first values, to share one axis.

    What stops the slider for a moment is done seldom: the places of axes and names are worked out anew when
    the number of points has doubled, curves are drawn once a second, and not while nobody sees them.

    Parameters
    ----------
    colours : Colours
        Colours of the viewer's theme.
    """

    def __init__(self, colours: Colours) -> None:
        self._colours = colours
        figure = Figure(figsize=(3.4, 1.9), facecolor=colours.background, layout="constrained")
        super().__init__(figure)  # type: ignore[no-untyped-call]
        self.axes = figure.subplots()
        self.setMinimumHeight(150)
        self.setToolTip("Learning curves: each loss relative to its first values.")
        self._shown: tuple[str, tuple[str, ...], int] = ("", (), 0)  # stage, names and points of the curves
        self._curves: Mapping[str, Sequence[tuple[int, float]]] = {}
        self._placed = 0  # points when the places were worked out
        self._is_waiting = False  # for the end of the pause, or to be seen
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._draw_waiting)

    def draw(self) -> None:
        """Draw the figure; the places of its parts then stay."""
        super().draw()  # type: ignore[no-untyped-call]
        self.figure.set_layout_engine("none")

    def draw_idle(self) -> None:
        """Draw the figure soon, or once somebody sees it. A hidden plot that is resized asks for it, too."""
        if self.visibleRegion().isEmpty():
            self._is_waiting = True
        else:
            super().draw_idle()  # type: ignore[no-untyped-call]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what has changed while nobody saw the plot: hidden, behind a tab or scrolled away.

        Parameters
        ----------
        event : QPaintEvent
        """
        if self._is_waiting and not self._pause.isActive():
            self._is_waiting = False
            self._update_curves()
            self.draw()
        super().paintEvent(event)  # type: ignore[no-untyped-call]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Work out the places anew.

        Parameters
        ----------
        event : QResizeEvent
        """
        self.figure.set_layout_engine("constrained")
        super().resizeEvent(event)  # type: ignore[no-untyped-call]

    def set_colours(self, colours: Colours) -> None:
        """Change the colours. Call `show_losses` afterwards.

        Parameters
        ----------
        colours : Colours
        """
        self._colours, self._shown = colours, ("", (), 0)
        self.figure.set_facecolor(colours.background)

    def show_losses(self, losses: Mapping[str, Sequence[tuple[int, float]]]) -> bool:
        """Show the learning curves of the latest stage.

        Parameters
        ----------
        losses : mapping of str to sequence of (step, value)
            By ``"stage, loss"``.

        Returns
        -------
        bool
            Whether there is a curve.
        """
        stages = list(dict.fromkeys(key.split(", ")[0] for key in losses))
        if not stages:
            return False
        stage = stages[-1]
        self._curves = {key.split(", ", 1)[1]: losses[key] for key in losses if key.startswith(f"{stage}, ")}
        many = max(map(len, self._curves.values()))
        before, self._shown = self._shown, (stage, tuple(self._curves), many)
        if before == self._shown:
            return True
        is_new = before[:2] != self._shown[:2]
        if is_new or many >= 2 * self._placed:
            self._placed = many
            self.figure.set_layout_engine("constrained")
        if is_new or before[2] == 1:
            self._make_curves(stage, many)
        self._is_waiting = True
        if not self._pause.isActive():
            self._draw_waiting()
        return True

    def _draw_waiting(self) -> None:
        """Draw the latest points if somebody sees the plot; behind a tab, Qt calls it visible."""
        if self._is_waiting and not self.visibleRegion().isEmpty():
            self._is_waiting = False
            self._update_curves()
            self.draw_idle()
            self._pause.start()

    def _update_curves(self) -> None:
        for line, points in zip(self.axes.lines, self._curves.values(), strict=False):
            line.set_data(*relative_means(points))
        self.axes.relim()
        self.axes.autoscale_view()

    def _make_curves(self, stage: str, many: int) -> None:
        self.axes.clear()
        for (name, points), colour in zip(self._curves.items(), self._colours.curves * 3, strict=False):
            steps, values = relative_means(points)
            marker = "o" if many == 1 else ""  # a single point has no line
            self.axes.plot(
                steps, values, color=colour, linewidth=1.2, marker=marker, markersize=3, label=name
            )
        if many == 1:
            self.axes.set_xlim(steps[0] - 1, steps[0] + 1)
        self.axes.set_xlabel(f"step ({stage})")
        self.axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        self.axes.set_ylabel("loss / first")
        self.axes.set_yscale("log")
        self.axes.yaxis.set_major_locator(LogLocator(subs=LABELS))
        self.axes.yaxis.set_minor_locator(NullLocator())
        self.axes.yaxis.set_major_formatter(ScalarFormatter())
        style_axes(self.axes, self._colours)
        self._show_names()

    def _show_names(self) -> None:
        """Write the names of the curves above the axes, where no curve can be."""
        for old in list(self.figure.legends):
            old.remove()
        handles, names = self.axes.get_legend_handles_labels()
        self.figure.legend(
            handles,
            names,
            loc="outside upper center",
            ncols=min(len(names), COLUMNS),
            fontsize=7,
            labelcolor=self._colours.text,
            frameon=False,
        )


def relative_means(points: Sequence[tuple[int, float]]) -> tuple[Floats, Floats]:
    """Average neighbouring losses and divide them by the mean of the first five.

    Parameters
    ----------
    points : sequence of (int, float)
        Step and loss.

    Returns
    -------
    steps, values : (n,) float array
        At most `MOST_POINTS`; values without unit.
    """
    table = np.asarray(points, float)
    size = -(-len(table) // MOST_POINTS)
    starts = np.arange(0, len(table), size)
    counts = np.diff(np.append(starts, len(table)))
    means = np.add.reduceat(table, starts, axis=0) / counts[:, None]
    first = np.mean(np.abs(table[:5, 1]))
    return means[:, 0], means[:, 1] / (first if first else 1.0)
