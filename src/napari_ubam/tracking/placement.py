"""Place maps of activity on each other: shift and size at which they look most alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

Map = npt.NDArray[np.floating[Any]]

ROUNDS = 4  # of placing each map on the mean of the others
STEPS = (
    (6.0, 0.15),
    (3.0, 0.08),
    (1.5, 0.04),
    (0.75, 0.02),
)  # cells, and change of the logarithm of the size
MOVES = 8  # at most, with each step
SIZES = (0.5, 2.0)  # of the subject, relative to the median subject
TEMPLATE_MAPS = 24  # enough for the mean; further maps are placed on it once
BACKGROUND = 0.3  # share of the cells that is surely background
OUTSIDE = 0.04  # share of the activity that is left outside of the box at each side
MARGIN = 0.12  # of the width or height of the box, added at each side


@dataclass(frozen=True)
class Placement:
    """Where a point of the common map is in the map of a recording.

    A point at the offset ``o`` from the centre of the common map is at ``shift + size * o`` from the centre
    of the recording's map.

    Parameters
    ----------
    x, y : float
        Shift in cells.
    size : float
        Size of the subject, relative to that in the common map.
    correlation : float
        Correlation of the placed map with the mean of the others; NaN before it was measured.
    """

    x: float = 0.0
    y: float = 0.0
    size: float = 1.0
    correlation: float = float("nan")

    def moved(self, x: float, y: float, growth: float) -> Placement:
        """Shift by cells, and change the size by a factor."""
        return Placement(self.x + x, self.y + y, self.size * growth)

    def placed(self, activity: Map, shape: tuple[int, int]) -> Map:
        """Resample a recording's map on the common one, shape (y, x)."""
        centre, own = (np.array(shape) - 1) / 2, (np.array(activity.shape) - 1) / 2
        offset = own + (self.y, self.x) - self.size * centre
        found: Map = affine_transform(
            activity, np.full(2, self.size), offset, output_shape=shape, order=1, mode="nearest"
        )
        return found

    def box(
        self, box: tuple[float, float, float, float], shape: tuple[int, int], own: tuple[int, int]
    ) -> tuple[float, float, float, float]:
        """Find a rectangle of the common map in a recording's map.

        Parameters
        ----------
        box : tuple of float
            Left, top, right and bottom in cells of the common map.
        shape, own : tuple of int
            Shapes of the common map and of the recording's map.

        Returns
        -------
        tuple of float
            Left, top, right and bottom in cells of the recording's map; can reach over its edges.
        """
        middle = (shape[1] / 2, shape[0] / 2) * 2
        here = (own[1] / 2 + self.x, own[0] / 2 + self.y) * 2
        left, top, right, bottom = (
            there + self.size * (edge - centre) for edge, centre, there in zip(box, middle, here, strict=True)
        )
        return left, top, right, bottom


def register(maps: Mapping[str, Map]) -> tuple[dict[str, Placement], Map]:
    """Place all maps on a common one, in turns on the mean of the others.

    Parameters
    ----------
    maps : mapping of str to ndarray, shape (y, x)
        Map of each recording, from 0 to 1, with cells of the same share of the picture.

    Returns
    -------
    placements : dict of str to Placement
    template : ndarray, shape (y, x)
        Mean of the placed maps. The subject has in it the median place and size.
    """
    names = list(maps)
    chosen = [names[at] for at in np.linspace(0, len(names) - 1, min(TEMPLATE_MAPS, len(names))).astype(int)]
    heights, widths = zip(*(maps[name].shape for name in names), strict=True)
    shape = (int(np.median(heights)), int(np.median(widths)))
    placements = {name: Placement() for name in chosen}
    placed = {name: one.placed(maps[name], shape) for name, one in placements.items()}
    for _ in range(ROUNDS if len(chosen) > 1 else 0):
        total = np.sum(list(placed.values()), axis=0)
        for name in chosen:
            others = (total - placed[name]) / (len(chosen) - 1)
            placements[name] = place(maps[name], others, placements[name])
            total += (now := placements[name].placed(maps[name], shape)) - placed[name]
            placed[name] = now
        placements = _centred(placements)
        placed = {name: one.placed(maps[name], shape) for name, one in placements.items()}
    template = np.mean(list(placed.values()), axis=0)
    for name in names:
        placements[name] = place(maps[name], template, placements.get(name, Placement()))
    return {name: placements[name] for name in names}, template


