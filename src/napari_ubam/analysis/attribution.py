"""Where in the picture a frame deviates: difference to the reference rendering, and arrows of what moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import gaussian_filter, map_coordinates
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.measure import label, regionprops

Floats = npt.NDArray[np.floating[Any]]

SMOOTH = 2.0  # pixels
LEAST_PIXELS, LEAST_AREA = 1.0, 25  # of a displacement, and of a region that moved
ARROWS = ("y", "x", "dy", "dx", "length", "area")


def difference_map(
    frame: npt.NDArray[np.uint8], reference: npt.NDArray[np.uint8], smooth: float = SMOOTH
) -> npt.NDArray[np.float32]:
    """Tell how different two pictures look at each pixel.

    Parameters
    ----------
    frame, reference : (y, x), (y, x, 1) or (y, x, 3) uint8 array
        Grey or RGB.
    smooth : float
        Standard deviation of the Gauss filter over the result, in pixels.

    Returns
    -------
    (y, x) float32 array
        CIEDE2000 (ISO/CIE 11664-6): 0 is equal, about 1 just to be seen side by side, 100 black and white.

    Raises
    ------
    ValueError
        Where the shapes differ.
    """
    if frame.shape != reference.shape:
        raise ValueError(
            f"A frame of shape {frame.shape} cannot be compared with one of {reference.shape}; give two of "
            "one size."
        )
    one, other = (rgb2lab(_rgb(image)) for image in (frame, reference))
    unlike = deltaE_ciede2000(one, other)  # type: ignore[no-untyped-call]
    found: npt.NDArray[np.float32] = gaussian_filter(unlike, smooth).astype(np.float32)
    return found


def _rgb(image: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    grey = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    coloured: npt.NDArray[Any] = np.repeat(grey[..., None], 3, axis=-1) if grey.ndim == 2 else grey
    return coloured


def arrows(displacement: Floats, *, least: float = LEAST_PIXELS, area: int = LEAST_AREA) -> pd.DataFrame:
    """Sum up a dense displacement by one arrow for each connected region that moved.

    Parameters
    ----------
    displacement : (2, y, x) array
        Pixels along x and y, from the reference posture to the frame.
    least : float
        Pixels that a pixel must have moved to count.
    area : int
        Pixels that a region must have.

    Returns
    -------
    DataFrame
        ``y, x`` (centre), ``dy, dx`` (median), ``length`` of that, all in pixels, and ``area``; the longest
        first.
    """
    across, down = np.asarray(displacement, np.float64)
    moved = np.hypot(across, down) >= least
    rows = []
    # Neighbours that move in different directions are different regions.
    sectors = np.round(np.arctan2(down, across) / (np.pi / 2)).astype(int) % 4
    labels = label(np.where(moved, sectors + 1, 0), background=0, connectivity=1)  # type: ignore[no-untyped-call]
    for region in regionprops(labels):  # type: ignore[no-untyped-call]
        if region.area < area:
            continue
        y, x = region.centroid
        inside = tuple(region.coords.T)
        dy, dx = float(np.median(down[inside])), float(np.median(across[inside]))
        rows.append((y, x, dy, dx, float(np.hypot(dy, dx)), int(region.area)))
    table = pd.DataFrame(rows, columns=list(ARROWS))
    return table.sort_values("length", ascending=False, ignore_index=True)


def vectors(tables: Mapping[int, pd.DataFrame]) -> npt.NDArray[np.float64]:
    """Turn the arrows of frames into what a layer of vectors shows.

    Parameters
    ----------
    tables : mapping of int to DataFrame
        `arrows` by place along the time axis.

    Returns
    -------
    (n, 2, 3) float64 array
        Start ``(t, y, x)`` and direction ``(0, dy, dx)`` of each arrow, in true length.
    """
    parts = [
        np.stack(
            [
                np.column_stack([np.full(len(table), place), table["y"], table["x"]]),
                np.column_stack([np.zeros(len(table)), table["dy"], table["dx"]]),
            ],
            1,
        )
        for place, table in tables.items()
        if len(table)
    ]
    return np.concatenate(parts) if parts else np.empty((0, 2, 3))


def at_points(displacement: Floats, points: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """Read a displacement at named points, such as key points of the body.

    Parameters
    ----------
    displacement : (2, y, x) array
        Pixels along x and y.
    points : mapping of str to (float, float)
        Row and column of each.

    Returns
    -------
    DataFrame
        ``point, dy, dx, length`` in pixels; NaN for a point outside of the picture.
    """
    rows = []
    for name, (y, x) in points.items():
        inside = 0 <= y <= displacement.shape[1] - 1 and 0 <= x <= displacement.shape[2] - 1
        values = [
            float(map_coordinates(part, [[y], [x]], order=1)[0]) if inside else np.nan
            for part in np.asarray(displacement, np.float64)
        ]
        rows.append((name, values[1], values[0], float(np.hypot(values[0], values[1]))))
    return pd.DataFrame(rows, columns=["point", "dy", "dx", "length"])


def subject_means(table: pd.DataFrame, value: str, by: Sequence[str] = ("group",)) -> pd.DataFrame:
    """Average over subjects, each of which counts once, however many frames it has.

    Parameters
    ----------
    table : DataFrame
        A row a frame or arrow, with the columns ``subject``, ``value`` and those of ``by``.
    value : str
        Column that is averaged.
    by : sequence of str
        Columns that name the groups.

    Returns
    -------
    DataFrame
        The columns of ``by``, ``mean``, ``sd`` (between subjects) and ``subjects``.
    """
    own = table.groupby([*by, "subject"], observed=True)[value].mean().reset_index()
    found = own.groupby(list(by), observed=True)[value].agg(["mean", "std", "count"]).reset_index()
    return found.rename(columns={"std": "sd", "count": "subjects"})
