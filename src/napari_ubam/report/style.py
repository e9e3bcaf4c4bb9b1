"""Common style of all figures: colours for colour-blind readers, and readable font sizes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito, Color Universal Design, 2008.
BLUE, ORANGE, GREEN, RED, SKY, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"
GREY, LIGHT = "#595959", "#D9D9D9"
CYCLE = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY)

SMALL, NORMAL, LARGE = 9.0, 10.0, 12.0  # points

Image = npt.NDArray[np.uint8]


def colour_by_name(names: Iterable[object]) -> dict[str, str]:
    """Assign a colour to each name. The order of the names does not matter.

    Parameters
    ----------
    names : iterable of object
        Names, repeated or not.

    Returns
    -------
    dict of str to str
        Colour of each unique name, as hexadecimal RGB. Colours repeat after six names.
    """
    return {name: CYCLE[place % len(CYCLE)] for place, name in enumerate(sorted({str(one) for one in names}))}


def new_figure(width: float, height: float) -> Figure:
    """Create an empty figure that needs no window.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Returns
    -------
    Figure
        Figure with constrained layout.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes) -> None:
    """Remove the upper and right spine, and set the size of the tick labels.

    Parameters
    ----------
    axes : Axes
        Axes to modify.
    """
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=SMALL)


def show_image(axes: Axes, image: npt.NDArray[Any] | None) -> None:
    """Show an image without axes.

    Parameters
    ----------
    axes : Axes
        Axes to draw on.
    image : ndarray, shape (y, x), (y, x, 1) or (y, x, 3), or None
        Grey or RGB image, 0 to 255. None leaves the axes empty.
    """
    axes.set_axis_off()
    if image is not None:
        grey = image.ndim == 2 or image.shape[2] == 1
        axes.imshow(image.squeeze() if grey else image, cmap="gray", vmin=0, vmax=255)


def format_time(seconds: float) -> str:
    """Format a time: in seconds, or from two minutes in minutes and seconds.

    Parameters
    ----------
    seconds : float
        Time in seconds.

    Returns
    -------
    str
        Text such as ``12.34 s`` or ``2:03.40``.
    """
    if seconds < 120:
        return f"{seconds:.2f} s"
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes}:{rest / 100:05.2f}" if not hours else f"{hours}:{minutes:02}:{rest / 100:05.2f}"
    return text
