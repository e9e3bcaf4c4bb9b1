"""Figures as SVG and PNG in the widths of a journal's columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .data import ExportData, file_stems
from .output import Output, Work

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

WIDTHS = {"89mm": 89.0, "183mm": 183.0}
"""Millimetres of one column and of two, as most journals have them."""

MM = 25.4  # of an inch
SMALLEST, LARGEST = 5.0, 7.0  # points of a text
DOTS = 600  # an inch, of the PNG


def figure_outputs(data: ExportData) -> Iterator[Output]:
    """Give each figure as SVG and PNG, two columns wide, and one column wide where its texts fit.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    stems = file_stems(data.figures)
    for name, draw in data.figures.items():
        needed = needed_width(draw())
        for width, millimetres in WIDTHS.items():
            if millimetres < min(needed, max(WIDTHS.values())):
                continue
            for suffix in ("svg", "png"):
                write = partial(_write, draw, millimetres)
                yield Output(f"{stems[name]}-{width}.{suffix}", write)


def _write(draw: Callable[[], Figure], millimetres: float, path: Path, work: Work) -> None:
    import matplotlib

    figure = draw()
    fit(figure, millimetres)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "napari-ubam"}):
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=DOTS, metadata=metadata)


def needed_width(figure: Figure) -> float:
    """Tell how wide a figure must be to hold its texts in the sizes of a journal.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    float
        Millimetres.
    """
    return float(figure.get_figwidth()) * _shrinking(figure) * MM


def fit(figure: Figure, millimetres: float) -> None:
    """Give a figure the width of a column.

    Texts get the sizes that journals ask for, 5 to 7 points. The height shrinks with the texts, so that
    rows of text keep their distance.

    Parameters
    ----------
    figure : Figure
        It is changed.
    millimetres : float
        Width.
    """
    from matplotlib.table import Table

    width, height = figure.get_size_inches()
    share, smaller = millimetres / MM / width, _shrinking(figure)
    for table in figure.findobj(Table):
        if isinstance(table, Table):
            table.auto_set_font_size(False)
    for text in _texts(figure):
        text.set_fontsize(max(float(text.get_fontsize()) * smaller, SMALLEST))
    figure.set_size_inches(width * share, height * max(min(share, 1), smaller))


def _shrinking(figure: Figure) -> float:
    """Factor that brings the largest text to its size in a journal."""
    sizes = [float(text.get_fontsize()) for text in _texts(figure) if text.get_text()]
    return LARGEST / max([LARGEST, *sizes])


def _texts(figure: Figure) -> list[Text]:
    from matplotlib.text import Text

    return [one for one in figure.findobj() if isinstance(one, Text)]
