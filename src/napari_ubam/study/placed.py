"""Rectangles at exact places of a frame, which can be turned: the crops that follow a subject."""

from __future__ import annotations

from math import ceil, cos, floor, radians, sin
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from .faults import refusal
from .geometry import Roi, Track
from .numbers import text_of
from .values import Positive, nearest

Align = Literal["none", "position", "heading"]
"""How crops follow a track.

``none``: the box of each frame, rounded to whole pixels. ``position``: a box of one size around the exact
middle of each box. ``heading``: the same, turned by the heading, so that the subject always faces right.
"""

_GRID = 9  # points along each side of a turned rectangle, from which its share inside of the frame is counted


class PlacedRoi(Roi):
    """A rectangle around an exact point, which can be turned.

    As a region (`x`, `y`, `width`, `height`), it is the smallest upright rectangle of whole pixels around it.
    Coordinates are in pixels of the full frame, counted from its upper left corner: the middle of the first
    pixel is at (0.5, 0.5).

    Parameters
    ----------
    centre_x, centre_y : float
        Middle of the rectangle.
    box_width, box_height : int
        Its size before it is turned.
    angle : float
        Degrees by which it is turned: 0 not at all, 90 so that its right side is below.
    """

    centre_x: float
    centre_y: float
    box_width: Positive
    box_height: Positive
    angle: float = 0.0

    @classmethod
    def at(cls, centre: tuple[float, float], size: tuple[int, int], angle: float = 0.0) -> PlacedRoi:
        """Place a rectangle.

        Parameters
        ----------
        centre : tuple of float
            x and y of its middle.
        size : tuple of int
            Width and height before it is turned.
        angle : float
            Degrees.

        Returns
        -------
        PlacedRoi
        """
        along, across = abs(cos(radians(angle))), abs(sin(radians(angle)))
        half = (along * size[0] + across * size[1]) / 2, (across * size[0] + along * size[1]) / 2
        low = [floor(round(middle - side, 6)) for middle, side in zip(centre, half, strict=True)]
        high = [ceil(round(middle + side, 6)) for middle, side in zip(centre, half, strict=True)]
        return cls(
            x=low[0],
            y=low[1],
            width=high[0] - low[0],
            height=high[1] - low[1],
            centre_x=centre[0],
            centre_y=centre[1],
            box_width=size[0],
            box_height=size[1],
            angle=angle,
        )

    def moved(self, x: int, y: int) -> PlacedRoi:
        """Shift the rectangle by whole pixels."""
        shift = {
            "x": self.x + x,
            "y": self.y + y,
            "centre_x": self.centre_x + x,
            "centre_y": self.centre_y + y,
        }
        return self.model_copy(update=shift)

    def share_inside(self, height: int, width: int) -> float:
        """Share of the area inside of a frame, from 0 to 1, counted at 81 points."""
        place = (np.arange(_GRID) + 0.5) / _GRID - 0.5
        x, y = np.meshgrid(place * self.box_width, place * self.box_height)
        points = self.to_frame(np.stack([x.ravel(), y.ravel()], axis=-1))
        return float(((points >= 0) & (points <= (width, height))).all(axis=1).mean())

    @property
    def turn(self) -> NDArray[np.float64]:
        """Matrix (2, 2) that turns a vector (x, y) of the rectangle into one of the frame."""
        c, s = cos(radians(self.angle)), sin(radians(self.angle))
        return np.array([[c, -s], [s, c]])

    def to_frame(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Place points of the rectangle in the frame.

        Parameters
        ----------
        points : ndarray of float, shape (..., 2)
            x and y from the middle of the rectangle, along its sides.

        Returns
        -------
        ndarray of float, shape (..., 2)
            In pixels of the frame.
        """
        placed: NDArray[np.float64] = points @ self.turn.T + (self.centre_x, self.centre_y)
        return placed

    def to_box(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Place points of the frame in the rectangle: the inverse of `to_frame`.

        Parameters
        ----------
        points : ndarray of float, shape (..., 2)
            In pixels of the frame.

        Returns
        -------
        ndarray of float, shape (..., 2)
            x and y from the middle of the rectangle, along its sides.
        """
        found: NDArray[np.float64] = (points - np.array([self.centre_x, self.centre_y])) @ self.turn
        return found


def placed(track: Track, frames: NDArray[np.int64], *, turned: bool) -> tuple[PlacedRoi | None, ...]:
    """Place a rectangle of one size around the middle of each box of a track.

    Parameters
    ----------
    track : Track
    frames : ndarray of int64, shape (n,)
        Frame numbers.
    turned : bool
        Turn the rectangles by the headings of the track, which must have some.

    Returns
    -------
    tuple of (PlacedRoi or None)
        One for each frame, None in a gap of the track. Their width and height are the median of the boxes.
    """
    size = track.median_size
    place = np.minimum(np.searchsorted(track.frames, frames), len(track) - 1)
    found = track.frames[place] == frames
    centres = (track.boxes[:, :2] + track.boxes[:, 2:] / 2)[place].tolist()
    angles = track.headings[place].tolist() if turned and track.headings is not None else [0.0] * len(frames)
    return tuple(
        PlacedRoi.at((centre[0], centre[1]), size, angle) if hit else None
        for centre, angle, hit in zip(centres, angles, found.tolist(), strict=True)
    )


def _align(value: Any) -> str:
    text = text_of(value).casefold() or "none"
    known = get_args(Align)
    if text not in known:
        near = nearest(text, known)
        meant = f"did you mean {near[0]!r}?" if near else f"write {', '.join(known[:-1])} or {known[-1]}"
        raise refusal(f"{text_of(value)!r} is no way to align crops", meant)
    return text


READ_ALIGN = BeforeValidator(_align)
"""Reads a cell of the column ``align``; an empty one is ``none``."""
