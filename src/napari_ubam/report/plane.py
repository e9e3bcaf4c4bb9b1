"""Frames on a plane, coloured by what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .style import LARGE, SMALL, hues_of, new_figure

COLOURS = ("group", "subject", "session", "deviation")
LISTED = 20  # names in the legend


def map_figure(table: pd.DataFrame, colour: str = "group") -> Figure:
    """Draw a map of frames.

    Parameters
    ----------
    table : DataFrame
        Columns ``x, y`` and that of the colour; the points need no axes, since their units mean nothing.
    colour : str
        ``"group"``, ``"subject"``, ``"session"``; or ``"deviation"``, a percentile from 0 to 100.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the table has no such column.
    """
    if colour not in table.columns:
        raise ValueError(f"The map has no column {colour!r}; choose one of {', '.join(COLOURS)}.")
    figure = new_figure(6.4, 5.2)
    axes = figure.subplots()
    size = float(np.clip(3e4 / max(len(table), 1), 0.5, 12))
    shown = table.sample(frac=1, random_state=0)  # no group lies over all others
    if colour == "deviation":
        shown = shown.sort_values(colour, na_position="first")
        points = axes.scatter(
            shown["x"], shown["y"], c=shown[colour], s=size, cmap="viridis", vmin=0, vmax=100, linewidths=0
        )
        figure.colorbar(points, label="percentile of the deviation", shrink=0.7)
    else:
        hues = hues_of(shown[colour])
        axes.scatter(
            shown["x"], shown["y"], c=shown[colour].astype(str).map(hues), s=size, linewidths=0, alpha=0.7
        )
        for name in list(hues)[:LISTED]:
            axes.scatter([], [], color=hues[name], s=16, label=name)
        axes.legend(fontsize=SMALL, title=colour, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()
    axes.set_title(f"{len(table)} frames by {colour}", fontsize=LARGE)
    return figure
