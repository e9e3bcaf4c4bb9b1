"""Bodies with a smooth surface: round shapes around bones, melted together and bound to the bones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
from skimage.measure import marching_cubes

Floats = npt.NDArray[np.float64]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Shape:
    """A capsule that moves with a bone. Lengths are in metres, in the frame of the bone at rest.

    Parameters
    ----------
    bone : str
        Name of the bone.
    start, stop : tuple of float
        Ends (x, y, z) of the axis.
    radii : tuple of float
        Radius at both ends.
    squash : tuple of float
        Scale of the shape along x, y and z about its start; 1 is round.
    """

    bone: str
    start: Triple
    stop: Triple
    radii: tuple[float, float]
    squash: Triple = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Part:
    """A piece of the body with one material, such as a trouser leg.

    Parameters
    ----------
    name, material : str
        Names.
    shapes : tuple of Shape
        Melted together.
    melt : float
        Width of the transition between shapes in metres.
    cuts : tuple of (tuple of float, float)
        Planes in the frame of the body at rest: only points with ``normal · point > offset`` remain.
    step : float
        Size of the surface's triangles in metres.
    """

    name: str
    material: str
    shapes: tuple[Shape, ...]
    melt: float = 0.02
    cuts: tuple[tuple[Triple, float], ...] = ()
    step: float = 0.020


@dataclass(frozen=True)
class Surface:
    """Triangles of a part at rest, and how much each vertex follows each bone.

    Parameters
    ----------
    vertices : ndarray of float64, shape (v, 3)
        Positions in metres.
    faces : ndarray of int64, shape (f, 3)
        Corners of the triangles, counter-clockwise seen from outside.
    weights : dict of str to ndarray of float64, shape (v,)
        For each bone; they sum to 1.
    mapped : ndarray of float64, shape (v, 2), optional
        Coordinates in the texture.
    """

    vertices: Floats
    faces: npt.NDArray[np.int64]
    weights: dict[str, Floats]
    mapped: Floats | None = None


def surface_of(part: Part, rest: dict[str, Floats]) -> Surface:
    """Compute the surface of a part.

    Parameters
    ----------
    part : Part
        The part.
    rest : dict of str to ndarray of float64, shape (3,)
        Position of each bone at rest; all bones have the same directions.

    Returns
    -------
    Surface
        Its surface.
    """
    low, high = _box(part, rest)
    axes = [np.arange(a, b + part.step, part.step) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    distance = -part.melt * np.log(
        sum(np.exp(-_distance(shape, rest, grid) / part.melt) for shape in part.shapes)
    )
    for normal, offset in part.cuts:
        distance = np.maximum(distance, offset - grid @ np.asarray(normal))
    vertices, faces, _, _ = marching_cubes(distance, 0.0, spacing=(part.step,) * 3)
    vertices = vertices + low
    return Surface(vertices, _outward(vertices, faces), _weights(part, rest, vertices))


def _box(part: Part, rest: dict[str, Floats]) -> tuple[Floats, Floats]:
    ends, reach = [], max(max(shape.radii) * max(1.0, *shape.squash) for shape in part.shapes)
    for shape in part.shapes:
        ends += [rest[shape.bone] + shape.start, rest[shape.bone] + shape.stop]
    pad = reach + part.melt + 3 * part.step
    return np.min(ends, axis=0) - pad, np.max(ends, axis=0) + pad


def _distance(shape: Shape, rest: dict[str, Floats], points: Floats) -> Floats:
    """Distance to the shape, negative inside; not exact for squashed ones, but zero on the surface."""
    scale = np.asarray(shape.squash)
    point = (points - (rest[shape.bone] + shape.start)) / scale
    axis = (np.asarray(shape.stop) - shape.start) / scale
    along = np.clip(point @ axis / max(axis @ axis, 1e-12), 0, 1)
    radius = shape.radii[0] + along * (shape.radii[1] - shape.radii[0])
    away = np.sqrt(((point - along[..., None] * axis) ** 2).sum(-1)) - radius
    return np.asarray(away * scale.min())


def _outward(vertices: Floats, faces: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Turn the triangles so that the enclosed volume is positive."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    volume = float((a * np.cross(b, c)).sum())
    return faces if volume > 0 else faces[:, ::-1]


def _weights(part: Part, rest: dict[str, Floats], vertices: Floats) -> dict[str, Floats]:
    near: dict[str, Floats] = {}
    for shape in part.shapes:
        away = _distance(shape, rest, vertices)
        near[shape.bone] = np.minimum(near.get(shape.bone, away), away)
    least = reduce(np.minimum, near.values())
    raw = {bone: np.exp((least - away) / (0.8 * part.melt)) for bone, away in near.items()}
    raw = {bone: np.where(weight < 0.02, 0.0, weight) for bone, weight in raw.items()}
    total = reduce(np.add, raw.values())
    return {bone: weight / total for bone, weight in raw.items()}
