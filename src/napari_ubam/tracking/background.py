"""The picture without the subject, and what differs from it in each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_closing, binary_opening, distance_transform_edt, find_objects, label

FRAMES = 100  # for the background, evenly spaced
CELLS = 320  # along the longer side of the picture
NOISE = 5.0  # times the noise of a cell that a difference must exceed
QUARTER = 0.3186  # standard deviations within which a quarter of normal values lie
LEAST = 0.04  # of the brightest level that a difference must exceed
THIN = 0.1  # of the root of the area: half of the width of what is cut off, such as a tail
SHADOW = 0.85  # of a part at most may be shadow, or a reflection in the wall
WEAK = 0.7  # of the difference of the body at most is that of its shadow
APART = 2.0  # standard deviations between shadow and body, from which they are told apart
PARTS = 4  # largest parts of a frame that are looked at
SMALLEST = 0.0004  # share of the picture; smaller parts are noise

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A connected part of a frame that differs from the background. Lengths are in cells.

    Parameters
    ----------
    area : int
        Cells.
    x, y : float
        Middle, weighted by the difference.
    axis : float
        Direction of the longer axis in radians, modulo pi.
    elongation : float
        0 for a circle, to 1.
    skewness : float
        Third moment along the axis; positive if the thin end is ahead.
    cells : ndarray of float, shape (n, 2)
        x and y of its cells.
    """

    area: int
    x: float
    y: float
    axis: float
    elongation: float
    skewness: float
    cells: Floats

    def moved(self, x: int, y: int) -> Part:
        """Shift the part by whole cells."""
        return replace(self, x=self.x + x, y=self.y + y, cells=self.cells + (x, y))


@dataclass(frozen=True)
class Background:
    """The picture without the subject.

    Parameters
    ----------
    level : ndarray of float, shape (y, x)
        Brightness of each cell.
    limit : ndarray of float, shape (y, x)
        Difference from which a cell belongs to something else.
    restless : float
        Share of the picture that changes all the time, as when the camera moves.
    """

    level: Floats
    limit: Floats
    restless: float = 0.0

    @classmethod
    def of(cls, frames: Iterable[Floats]) -> Background:
        """Take the median over frames, each (y, x), whose common brightness is made equal."""
        stack = np.stack([*frames])
        middle = np.median(stack, axis=(1, 2), keepdims=True) + 1e-6
        stack = stack / middle * np.median(middle)
        level = np.median(stack, axis=0)
        # The quarter of the smallest deviations: the subject may be at one place for nearly half of the time.
        noise = np.quantile(np.abs(stack - level), 0.25, axis=0) / QUARTER
        brightest = float(np.quantile(level, 0.99))
        restless = float((noise > LEAST * brightest).mean())
        return cls(level, np.maximum(NOISE * noise, LEAST * brightest), restless)

    def difference(self, frame: Floats) -> Floats:
        """Difference of a frame (y, x) from the background, 0 where it does not count; negative if darker."""
        ratio = (
            float(np.median(frame[self.level > 1] / self.level[self.level > 1])) if self.level.any() else 1.0
        )
        difference: Floats = frame / max(ratio, 1e-6) - self.level
        difference[np.abs(difference) < self.limit] = 0
        return difference

    def parts(self, frame: Floats) -> tuple[list[Part], float]:
        """Find the largest parts of a frame that differ, and the share of the picture that differs."""
        difference = self.difference(frame)
        mask = binary_closing(binary_opening(difference != 0), iterations=2)
        share = float((difference != 0).mean())
        numbered, count = label(mask)
        if not count:
            return [], share
        areas = np.bincount(numbered.ravel())[1:]
        order = np.argsort(areas)[::-1][:PARTS]
        wanted = [int(n) + 1 for n in order if areas[n] >= max(SMALLEST * mask.size, 4)]
        places = find_objects(numbered)
        found = []
        for number in wanted:
            place = places[number - 1]
            part = _part(numbered[place] == number, difference[place], self.level[place])
            found.append(part.moved(place[1].start, place[0].start))
        return found, share


def _part(mask: npt.NDArray[np.bool_], difference: Floats, level: Floats) -> Part:
    """Measure a part, without its shadow and its thin ends."""
    strong = _thick(mask & ~_shadow(mask, difference / np.maximum(level, 1)))
    difference = np.abs(difference)
    rows, columns = np.nonzero(strong)
    weight = difference[rows, columns] + 1e-6
    cells = np.stack([columns + 0.5, rows + 0.5], axis=1)
    middle = np.average(cells, axis=0, weights=weight)
    away = cells - middle
    values, vectors = np.linalg.eigh(np.cov(away.T, aweights=weight) if len(cells) > 2 else np.eye(2))
    long = vectors[:, 1]
    along = away @ long
    skewness = float(np.average(along**3, weights=weight) / max(values[1], 1e-9) ** 1.5)
    elongation = float(1 - np.sqrt(max(values[0], 0) / max(values[1], 1e-9)))
    axis = float(np.arctan2(long[1], long[0]))
    return Part(len(cells), float(middle[0]), float(middle[1]), axis, elongation, skewness, cells)


def _thick(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Cells of a part without what is thin against its size, such as a tail or a cable."""
    reach = THIN * np.sqrt(mask.sum())
    inner = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] > reach
    thick: npt.NDArray[np.bool_] = mask & (distance_transform_edt(~inner) <= reach)
    return thick if inner.any() else mask


def _shadow(mask: npt.NDArray[np.bool_], relative: Floats) -> npt.NDArray[np.bool_]:
    """Cells of a part that are somewhat darker than the background, where others differ clearly more."""
    strength = np.abs(relative[mask])
    border = float(strength.mean())
    for _ in range(8):  # the border between two clusters of differences
        weak, strong = strength[strength <= border], strength[strength > border]
        if not (len(weak) and len(strong)):
            return np.zeros_like(mask)
        border = float(weak.mean() + strong.mean()) / 2
    spread = (weak.std() + strong.std()) / 2
    if (
        weak.mean() > WEAK * strong.mean()
        or strong.mean() - weak.mean() < APART * spread
        or len(weak) > SHADOW * len(strength)
    ):
        return np.zeros_like(mask)
    return mask & (relative < 0) & (np.abs(relative) <= border)


def reduced(cell: int) -> Callable[[npt.NDArray[Any]], Floats]:
    """Return a function that takes the mean of square cells of a frame (y, x)."""

    def reduce(frame: npt.NDArray[Any]) -> Floats:
        height, width = (side // cell * cell for side in frame.shape)
        blocks = frame[:height, :width].reshape(height // cell, cell, width // cell, cell)
        means: Floats = blocks.mean((1, 3), dtype=np.float64)
        return means

    return reduce
