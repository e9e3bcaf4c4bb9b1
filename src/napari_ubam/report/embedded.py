"""Pictures inside of a page: figures as SVG for light and dark screens, photographs and clips as WebP."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from PIL import Image as Images

from .groups import DARK_LOOK, LIGHT_LOOK, Look

CSS_DOTS = 96  # pixels of a page in an inch
FILE_DOTS = 150  # dots in an inch of the figures in the folder of a run
SHARP = 120  # dots in an inch of pixels inside of a drawing, such as the points of a map
LARGEST_DRAWING = 1_500_000  # bytes of an SVG; a larger one becomes a picture of pixels
WIDEST = 1200  # pixels of an embedded picture
QUALITY = 80  # of WebP
FONTS = ["DejaVu Sans", "Verdana", "Arial", "sans-serif"]

Draw = Callable[..., Figure]


@dataclass(frozen=True)
class Picture:
    """A picture inside of a page.

    Parameters
    ----------
    title : str
        What it shows.
    source : str
        The picture as a ``data:`` address.
    width : int
        Width in pixels of the page.
    dark : str
        The same for a dark screen. Empty: there is none, and the picture gets a light frame.
    still : str
        A picture that does not move, for readers who want no motion. Empty: it does not move.
    caption : str
        Text below the picture.
    file_name : str
        Name of the file that "Save the figure" writes. Empty: it is not offered.
    """

    title: str
    source: str
    width: int
    dark: str = ""
    still: str = ""
    caption: str = ""
    file_name: str = ""

    @property
    def size(self) -> int:
        """Size in the page in bytes."""
        saved = len(self.source) if self.file_name else 0
        return len(self.source) + len(self.dark) + len(self.still) + saved


def drawing(title: str, draw: Draw, file_name: str, caption: str = "") -> Picture:
    """Draw a figure as SVG, for a light and for a dark screen. Text stays text.

    Parameters
    ----------
    title : str
        What it shows.
    draw : callable
        Returns the figure. If it takes ``look``, it is called with the colours; else the figure is shown on
        a light ground only.
    file_name : str
        Name for saving, without its ending.
    caption : str

    Returns
    -------
    Picture
        A drawing of more than 1.5 MB is converted to pixels.
    """
    looks = [LIGHT_LOOK, DARK_LOOK] if "look" in inspect.signature(draw).parameters else [None]
    found, width = [], 0
    for number, look in enumerate(looks):
        with _default_colours(look):
            figure = draw(look=look) if look is not None else draw()
        content, suffix = _saved(figure, f"{file_name}-{number}")
        found.append(data_address(content, "image/svg+xml" if suffix == "svg" else "image/webp"))
        width, ending = round(figure.get_figwidth() * CSS_DOTS), suffix
    dark = found[1] if len(found) > 1 else ""
    return Picture(title, found[0], width, dark, caption=caption, file_name=f"{file_name}.{ending}")


def picture_file(title: str, path: Path, caption: str = "") -> Picture:
    """Take a picture from a file, smaller.

    Parameters
    ----------
    title : str
        What it shows.
    path : Path
        File of any format that Pillow reads.
    caption : str

    Returns
    -------
    Picture
        At most 1200 pixels wide, as WebP.

    Raises
    ------
    OSError
        If the file is no picture.
    """
    with Images.open(path) as image:
        shown = image.convert("RGB")
    natural = round(shown.width * CSS_DOTS / FILE_DOTS)
    if shown.width > WIDEST:
        shown = shown.resize((WIDEST, round(shown.height * WIDEST / shown.width)), Images.Resampling.LANCZOS)
    content = BytesIO()
    shown.save(content, format="WEBP", quality=QUALITY, method=4)
    return Picture(title, data_address(content.getvalue(), "image/webp"), natural, caption=caption)


def data_address(content: bytes, kind: str) -> str:
    """Write a file as an address that holds it.

    Parameters
    ----------
    content : bytes
    kind : str
        Such as ``"image/webp"``.

    Returns
    -------
    str
        ``data:image/webp;base64,...``
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _saved(figure: Figure, salt: str) -> tuple[bytes, str]:
    """Write a figure as SVG, or as pixels if it is too large."""
    content = BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.sans-serif": FONTS}):
        figure.savefig(content, format="svg", dpi=SHARP, metadata={"Date": None})
    if content.tell() <= LARGEST_DRAWING:
        return content.getvalue(), "svg"
    content = BytesIO()
    figure.savefig(content, format="webp", dpi=SHARP, pil_kwargs={"quality": QUALITY})
    return content.getvalue(), "webp"


@contextmanager
def _default_colours(look: Look | None) -> Iterator[None]:
    """Use the colours of a look where a figure chooses none."""
    if look is None:
        yield
        return
    inks = (
        "text.color",
        "axes.labelcolor",
        "axes.edgecolor",
        "axes.titlecolor",
        "xtick.color",
        "ytick.color",
    )
    grounds = ("figure.facecolor", "axes.facecolor", "legend.facecolor")
    colours: Any = dict.fromkeys(inks, look.text) | dict.fromkeys(grounds, look.background)
    with matplotlib.rc_context(colours):
        yield
