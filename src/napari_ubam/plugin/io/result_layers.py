"""Layers of the results of a run, as data. Needs neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import dask.array as da
import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.attribution import difference_map, vectors
from napari_ubam.magnification.export import VISIBLE
from napari_ubam.plugin.io.regions import corners_of
from napari_ubam.run import Magnification
from napari_ubam.study import Roi

from .convert import Layer
from .marks import Role, mark

LINE = 95.0
"""Percentile from which a score is marked with a star."""

STEP = 5.0
"""Percentiles that have the same colour."""

RED = 0.95
"""Place of frames above the line on the colour map."""

NONE = (0.5, 0.5, 0.5, 1.0)
"""Colour of a frame without a score, RGBA."""


@dataclass(frozen=True)
class ScoreOverlay:
    """Scores of a recording as they are drawn over its frames.

    Parameters
    ----------
    first : int
        Number of the first frame that has a row.
    colours : ndarray of float, shape (t, 4)
        RGBA of the outline of the region: grey without a score, from blue to white below the 95th
        percentile, red above it.
    texts : tuple of str
        Deviation and percentile of each frame in words.
    corners : ndarray of float, shape (4, 2)
        Corners of the region, ``(y, x)`` in pixels.
    """

    first: int
    colours: npt.NDArray[np.float64]
    texts: tuple[str, ...]
    corners: npt.NDArray[np.float64]

    def at(self, frame: int) -> tuple[npt.NDArray[np.float64], str]:
        """Return the colour and the text of a frame.

        Parameters
        ----------
        frame : int
            Frame number.

        Returns
        -------
        colour : ndarray of float, shape (4,)
            RGBA; grey outside of the recording.
        text : str
        """
        row = frame - self.first
        if not 0 <= row < len(self.texts):
            return np.array(NONE), "no score"
        return self.colours[row], self.texts[row]

    def as_outdated(self) -> ScoreOverlay:
        """Return the same scores in grey, with the word "outdated".

        Returns
        -------
        ScoreOverlay
        """
        texts = tuple(f"{text} (outdated)" for text in self.texts)
        return replace(self, colours=np.tile(np.array(NONE), (len(texts), 1)), texts=texts)


def score_overlay(scores: pd.DataFrame, roi: Roi) -> ScoreOverlay:
    """Prepare the scores of a recording for drawing.

    Parameters
    ----------
    scores : DataFrame
        Rows of ``scores.csv`` of one recording, one for each frame. Where a frame has no whole window, its
        posture is shown.
    roi : Roi
        Region of the recording.

    Returns
    -------
    ScoreOverlay
    """
    table = scores.sort_values("frame")
    percentile = table["episodic_percentile"].fillna(table["posture_percentile"]).to_numpy(float)
    colours = np.tile(np.array(NONE), (len(table), 1))
    known = np.isfinite(percentile)
    # In steps, because each change of the colour costs napari a redrawing of the outline. Red only above the
    # line: below it, a frame deviates no more than nearly all frames of the reference.
    steps = np.floor(percentile[known] / STEP) * STEP + STEP / 2
    shares = np.where(percentile[known] >= LINE, RED, steps / LINE / 2)
    colours[known] = matplotlib.colormaps["coolwarm"](shares)
    texts = tuple(
        f"{kind} deviation {value:.3f}, percentile {rank:.1f}{' *' if rank >= LINE else ''}"
        if np.isfinite(rank)
        else "no score"
        for kind, value, rank in zip(
            np.where(table["episodic"].notna(), "episodic", "posture"),
            table["episodic"].fillna(table["posture_deviation"]),
            percentile,
            strict=True,
        )
    )
    return ScoreOverlay(int(table["frame"].iloc[0]), colours, texts, corners_of(roi))


def magnified_layers(made: Magnification) -> list[Layer]:
    """Make image layers of magnified frames: magnified, reference and difference.

    Parameters
    ----------
    made : Magnification
        Attribute ``magnification`` of the result of `napari_ubam.Run.magnify`.

    Returns
    -------
    list of tuple
        Data, arguments and type of each layer. Images are lazy. Time is in seconds, and the first frame lies
        where it does in the recording. The metadata of the magnification are in those of the layers.
    """
    frames = made.frames
    grey = frames.shape[-1] == 1
    name = made.metadata["recording"]
    image: dict[str, Any] = {"rgb": not grey, "multiscale": False, "cache": False}
    if grey:
        image["contrast_limits"] = (0.0, 255.0)
    shown: list[tuple[da.Array, str, Role]] = [
        (frames, f"{name} × {made.factor:g}", "magnified"),
        (made.reference, f"{name}, reference", "reference"),
    ]
    layers: list[Layer] = [
        (
            data[..., 0] if grey else data,
            {**_place(made, role), **image, "name": label, "visible": role == "magnified"},
            "image",
        )
        for data, label, role in shown
    ]
    difference = {
        **_place(made, "difference"),
        "name": f"{name}, difference",
        "multiscale": False,
        "cache": False,
    }
    difference |= {"colormap": "inferno", "contrast_limits": (0.0, VISIBLE), "blending": "additive"}
    layers.append((_differences(made), {**difference, "visible": False}, "image"))
    return layers


def arrow_layer(made: Magnification, arrows: pd.DataFrame) -> Layer:
    """Make a Vectors layer of the arrows of magnified frames.

    Parameters
    ----------
    made : Magnification
    arrows : DataFrame
        Result of `Magnification.arrows`.

    Returns
    -------
    tuple
        Data, arguments and type of the layer. It lies in time and space as the layers of `magnified_layers`.
    """
    first = int(made.numbers[0])
    tables = {cast(int, number) - first: table for number, table in arrows.groupby("frame")}
    look = {"edge_width": 1.5, "vector_style": "arrow", "edge_color": "orange"}
    name = f"{made.metadata['recording']}, arrows"
    return vectors(tables), {**_place(made, "arrows"), **look, "name": name, "ndim": 3}, "vectors"


def _place(made: Magnification, role: Role) -> dict[str, Any]:
    """Arguments of a layer that place it where the frames lie in the recording, and mark it."""
    facts = made.metadata
    arguments = {
        "scale": (1 / made.fps, 1.0, 1.0),
        "translate": (int(made.numbers[0]) / made.fps, 0.0, 0.0),
        "axis_labels": ("t", "y", "x"),
        "units": ("s", "pixel", "pixel"),
        "metadata": {"magnification": facts},
    }
    more = {"factor": made.factor, "reference": facts["reference"]}
    return mark(arguments, facts["recording"], facts["video"], role, **more)


def _differences(made: Magnification) -> da.Array:
    """Difference of each frame from its rendering in the reference posture, lazy (t, y, x) float32."""

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
