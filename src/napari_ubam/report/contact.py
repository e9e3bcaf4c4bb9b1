"""What the codes hold alike: frames, and their nearest neighbours in other subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy.typing as npt
from matplotlib.figure import Figure

from .style import BLUE, LARGE, SMALL, new_figure, show_image


class NeighbourRow(NamedTuple):
    """A frame and its nearest neighbours.

    Parameters
    ----------
    image : ndarray of uint8, shape (y, x), (y, x, 1) or (y, x, 3)
        The frame.
    label : str
        Subject and frame number.
    neighbours : sequence of ndarray
        Frames, the nearest first.
    labels : sequence of str
        As many.
    """

    image: npt.NDArray[Any]
    label: str
    neighbours: Sequence[npt.NDArray[Any]]
    labels: Sequence[str]


def neighbour_sheet(
    rows: Sequence[NeighbourRow | tuple[Any, str, Sequence[Any], Sequence[str]]],
    title: str = "Nearest neighbours in other subjects",
) -> Figure:
    """Show frames, each with its nearest neighbours beside it.

    Postures alike in a row, of subjects that look different, mean that the code holds posture; the same
    background or light in a row means that it does not.

    Parameters
    ----------
    rows : sequence of NeighbourRow
        Or tuples of the same parts.
    title : str
        Over the sheet.

    Returns
    -------
    Figure
        A row a frame; the frame itself has a frame in blue.

    Raises
    ------
    ValueError
        Where there is no row.
    """
    parts = [NeighbourRow(*row) for row in rows]
    if not parts:
        raise ValueError("There is no frame to show; give at least one row.")
    columns = 1 + max(len(row.neighbours) for row in parts)
    height = 0.35 + 1.3 * max(min(row.image.shape[0] / row.image.shape[1], 2) for row in parts)
    figure = new_figure(1.5 * columns, 0.5 + height * len(parts))
    figure.suptitle(title, fontsize=LARGE)
    axes = figure.subplots(len(parts), columns, squeeze=False)
    for line, row in zip(axes, parts, strict=True):
        for one in line:
            one.set_axis_off()
        pairs = zip([row.image, *row.neighbours], [row.label, *row.labels], strict=True)
        for one, (image, label) in zip(line, pairs, strict=False):
            show_image(one, image)
            one.set_title(label, fontsize=SMALL, pad=3)
        _outline(line[0])
    return figure


def _outline(axes: Any) -> None:
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=BLUE, linewidth=3)
