"""Pictures of the most typical frame of each cluster, read from the videos."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure, SubFigure
from PIL import Image as Images

from napari_ubam.errors import UbamError
from napari_ubam.runfolder.tables import Result
from napari_ubam.video import open_video

from .groups import Look
from .style import SMALL, Image, format_time

SIDE = 160  # pixels of the longer side
PER_ROW = 8


def medoid_pictures(result: Result) -> dict[int, Image | None]:
    """Read the medoid of each cluster, cropped to its region. Pictures are kept for the next call.

    Parameters
    ----------
    result : Result
        Of the analysis ``"map_compare"``.

    Returns
    -------
    dict of int to (ndarray of uint8, shape (y, x, 3), or None)
        By number of the cluster; None if the video cannot be read. Empty for results of versions that did
        not note the videos.
    """
    return {int(one["cluster"]): _picture(one) for one in result.facts.get("medoids", ())}


def draw_medoids(part: Figure | SubFigure, result: Result, look: Look) -> None:
    """Draw the medoids in a row, or in several if there are many.

    Parameters
    ----------
    part : Figure or SubFigure
        Where they are drawn.
    result : Result
        Of the analysis ``"map_compare"``.
    look : Look
        Colours.
    """
    places, pictures = result.facts.get("medoids", ()), medoid_pictures(result)
    columns = min(len(places), PER_ROW)
    grid = part.subplots(rows_of(result), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, one in zip(grid.flat, places, strict=False):
        picture = pictures[int(one["cluster"])]
        if picture is None:
            axes.text(0.5, 0.5, "the video\ncannot be read", ha="center", va="center", color=look.text)
        else:
            axes.imshow(picture)
        axes.set_title(
            f"{one['cluster']}: {_short(str(one['recording']))}\n{format_time(float(one['time']))}",
            fontsize=SMALL,
            color=look.text,
        )


def rows_of(result: Result) -> int:
    """Tell how many rows `draw_medoids` needs.

    Parameters
    ----------
    result : Result

    Returns
    -------
    int
        0 if no video can be read.
    """
    pictures = medoid_pictures(result)
    readable = any(one is not None for one in pictures.values())
    return -(-len(pictures) // PER_ROW) if readable else 0


def _picture(place: Mapping[str, Any]) -> Image | None:
    video = Path(place["video"])
    try:
        changed = video.stat().st_mtime_ns
    except OSError:
        return None
    box = place.get("box")
    return _read(video, int(place["frame"]), tuple(box) if box else None, changed)


@lru_cache(maxsize=256)
def _read(video: Path, frame: int, box: tuple[float, ...] | None, changed: int) -> Image | None:
    """Read a frame; ``changed`` lets a replaced video be read again."""
    try:
        with open_video(video, warn=False) as opened:
            picture = np.asarray(opened[frame])
    except (UbamError, OSError):
        return None
    if box is not None:
        x, y, width, height = box
        picture = picture[max(int(y), 0) : int(y + height), max(int(x), 0) : int(x + width)]
    return small_picture(picture)


def small_picture(picture: Any, side: int = SIDE) -> Image:
    """Make a small RGB picture of a frame.

    Parameters
    ----------
    picture : ndarray, shape (y, x) or (y, x, c)
        Grey or RGB. Values beyond 8 bits are stretched between the smallest and the largest.
    side : int
        Pixels of the longer side at most.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)
    """
    values: Any = picture if picture.ndim == 3 else picture[..., None]
    if values.dtype != np.uint8:
        low, high = float(values.min()), float(values.max())
        values = ((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    if values.shape[2] == 1:
        values = np.repeat(values, 3, axis=2)
    image = Images.fromarray(np.ascontiguousarray(values))
    image.thumbnail((side, side), Images.Resampling.LANCZOS)
    return np.asarray(image)


def _short(text: str, most: int = 16) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
