"""Contact sheet of frames and their nearest neighbours in other subjects."""

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
        Image of the frame.
    label : str
        Title, such as subject and frame number.
    neighbours : sequence of ndarray of uint8
        Images of the neighbours, the nearest first.
    labels : sequence of str
        Title of each neighbour.
    """

    image: npt.NDArray[Any]
    label: str
    neighbours: Sequence[npt.NDArray[Any]]
    labels: Sequence[str]


def neighbour_sheet(
    rows: Sequence[NeighbourRow | tuple[Any, str, Sequence[Any], Sequence[str]]],
    title: str = "Nearest neighbours in other subjects",
) -> Figure:
    """Show frames and their nearest neighbours.

    If the subjects in a row look different but have the same posture, the embedding represents posture. If
    they share background or light, it does not.

    Parameters
    ----------
    rows : sequence of NeighbourRow
        One row for each frame. Tuples with the same items are also accepted.
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        One row for each frame. The frame itself comes first, with a blue border.

    Raises
    ------
    ValueError
        If there is no row.
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
