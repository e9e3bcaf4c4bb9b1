"""Short clips that repeat themselves, as animated WebP files of limited size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from matplotlib.font_manager import findfont
from numpy.typing import NDArray
from PIL import Image as Images
from PIL import ImageDraw, ImageFont

from .style import ORANGE, Image

MOST_BYTES = 300_000
SMOOTH = 30.0  # frames per second; more are left out
HEIGHTS = (260, 220, 180, 144, 112)  # pixels, tried one after the other
WIDEST_PANE = 320  # pixels
ENLARGED = 2.0  # at most; the page enlarges the rest
QUALITIES = (70, 50, 30)
GAP = 4  # pixels between two panes
BAR = 5  # pixels below the panes


@dataclass(frozen=True)
class Animation:
    """A clip in a file.

    Parameters
    ----------
    content, still : bytes
        The animated WebP file, and its middle frame as a WebP file that does not move.
    frames : int
        Number of frames.
    fps : float
        Frames per second.
    """

    content: bytes
    still: bytes
    frames: int
    fps: float


def animation(
    panes: Sequence[tuple[str, Sequence[Image]]],
    fps: float,
    marked: Sequence[bool] | None = None,
    most_bytes: int = MOST_BYTES,
) -> Animation:
    """Show sequences of frames side by side, as an animated WebP file that repeats itself.

    Frames beyond 30 in a second are left out, and the clip keeps its speed. Size and quality are lowered
    until the file fits, and then further frames are left out.

    Parameters
    ----------
    panes : sequence of (str, sequence of ndarray of uint8, shape (y, x, 1) or (y, x, 3))
        Title and frames. All have the same number of frames and the same size.
    fps : float
        Frames per second.
    marked : sequence of bool, optional
        Frames with an orange bar below them.
    most_bytes : int
        Size that the file must not exceed.

    Returns
    -------
    Animation

    Raises
    ------
    ValueError
        If there is no frame, or even the smallest file would be too large.
    """
    count = len(panes[0][1]) if panes else 0
    if not count:
        raise ValueError("There is no frame to show; give at least one.")
    marks = [False] * count if marked is None else list(marked)
    step = max(1, round(fps / SMOOTH))
    while True:
        chosen = range(0, count, step)
        for height in HEIGHTS:
            pictures = [_beside(panes, number, height, marks[number]) for number in chosen]
            for quality in QUALITIES:
                content = _written(pictures, fps / step, quality)
                if len(content) <= most_bytes:
                    still = _written([pictures[len(pictures) // 2]], 1.0, quality)
                    return Animation(content, still, len(pictures), fps / step)
                if len(content) > 3 * most_bytes:
                    break  # a lower quality is not enough
        if len(chosen) == 1:
            raise ValueError(f"Not even one frame fits into {most_bytes} bytes; allow more.")
        step *= 2


def _beside(
    panes: Sequence[tuple[str, Sequence[Image]]], number: int, height: int, marked: bool
) -> Images.Image:
    """Draw one frame of each pane, with titles, and the bar."""
    shown = [_labelled(_scaled(frames[number], height), title) for title, frames in panes]
    width = sum(one.width for one in shown) + GAP * (len(shown) - 1)
    picture = Images.new("RGB", (width, shown[0].height + BAR), "white")
    left = 0
    for one in shown:
        picture.paste(one, (left, 0))
        left += one.width + GAP
    bar = (0, shown[0].height + 1, width, shown[0].height + BAR)
    ImageDraw.Draw(picture).rectangle(bar, fill=ORANGE if marked else "#d9d9d9")
    return picture


def _scaled(frame: Image, height: int) -> Images.Image:
    image = Images.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame).convert("RGB")
    scale = min(height / image.height, WIDEST_PANE / image.width, ENLARGED)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Images.Resampling.BICUBIC)


def _labelled(image: Images.Image, title: str) -> Images.Image:
    face = findfont("DejaVu Sans")  # comes with matplotlib, and has a multiplication sign
    draw, size = ImageDraw.Draw(image), 14
    font = ImageFont.truetype(face, size)
    while size > 7 and draw.textlength(title, font=font) > image.width - 8:
        size -= 1
        font = ImageFont.truetype(face, size)
    draw.text((4, 2), title, fill="white", font=font, stroke_width=2, stroke_fill="black")
    return image


def _written(pictures: Sequence[Images.Image], fps: float, quality: int) -> bytes:
    content = BytesIO()
    if len(pictures) == 1:
        pictures[0].save(content, format="WEBP", quality=quality, method=2)
    else:
        pictures[0].save(
            content,
            format="WEBP",
            save_all=True,
            append_images=list(pictures[1:]),
            duration=list(_durations(len(pictures), fps)),
            loop=0,
            quality=quality,
            method=2,
            minimize_size=False,
        )
    return content.getvalue()


def _durations(count: int, fps: float) -> Iterator[int]:
    """Milliseconds of each frame: whole numbers whose sum keeps the speed."""
    edges: NDArray[np.int64] = np.round(np.arange(count + 1) * 1000 / fps).astype(np.int64)
    yield from (max(int(one), 1) for one in np.diff(edges))
