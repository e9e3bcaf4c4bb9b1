"""Every subject of the groups that were compared, as a plot in the colours of the viewer."""

from __future__ import annotations

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from qtpy.QtCore import QSize

from napari_ubam.plugin.viewer.theme import Colours
from napari_ubam.report.groups import draw_groups
from napari_ubam.runfolder.tables import Result

from .analysis_figure import look_of

COLUMNS = 1  # the dock is narrow
HEIGHT = 230  # pixels of the plot of a measure
TITLE = 8.5  # points


class GroupPlot(FigureCanvasQTAgg):
    """Plots a comparison; hidden without one.

    Parameters
    ----------
    colours : Colours
        Colours of the viewer's theme.
    """

    def __init__(self, colours: Colours) -> None:
        self._look = look_of(colours)
        self._result: Result | None = None
        super().__init__(Figure(figsize=(3.4, 2.4), layout="constrained"))  # type: ignore[no-untyped-call]
        self.setToolTip(
            "Each mark is a subject; line and bar are the median of its group and its 95% interval."
        )
        self.setVisible(False)

    def show_result(self, result: Result | None) -> None:
        """Plot a comparison.

        Parameters
        ----------
        result : Result or None
            None to hide the plot.
        """
        self._result = result
        self.setVisible(result is not None)
        if result is None:
            return
        self.setFixedHeight(HEIGHT * result.tables["compare"]["measure"].nunique())
        draw_groups(self.figure, result, self._look, COLUMNS, TITLE)
        self.draw_idle()  # type: ignore[no-untyped-call]

    def set_colours(self, colours: Colours) -> None:
        """Plot again in other colours.

        Parameters
        ----------
        colours : Colours
        """
        self._look = look_of(colours)
        self.show_result(self._result)

    def minimumSizeHint(self) -> QSize:
        """Let the plot be as narrow as the dock."""
        return QSize(120, HEIGHT)
