"""Colours of the viewer's theme for plots by matplotlib."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from matplotlib.colors import to_rgb
from napari.utils.theme import get_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from napari.viewer import Viewer

LIGHT_CURVES = ("#4cc2ff", "#ffb347", "#7ee081", "#ff7b9c", "#c9a0ff", "#e8e36a", "#a0a8b0")
DARK_CURVES = ("#0a6fb3", "#b35900", "#237a2b", "#b3174a", "#6b3fb3", "#7a6a00", "#555d66")
STRONG_ON_DARK, STRONG_ON_LIGHT = "#ff9d3c", "#c75000"
FAINT_ON_DARK = "#9db4c9"


@dataclass(frozen=True)
class Colours:
    """Colours of a theme, as matplotlib takes them.

    Parameters
    ----------
    background, text : str
        Colours of the theme.
    faint, strong : str
        Colours of the less and of the more important curve.
    """

    background: str
    text: str
    faint: str
    strong: str

    @property
    def is_light(self) -> bool:
        """Whether the background is light."""
        red, green, blue = to_rgb(self.background)
        return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5

    @property
    def curves(self) -> tuple[str, ...]:
        """Colours of several curves in one plot, readable on the background."""
        return DARK_CURVES if self.is_light else LIGHT_CURVES


def colours_of(viewer: Viewer) -> Colours:
    """Give the colours of a viewer's theme.

    Parameters
    ----------
    viewer : napari.Viewer

    Returns
    -------
    Colours
    """
    theme = get_theme(viewer.theme)
    plain = Colours(_hex(theme.background), _hex(theme.text), FAINT_ON_DARK, STRONG_ON_DARK)
    return replace(plain, faint=_hex(theme.icon), strong=STRONG_ON_LIGHT) if plain.is_light else plain


def style_axes(axes: Axes, colours: Colours) -> None:
    """Give axes the theme's colours, and hide the upper and the right border.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    colours : Colours
    """
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
