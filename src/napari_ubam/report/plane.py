"""Two-dimensional map of frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from napari_ubam.study.values import counted

from .groups import LIGHT_LOOK, Look
from .style import LARGE, SMALL, colour_by_name, new_figure

COLOURS = ("group", "subject", "session", "deviation")
MAX_LEGEND = 20  # names in the legend


def map_figure(table: pd.DataFrame, colour: str = "group", look: Look = LIGHT_LOOK) -> Figure:
    """Plot a two-dimensional map of frames.

    Parameters
    ----------
    table : DataFrame
        One row per frame, with the columns ``x, y`` and ``colour``.
    colour : str
        Column for the colour: ``"group"``, ``"subject"``, ``"session"`` or ``"deviation"``, a percentile from
        0 to 100.
    look : Look
        Colours of paper and text.

    Returns
    -------
    Figure
        Scatter plot without axes, because the coordinates have no units. In an SVG, the points are pixels.

    Raises
    ------
    ValueError
        If the table has no such column.
    """
    if colour not in table.columns:
        raise ValueError(f"The map has no column {colour!r}; choose one of {', '.join(COLOURS)}.")
    figure = new_figure(6.4, 5.2)
    figure.set_facecolor(look.background)
    axes = figure.subplots()
    size = float(np.clip(3e4 / max(len(table), 1), 0.5, 12))
    shown = table.sample(frac=1, random_state=0)  # random order, so no group hides the others
    if colour == "deviation":
        shown = shown.sort_values(colour, na_position="first")
        points = axes.scatter(
            shown["x"],
            shown["y"],
            c=shown[colour],
            s=size,
            cmap="viridis",
            vmin=0,
            vmax=100,
            linewidths=0,
            rasterized=True,
        )
        bar = figure.colorbar(points, shrink=0.7)
        bar.set_label("deviation percentile", color=look.text)
        bar.ax.tick_params(colors=look.text)
    else:
        colours = colour_by_name(shown[colour])
        axes.scatter(
            shown["x"],
            shown["y"],
            c=shown[colour].astype(str).map(colours),
            s=size,
            linewidths=0,
            alpha=0.7,
            rasterized=True,
        )
        for name in list(colours)[:MAX_LEGEND]:
            axes.scatter([], [], color=colours[name], s=16, label=name)
        legend = axes.legend(
            fontsize=SMALL,
            title=colour,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            frameon=False,
            labelcolor=look.text,
        )
        legend.get_title().set_color(look.text)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()
    axes.set_title(
        f"Map of {counted(len(table), 'frame')}, coloured by {colour}", fontsize=LARGE, color=look.text
    )
    return figure
