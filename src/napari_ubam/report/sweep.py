"""One frame at several factors, and what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from .style import LARGE, SMALL, new_figure, show_image


def sweep_sheet(frames: Mapping[str, npt.NDArray[Any]], title: str = "", columns: int = 4) -> Figure:
    """Show versions of a frame beside each other.

    Parameters
    ----------
    frames : mapping of str to ndarray of uint8, shape (y, x), (y, x, 1) or (y, x, 3)
        What each shows, and the picture; all of one size.
    title : str
        Over the sheet.
    columns : int
        Pictures in a row.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        Where there is no picture.
    """
    if not frames:
        raise ValueError("There is no frame to show; give at least one.")
    columns = min(columns, len(frames))
    rows = -(-len(frames) // columns)
    height, width = next(iter(frames.values())).shape[:2]
    figure = new_figure(3.0 * columns, 0.5 + rows * (3.0 * min(height / width, 2) + 0.3))
    if title:
        figure.suptitle(title, fontsize=LARGE)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for one in axes:
        one.set_axis_off()
    for one, (label, image) in zip(axes, frames.items(), strict=False):
        show_image(one, image)
        one.set_title(label, fontsize=SMALL, pad=3)
    return figure
