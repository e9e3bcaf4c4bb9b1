"""Losses of a training that goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from napari_ubam.plugin.viewer.theme import Colours, dress

Floats = npt.NDArray[np.float64]
MOST = 400  # points that are drawn of a curve


class LossPlot(FigureCanvasQTAgg):
    """Curves of the latest stage, each divided by its first values, so that they share an axis.

    Parameters
    ----------
    colours : Colours
    """

    def __init__(self, colours: Colours) -> None:
        self._colours = colours
        figure = Figure(figsize=(3.4, 1.9), facecolor=colours.background, layout="constrained")
        super().__init__(figure)  # type: ignore[no-untyped-call]
        self.axes = figure.subplots()
        self.setMinimumHeight(150)
        self.setToolTip("Losses over steps, relative to where they began.")
        self._shown: tuple[str, int] = ("", 0)

    def set_colours(self, colours: Colours) -> None:
        """Take over the colours of another theme; the curves have to be shown again."""
        self._colours, self._shown = colours, ("", 0)
        self.figure.set_facecolor(colours.background)

    def show_losses(self, losses: Mapping[str, Sequence[tuple[int, float]]]) -> bool:
        """Draw the curves of the stage that was told of last.

        Parameters
        ----------
        losses : mapping of str to sequence of (step, value)
            Keys are ``"stage, loss"``.

        Returns
        -------
        bool
            Whether there is a curve to see.
        """
        stages = list(dict.fromkeys(key.split(", ")[0] for key in losses))
        if not stages:
            return False
        stage = stages[-1]
        curves = {key.split(", ", 1)[1]: losses[key] for key in losses if key.startswith(f"{stage}, ")}
        many = max(map(len, curves.values()))
        if self._shown == (stage, many):
            return True
        self._shown = (stage, many)
        self.axes.clear()
        for (name, points), colour in zip(curves.items(), self._colours.curves * 3, strict=False):
            steps, values = thinned(points)
            self.axes.plot(steps, values, color=colour, linewidth=1.2, label=name)
        self.axes.set_xlabel(f"step ({stage})")
        self.axes.set_ylabel("loss / first")
        self.axes.set_yscale("log")
        self.axes.yaxis.set_major_formatter(ScalarFormatter())
        self.axes.yaxis.set_minor_formatter(NullFormatter())
        dress(self.axes, self._colours)
        self.axes.legend(fontsize=7, labelcolor=self._colours.text, frameon=False, ncols=2, loc="upper right")
        self.draw_idle()  # type: ignore[no-untyped-call]
        return True


def thinned(points: Sequence[tuple[int, float]]) -> tuple[Floats, Floats]:
    """Give steps and means of neighbouring values, at most `MOST`, relative to the first five values."""
    table = np.asarray(points, float)
    size = -(-len(table) // MOST)
    starts = np.arange(0, len(table), size)
    counts = np.diff(np.append(starts, len(table)))
    means = np.add.reduceat(table, starts, axis=0) / counts[:, None]
    first = np.mean(np.abs(table[:5, 1]))
    return means[:, 0], means[:, 1] / (first if first else 1.0)