def _centred(placements: Mapping[str, Placement]) -> dict[str, Placement]:
    """Keep the mean shift at 0 and the mean size at 1, so that the common map does not drift away."""
    x, y = (float(np.mean([getattr(one, axis) for one in placements.values()])) for axis in ("x", "y"))
    size = float(np.exp(np.mean([np.log(one.size) for one in placements.values()])))
    return {name: one.moved(-x, -y, 1 / size) for name, one in placements.items()}


def place(activity: Map, template: Map, start: Placement) -> Placement:
    """Find the shift and size at which a map correlates best with another, by ever smaller steps.

    Parameters
    ----------
    activity, template : ndarray, shape (y, x)
    start : Placement
        Where the search begins. It also begins where centre and extent of both maps agree.

    Returns
    -------
    Placement
    """
    searched = [_climbed(activity, template, one) for one in (start, _same_extent(activity, template))]
    return max(searched, key=lambda one: one.correlation)


def _climbed(activity: Map, template: Map, start: Placement) -> Placement:
    def measured(one: Placement) -> Placement:
        return Placement(one.x, one.y, one.size, _correlation(one.placed(activity, shape), template))

    shape = (template.shape[0], template.shape[1])
    best = measured(start)
    for cells, growth in STEPS:
        for _ in range(MOVES):
            tried = [
                measured(best.moved(x * cells, y * cells, float(np.exp(g * growth))))
                for x, y, g in product((-1, 0, 1), repeat=3)
                if SIZES[0] <= best.size * np.exp(g * growth) <= SIZES[1]
            ]
            better = max(tried, key=lambda one: one.correlation, default=best)
            if better.correlation <= best.correlation + 1e-6:
                break
            best = better
    return best


def _correlation(one: Map, other: Map) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / np.sqrt((one * one).sum() * (other * other).sum() + 1e-12))


def _same_extent(activity: Map, template: Map) -> Placement:
    """Place a map so that centre and extent of its activity are those of another."""
    (here, spread), (there, wanted) = _extent(activity), _extent(template)
    size = float(np.clip(spread / max(wanted, 1e-6), *SIZES))
    y, x = here - size * there
    return Placement(float(x), float(y), size)


def _extent(activity: Map) -> tuple[npt.NDArray[np.float64], float]:
    """Centre of the activity as (y, x) from the middle of the map, and its spread, in cells."""
    weight = foreground(activity)
    total = max(float(weight.sum()), 1e-12)
    places = np.indices(weight.shape) - (np.array(weight.shape) - 1)[:, None, None] / 2
    centre = (places * weight).sum((1, 2)) / total
    spread = np.sqrt((np.square(places - centre[:, None, None]).sum(0) * weight).sum() / total)
    return centre, float(spread)


def foreground(activity: Map) -> Map:
    """Activity above that of the background."""
    found: Map = np.clip(activity - np.quantile(activity, BACKGROUND), 0, None)
    return found


def common_box(
    template: Map, placements: Sequence[tuple[Placement, tuple[int, int]]]
) -> tuple[float, float, float, float]:
    """Find the rectangle of the common map that holds the subjects.

    Parameters
    ----------
    template : ndarray, shape (y, x)
        Common map.
    placements : sequence of (Placement, (int, int))
        Placement and shape of each recording's map. The margin around the subjects is as wide as the pictures
        allow.

    Returns
    -------
    tuple of float
        Left, top, right and bottom in cells.
    """
    shape = (template.shape[0], template.shape[1])
    weight = foreground(template)
    edges = []
    for axis in (0, 1):  # columns, rows
        share = np.cumsum(weight.sum(axis))
        share = share / max(float(share[-1]), 1e-12)
        low, high = int(np.searchsorted(share, OUTSIDE)), int(np.searchsorted(share, 1 - OUTSIDE)) + 1
        edges.append((float(low), float(high)))
    (left, right), (top, bottom) = edges
    inner = (left, top, right, bottom)
    wide = [MARGIN * (right - left), MARGIN * (bottom - top)] * 2
    room = [_room(one, inner, shape, own) for one, own in placements]
    margins = [
        min(most, max(0.0, min(side))) for most, side in zip(wide, zip(*room, strict=True), strict=True)
    ]
    return left - margins[0], top - margins[1], right + margins[2], bottom + margins[3]


def _room(
    one: Placement, box: tuple[float, float, float, float], shape: tuple[int, int], own: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Cells of the common map between the sides of a rectangle and the edges of a recording's picture."""
    left, top, right, bottom = one.box(box, shape, own)
    sides = (left, top, own[1] - right, own[0] - bottom)
    found = tuple(side / one.size for side in sides)
    return found[0], found[1], found[2], found[3]
