"""Colours of points by what they are. Pure."""

from __future__ import annotations

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.report.style import hues_of

LISTED = 8


def colours_of_rows(table: pd.DataFrame, column: str) -> npt.NDArray[np.float32]:
    """Give each row a colour, RGBA (n, 4): by name, or for ``deviation`` by its percentile."""
    if column == "deviation":
        values = table[column].to_numpy(float)
        colours = matplotlib.colormaps["viridis"](np.nan_to_num(values) / 100)
        colours[~np.isfinite(values)] = (0.5, 0.5, 0.5, 0.4)
        return np.asarray(colours, np.float32)
    names = table[column].astype(str)
    hues = {name: matplotlib.colors.to_rgba(hue) for name, hue in hues_of(table[column]).items()}
    return np.array([hues[name] for name in names], np.float32)


def legend_of(table: pd.DataFrame, column: str) -> str:
    """Legend as rich text."""
    if column == "deviation":
        low, high = (matplotlib.colors.to_hex(matplotlib.colormaps["viridis"](x)) for x in (0.0, 1.0))
        return f'<span style="color:{low}">●</span> percentile 0 to <span style="color:{high}">●</span> 100'
    hues = hues_of(table[column])
    shown = [
        f'<span style="color:{hue}">●</span> {name or "none"}' for name, hue in list(hues.items())[:LISTED]
    ]
    more = len(hues) - LISTED
    return " ".join(shown) + (f" and {more} more" if more > 0 else "")
