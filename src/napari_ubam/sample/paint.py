"""Antialiased drawing: chains of tapered capsules as round bodies with surface normals for shading."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]
SQUARE = 4  # pixels; squares of this size far from a chain are skipped


@dataclass
class Surface:
    """The m pixels in and near a chain of capsules. All arrays have the shape (m,).

    Attributes
    ----------
    pixels : ndarray of int64
        Indices into the flattened image.
    x, y : ndarray of float32
        Coordinates in pixels.
    distance : ndarray of float32
        Distance to the outline in pixels, negative inside.
    nx, ny : ndarray of float32
        Components of the surface normal in the image plane.
    along, across : ndarray of float32
        Coordinates on the chain: pixels from its start, and -1 to 1 across it.
    """

    pixels: Index
    x: Image
    y: Image
    distance: Image
    nx: Image
    ny: Image
    along: Image
    across: Image

    @property
    def cover(self) -> Image:
        """Covered fraction of each pixel, 0 to 1."""
        value: Image = np.clip(0.5 - self.distance, 0, 1)
        return value

    @property
    def nz(self) -> Image:
        """Component of the surface normal towards the viewer."""
        value: Image = np.sqrt(np.clip(1 - self.nx**2 - self.ny**2, 0.0, 1.0))
        return value


def chain(
    points: Image, radii: Image, shape: tuple[int, int], *, smooth: float = 2.0, margin: float = 1.0
) -> Surface | None:
    """Compute the surface of a chain of tapered capsules with smooth transitions.

    The distance is the soft minimum of the distances to all capsules, -s log sum exp(-d/s). Normals and chain
    coordinates are means with the same weights.

    Parameters
    ----------
    points : ndarray of float32, shape (k, 2)
        Joints (x, y) in pixels.
    radii : ndarray of float32, shape (k,)
        Radius at each joint in pixels.
    shape : tuple of int
        Height and width of the image.
    smooth : float
        Width s of the transition in pixels.
    margin : float
        Width of the included border outside the outline, in pixels.

    Returns
    -------
    Surface or None
        None if the chain is outside the image.
    """
    reach = radii.max() + margin + 1
    left, top = np.maximum(points.min(0) - reach, 0).astype(int).tolist()
    right, bottom = (points.max(0) + reach + 1).astype(int).tolist()
    right, bottom = min(right, shape[1]), min(bottom, shape[0])
    if left >= right or top >= bottom:
        return None
    x, y = _near(points, radii, (left, right, top, bottom), margin + 0.7 * smooth)
    if not len(x):
        return None
    distance, along, dx, dy, radius, unit = _capsules(points, radii, x, y)
    least = functools.reduce(np.minimum, distance)
    weight = np.exp((least - distance) * np.float32(1 / smooth))
    total = functools.reduce(np.add, weight)
    weight /= total
    passed = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))[:-1]]).astype(np.float32)
    scaled = weight / radius
    ux, uy = unit[:, :1], unit[:, 1:]
    return Surface(
        pixels=y.astype(np.int64) * shape[1] + x.astype(np.int64),
        x=x,
        y=y,
        distance=least - np.float32(smooth) * np.log(total),
        nx=np.einsum("km,km->m", scaled, dx),
        ny=np.einsum("km,km->m", scaled, dy),
        along=np.einsum("km,km->m", weight, along + passed[:, None]),
        across=np.einsum("km,km->m", scaled, dy * ux - dx * uy),
    )


def _near(points: Image, radii: Image, box: tuple[int, int, int, int], margin: float) -> tuple[Image, Image]:
    """Return the pixels of a box (left, right, top, bottom) in squares near a chain."""
    left, right, top, bottom = box
    x, y = np.arange(left, right, SQUARE), np.arange(top, bottom, SQUARE)
    middle = np.float32((SQUARE - 1) / 2)
    grid_x, grid_y = np.tile(x.astype(np.float32), len(y)), np.repeat(y.astype(np.float32), len(x))
    distance = _capsules(points, radii, grid_x + middle, grid_y + middle)[0]
    keep = functools.reduce(np.minimum, distance) < margin + middle * 1.45
    inner = np.arange(SQUARE, dtype=np.float32)
    all_x = (grid_x[keep][:, None] + np.tile(inner, SQUARE)).ravel()
    all_y = (grid_y[keep][:, None] + np.repeat(inner, SQUARE)).ravel()
    if (right - left) % SQUARE or (bottom - top) % SQUARE:
        inside = (all_x < right) & (all_y < bottom)
        return all_x[inside], all_y[inside]
    return all_x, all_y


def _capsules(points: Image, radii: Image, x: Image, y: Image) -> tuple[npt.NDArray[Any], ...]:
    """Compute distance, position along, offset and radius for each capsule and pixel; and the axes."""
    steps = np.diff(points, axis=0)
    length = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), np.float32(1e-3))
    unit = steps / length[:, None]
    ux, uy = unit[:, :1], unit[:, 1:]
    dx, dy = x - points[:-1, :1], y - points[:-1, 1:]
    along = dx * ux
    along += dy * uy
    np.maximum(along, np.float32(0), out=along)
    np.minimum(along, length[:, None], out=along)
    dx -= along * ux
    dy -= along * uy
    radius = radii[:-1, None] + along * (np.diff(radii) / length)[:, None]
    return np.sqrt(dx * dx + dy * dy) - radius, along, dx, dy, radius, unit


def stamp(canvas: Image, pixels: Index, colour: Image, cover: Image) -> None:
    """Paint a colour on some pixels, in place.

    Parameters
    ----------
    canvas : ndarray of float32, shape (y, x, 3)
        Image.
    pixels : ndarray of int64, shape (m,)
        Indices into the flattened image.
    colour : ndarray of float32, shape (m, 3) or (3,)
        RGB, 0 to 1.
    cover : ndarray of float32, shape (m,)
        Opacity, 0 to 1.
    """
    flat = canvas.reshape(-1, 3)
    old = flat[pixels]
    flat[pixels] = old + cover[:, None] * (colour - old)


def oval(
    canvas: Image,
    centre: Image,
    radii: tuple[float, float],
    angle: float,
    colour: Image,
    *,
    soft: float = 1.0,
    cover: float = 1.0,
) -> None:
    """Paint an ellipse, in place.

    Parameters
    ----------
    canvas : ndarray of float32, shape (y, x, 3)
        Image.
    centre : ndarray of float32, shape (2,)
        Centre (x, y) in pixels.
    radii : tuple of float
        Radii in pixels.
    angle : float
        Direction of the first radius in radians, clockwise.
    colour : ndarray of float32, shape (3,)
        RGB, 0 to 1.
    soft : float
        Width of the edge in pixels.
    cover : float
        Opacity, 0 to 1.
    """
    reach = max(radii) + soft
    left, top = np.maximum(centre - reach, 0).astype(int).tolist()
    right, bottom = (centre + reach + 2).astype(int).tolist()
    region = canvas[top:bottom, left:right]
    if not region.size:
        return
    x = np.arange(left, left + region.shape[1], dtype=np.float32) - centre[0]
    y = (np.arange(top, top + region.shape[0], dtype=np.float32) - centre[1])[:, None]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    away = np.hypot((x * cos + y * sin) / np.float32(radii[0]), (y * cos - x * sin) / np.float32(radii[1]))
    share = np.clip(0.5 + (1 - away) * np.float32(min(radii) / soft), 0, 1) * np.float32(cover)
    region += share[..., None] * (colour - region)


def dots(canvas: Image, points: Image, colour: Image, cover: float) -> None:
    """Paint dots of one pixel, with bilinear interpolation, in place.

    Parameters
    ----------
    canvas : ndarray of float32, shape (y, x, 3)
        Image.
    points : ndarray of float32, shape (k, 2)
        Positions (x, y) in pixels.
    colour : ndarray of float32, shape (3,)
        RGB, 0 to 1.
    cover : float
        Opacity, 0 to 1.
    """
    height, width = canvas.shape[:2]
    whole = np.floor(points).astype(np.int64)
    inside = ((whole >= 0) & (whole < (width - 1, height - 1))).all(1)
    whole, part = whole[inside], (points - whole)[inside]
    flat, (x, y) = canvas.reshape(-1, 3), part.T
    start = whole[:, 1] * width + whole[:, 0]
    pixels = np.concatenate([start, start + 1, start + width, start + width + 1])
    share = np.concatenate([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]) * np.float32(cover)
    np.add.at(flat, pixels, share[:, None] * (colour - flat[pixels]))


def darken(canvas: Image, centre: Image, spread: tuple[float, float], amount: float) -> None:
    """Paint a soft shadow with a Gaussian profile, in place.

    Parameters
    ----------
    canvas : ndarray of float32, shape (y, x, 3)
        Image.
    centre : ndarray of float32, shape (2,)
        Centre (x, y) in pixels.
    spread : tuple of float
        Standard deviation along x and y in pixels.
    amount : float
        Darkening at the centre, 0 to 1.
    """
    left, top = np.maximum(centre - np.multiply(spread, 2.6), 0).astype(int).tolist()
    right, bottom = (centre + np.multiply(spread, 2.6) + 1).astype(int).tolist()
    region = canvas[top : max(bottom, 0), left : max(right, 0)]
    if not region.size:
        return
    x = (np.arange(left, left + region.shape[1], dtype=np.float32) - centre[0]) / np.float32(spread[0])
    y = (np.arange(top, top + region.shape[0], dtype=np.float32) - centre[1]) / np.float32(spread[1])
    dark = np.float32(amount) * np.exp(-0.5 * y**2)[:, None] * np.exp(-0.5 * x**2)
    region *= (1 - dark)[..., None]


def soften(image: Image, amount: float) -> None:
    """Blur an image in place, like a lens slightly out of focus.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x, 3)
        Image.
    amount : float
        Weight a of the kernel (a, 1 - 2a, a), used along both axes.
    """
    side = np.float32(amount)
    for axis in (0, 1):
        step = side * np.diff(image, axis=axis)
        if axis == 0:
            image[:-1] += step
            image[1:] -= step
        else:
            image[:, :-1] += step
            image[:, 1:] -= step
