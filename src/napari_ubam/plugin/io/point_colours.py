"""Colours of the points of a map, their legend, and who they are. Needs neither Qt nor napari."""

from __future__ import annotations

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.report.style import colour_by_name
from napari_ubam.study.values import counted

MOST_NAMES = 8  # in a legend


def colours_of_rows(table: pd.DataFrame, column: str) -> npt.NDArray[np.float32]:
    """Give each row of a table a colour.

    Parameters
    ----------
    table : DataFrame
        One row for each point.
    column : str
        ``"deviation"`` colours by percentile; any other column gives each of its names a colour.

    Returns
    -------
    (n, 4) float32 array
        RGBA from 0 to 1; grey for a point without a percentile.
    """
    if column == "deviation":
        values = table[column].to_numpy(float)
        colours = matplotlib.colormaps["viridis"](np.nan_to_num(values) / 100)
        colours[~np.isfinite(values)] = (0.5, 0.5, 0.5, 0.4)
        return np.asarray(colours, np.float32)
    hues = {name: matplotlib.colors.to_rgba(hue) for name, hue in colour_by_name(table[column]).items()}
    numbers, names = pd.factorize(table[column].astype(str))
    return np.array([hues[name] for name in names], np.float32).reshape(-1, 4)[numbers]


def legend_of(table: pd.DataFrame, column: str) -> str:
    """Write the legend of `colours_of_rows`.

    Parameters
    ----------
    table : DataFrame
        One row for each point.
    column : str
        As for `colours_of_rows`.

    Returns
    -------
    str
        Rich text of Qt (HTML).
    """
    if column == "deviation":
        low, high = (matplotlib.colors.to_hex(matplotlib.colormaps["viridis"](x)) for x in (0.0, 1.0))
        return f'<span style="color:{low}">●</span> percentile 0 to <span style="color:{high}">●</span> 100'
    hues = colour_by_name(table[column])
    shown = list(hues.items())[:MOST_NAMES]
    entries = [f'<span style="color:{hue}">●</span> {name or "none"}' for name, hue in shown]
    more = len(hues) - MOST_NAMES
    return " ".join(entries) + (f" and {more} more" if more > 0 else "")


def groups_of(table: pd.DataFrame) -> str:
    """Say of how many subjects some points are, and how they divide into groups.

    Parameters
    ----------
    table : DataFrame
        One row for each point, with ``subject`` and ``group``.

    Returns
    -------
    str
    """
    shares = table["group"].value_counts(normalize=True)
    said = ", ".join(f"{name or 'no group'} {share:.0%}" for name, share in shares.items())
    return f"{counted(len(table), 'frame')} of {counted(table['subject'].nunique(), 'subject')}: {said}."
