"""From a run's results to layers, as data: napari itself is not needed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dask.array as da
import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.attribution import arrows, difference_map, vectors
from napari_ubam.magnification.export import VISIBLE
from napari_ubam.plugin.io.regions import corners_of
from napari_ubam.run import Magnification
from napari_ubam.study import Roi

from .convert import Layer

LINE = 95.0  # percentile from which a frame is drawn in the colour of an episode
NONE = (0.5, 0.5, 0.5, 1.0)
MOST_ARROWS = 300  # frames


@dataclass(frozen=True)
class ScoreOverlay:
    """What is drawn over each frame of a recording.

    Parameters
    ----------
    first : int
        Number of the first frame that has a row.
    colours : (t, 4) float array
        RGBA of the frame around the region: grey without a score, from blue over white to red with it.
    texts : tuple of str
        Score and percentile in words.
    corners : (4, 2) float array
        Corners of the region, ``(y, x)`` in pixels.
    """

    first: int
    colours: npt.NDArray[np.float64]
    texts: tuple[str, ...]
    corners: npt.NDArray[np.float64]

    def at(self, frame: int) -> tuple[npt.NDArray[np.float64], str]:
        """Colour and text of a frame; grey and "no score" outside of the recording."""
        row = frame - self.first
        if not 0 <= row < len(self.texts):
            return np.array(NONE), "no score"
        return self.colours[row], self.texts[row]


def score_overlay(scores: pd.DataFrame, roi: Roi) -> ScoreOverlay:
    """Prepare the scores of a recording for drawing.

    Parameters
    ----------
    scores : DataFrame
        Rows of ``scores.csv`` of one recording, a row a frame.
    roi : Roi
        Region that they were computed on.

    Returns
    -------
    ScoreOverlay
    """
    table = scores.sort_values("frame")
    percentile = table["behaviour_percentile"].fillna(table["posture_percentile"]).to_numpy(float)
    colours = np.tile(np.array(NONE), (len(table), 1))
    known = np.isfinite(percentile)
    colours[known] = matplotlib.colormaps["coolwarm"](percentile[known] / 100)
    texts = tuple(
        f"{deviation:.3f}, percentile {rank:.1f}{' *' if rank >= LINE else ''}"
        if np.isfinite(rank)
        else "no score"
        for deviation, rank in zip(
            table["behaviour_deviation"].fillna(table["posture_deviation"]), percentile, strict=True
        )
    )
    return ScoreOverlay(int(table["frame"].iloc[0]), colours, texts, corners_of(roi))


def magnified_layers(made: Magnification) -> list[Layer]:
    """Make layers of a magnification: magnified, reference, difference and arrows.

    Arrows are worked out at once, and so only for as many frames as that takes seconds for.

    Parameters
    ----------
    made : Magnification
        From `napari_ubam.Run.magnification`.

    Returns
    -------
    list of tuple
        Layer data, arguments and type. Images are lazy. Time is in seconds, and the first frame lies where it
        does in the recording. The metadata holds what was noted with the magnification.
    """
    grey = made.frames.shape[-1] == 1
    name, start = made.metadata["recording"], int(made.numbers[0])
    place: dict[str, Any] = {
        "scale": (1 / made.fps, 1.0, 1.0),
        "translate": (start / made.fps, 0.0, 0.0),
        "axis_labels": ("t", "y", "x"),
        "units": ("s", "pixel", "pixel"),
        "metadata": {"magnification": made.metadata},
    }
    image = {**place, "rgb": not grey, "multiscale": False, "cache": False}
    if grey:
        image["contrast_limits"] = (0.0, 255.0)
    shown = [
        (made.frames, f"{name} × {made.factor:g}", True),
        (made.reference, f"{name}, reference", False),
    ]
    layers: list[Layer] = [
        (data[..., 0] if grey else data, {**image, "name": label, "visible": visible}, "image")
        for data, label, visible in shown
    ]
    difference = {**place, "name": f"{name}, difference", "multiscale": False, "cache": False}
    difference |= {"colormap": "inferno", "contrast_limits": (0.0, VISIBLE), "blending": "additive"}
    layers.append((_differences(made), {**difference, "visible": False}, "image"))
    if len(made.numbers) > MOST_ARROWS or not made.moves:
        return layers
    tables = {place: arrows(made.flow(number)) for place, number in enumerate(made.numbers.tolist())}
    look = {"edge_width": 1.5, "vector_style": "arrow", "edge_color": "orange", "visible": False}
    layers.append((vectors(tables), {**place, "name": f"{name}, arrows", "ndim": 3, **look}, "vectors"))
    return layers


def _differences(made: Magnification) -> da.Array:
    """Difference of each frame from its reference rendering, lazy (t, y, x) float32."""

    def block(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return np.stack([difference_map(a, b) for a, b in zip(one, other, strict=True)])

    found: da.Array = da.map_blocks(
        block,
        made.originals,
        made.reference,
        dtype=np.float32,
        drop_axis=3,
        meta=np.empty((0, 0, 0), np.float32),
    )
    return found
