"""The picture without the subject, and what differs from it in each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import distance_transform_edt, find_objects, label

from .shadow import Shadow, ratios_in

FRAMES = 100  # for the background, evenly spaced
CELLS = 200  # along the longer side of the picture
NOISE = 5.0  # times the noise of a cell that a difference must exceed
QUARTER = 0.3186  # standard deviations within which a quarter of normal values lie
SPARSE = 4  # cells; the common brightness is taken from one in each direction
LEAST = 0.04  # of the brightest level that a difference must exceed
THIN = 0.1  # of the root of the area: half of the width of what is cut off, such as a tail
PARTS = 4  # largest parts of a frame that are looked at
SMALLEST = 0.0004  # share of the picture; smaller parts are noise

Floats = npt.NDArray[np.floating[Any]]


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
    cells : ndarray of int16, shape (n, 2)
        Numbers of its cells along x and y.
    """

    area: int
    x: float
    y: float
    axis: float
    elongation: float
    skewness: float
    cells: npt.NDArray[np.int16]

    def moved(self, x: int, y: int) -> Part:
        """Shift the part by whole cells."""
        return replace(self, x=self.x + x, y=self.y + y, cells=self.cells + np.array([x, y], np.int16))


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
    shadow : Shadow
        How the shadow is told from the body.
    """

    level: Floats
    limit: Floats
    restless: float = 0.0
    shadow: Shadow = field(default_factory=Shadow)

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
        limit = np.maximum(NOISE * noise, LEAST * brightest)
        return cls(level, limit, restless, Shadow.of(ratios_in(stack, level, limit)))

    def difference(self, frame: Floats) -> Floats:
        """Difference of a frame (y, x) from the background, 0 where it does not count; negative if darker."""
        some, level = frame[::SPARSE, ::SPARSE], self.level[::SPARSE, ::SPARSE]
        ratios = some[level > 1] / level[level > 1]
        ratio = max(float(np.median(ratios)), 1e-6) if len(ratios) else 1.0
        difference: Floats = frame / ratio - self.level
        difference[np.abs(difference) < self.limit] = 0
        return difference

    def parts(self, frame: Floats) -> tuple[list[Part], float]:
        """Find the largest parts of a frame that differ, and the share of the picture that differs."""
        difference = self.difference(frame)
        mask = difference != 0
        share = float(mask.mean())
        mask = _shrunk(_grown(_grown(_shrunk(mask))))
        if not mask.any():
            return [], share
        numbered, _ = label(mask)
        areas = np.bincount(numbered.ravel())[1:]
        order = np.argsort(areas)[::-1][:PARTS]
        wanted = [int(n) + 1 for n in order if areas[n] >= max(SMALLEST * mask.size, 4)]
        places = find_objects(numbered)
        found = []
        for number in wanted:
            place = places[number - 1]
            part = self._part(numbered[place] == number, difference[place], self.level[place])
            found.append(part.moved(place[1].start, place[0].start))
        return found, share

    def _part(self, mask: npt.NDArray[np.bool_], difference: Floats, level: Floats) -> Part:
        """Measure a part, without its shadow and its thin ends."""
        strong = _thick(mask & ~self.shadow.cells(mask, difference / np.maximum(level, 1)))
        difference = np.abs(difference)
        rows, columns = np.nonzero(strong)
        weight = difference[rows, columns] + 1e-6
        cells = np.stack([columns, rows], axis=1).astype(np.int16)  # an hour of them must fit into memory
        middle = np.average(cells, axis=0, weights=weight)
        away = cells - middle
        values, vectors = np.linalg.eigh(np.cov(away.T, aweights=weight) if len(cells) > 2 else np.eye(2))
        long = vectors[:, 1]
        along = away @ long
        skewness = float(np.average(along**3, weights=weight) / max(values[1], 1e-9) ** 1.5)
        elongation = float(1 - np.sqrt(max(values[0], 0) / max(values[1], 1e-9)))
        axis = float(np.arctan2(long[1], long[0]))
        x, y = (middle + 0.5).tolist()
        return Part(len(cells), x, y, axis, elongation, skewness, cells)


def _thick(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Cells of a part without what is thin against its size, such as a tail or a cable."""
    reach = THIN * np.sqrt(mask.sum())
    inner = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] > reach
    thick: npt.NDArray[np.bool_] = mask & (distance_transform_edt(~inner) <= reach)
    return thick if inner.any() else mask


def _grown(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Add the four neighbours of each cell."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def _shrunk(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Remove the cells that lack a neighbour."""
    return ~_grown(~mask)


def reduced(cell: int) -> Callable[[npt.NDArray[Any]], Floats]:
    """Return a function that takes the mean of square cells of a frame (y, x) of uint8, in whole levels."""

    def reduce(frame: npt.NDArray[Any]) -> Floats:
        picture = np.ascontiguousarray(frame)
        if cell > 1:
            picture = np.asarray(Image.fromarray(picture).reduce(cell))
        return picture.astype(np.float32)

    return reduce
