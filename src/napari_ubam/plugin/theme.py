"""Colours of the viewer's theme, for what is drawn by matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from napari.viewer import Viewer


@dataclass(frozen=True)
class Colours:
    """Colours as matplotlib takes them."""

    background: str
    text: str
    faint: str
    strong: str


def colours_of(viewer: Viewer) -> Colours:
    """Colours of a viewer's theme."""
    theme = get_theme(viewer.theme)
    background, text, faint = (_hex(one) for one in (theme.background, theme.text, theme.secondary))
    return Colours(background, text, faint, "#ff9d3c")


def dress(axes: Axes, colours: Colours) -> None:
    """Give axes the theme's colours, without the frame above and on the right."""
    axes.set_facecolor(colours.background)
    axes.tick_params(colors=colours.text, labelsize=8)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(colours.text)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(colours.text)
        text.set_fontsize(8)


def _hex(colour: Any) -> str:
    return str(colour.as_hex()) if hasattr(colour, "as_hex") else str(colour)
