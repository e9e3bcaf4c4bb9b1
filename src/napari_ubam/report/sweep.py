"""Contact sheet of one frame at several magnification factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from .style import LARGE, SMALL, new_figure, show_image


def sweep_sheet(frames: Mapping[str, npt.NDArray[Any]], title: str = "", columns: int = 4) -> Figure:
    """Show several versions of a frame side by side.

    Parameters
    ----------
    frames : mapping of str to ndarray of uint8, shape (y, x), (y, x, 1) or (y, x, 3)
        Images by their titles. All have the same size.
    title : str
        Title of the figure.
    columns : int
        Images per row.

    Returns
    -------
    Figure
        One panel per image.

    Raises
    ------
    ValueError
        If there is no image.
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
