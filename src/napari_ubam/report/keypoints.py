"""Figure of the key points in the codes: R² by body part, and an example frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ubam.errors import UbamError
from napari_ubam.runfolder.tables import Result
from napari_ubam.video import open_video

from .groups import LIGHT_LOOK, Look
from .style import NORMAL, SMALL, new_figure, tidy

MARKS = {"code": "o", "pixel PCA": "s", "HOG": "^"}
LOWEST = -0.5  # R² below is drawn at the edge


def keypoints_figure(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    """Plot R² of each key point for each method, and true and predicted points of an example frame.

    Parameters
    ----------
    result : Result
        Of the analysis ``"keypoints"``.
    look : Look
        Colours.

    Returns
    -------
    Figure
    """
    rows = len(result.facts["keypoints"])
    example = result.facts.get("example") or {}
    figure = new_figure(10.5 if example else 5.5, max(3.2, 0.27 * rows + 1.6))
    figure.set_facecolor(look.background)
    axes = figure.subplots(1, 2 if example else 1, squeeze=False)[0]
    _draw_shares(axes[0], result, look)
    if example:
        _draw_example(axes[1], result, look)
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower left",
        ncols=3,
        fontsize=SMALL,
        frameon=False,
        labelcolor=look.text,
    )
    return figure


def _draw_shares(axes: Axes, result: Result, look: Look) -> None:
    table = result.tables["keypoints"]
    order = table[table["method"] == "code"].sort_values("r2")["keypoint"].tolist()
    overall = result.tables["keypoints_methods"].set_index("method")["r2"]
    axes.hlines(range(len(order)), LOWEST, 1, color=look.line, linewidth=0.4, zorder=0)
    for number, (method, mark) in enumerate(MARKS.items()):
        shares = table[table["method"] == method].set_index("keypoint")["r2"].reindex(order)
        axes.plot(
            np.maximum(shares.to_numpy(float), LOWEST),
            range(len(order)),
            mark,
            color=look.groups[(1, 0, 2)[number]],
            markersize=7 if method == "code" else 5.5,
            fillstyle="full" if method == "code" else "none",
            label=f"{method}, mean {overall[method]:.2f}",
        )
    axes.axvline(0, color=look.text, linewidth=0.8)
    axes.set_xlim(LOWEST - 0.03, 1.02)
    axes.set_yticks(range(len(order)), order)
    axes.set_xlabel("R² in frames that were left out", fontsize=SMALL, color=look.text)
    unit = "subjects" if result.facts["left_out"] == "subject" else "blocks of time"
    axes.set_title(f"Key points read from the codes\n{unit} left out", fontsize=NORMAL, color=look.text)
    tidy(axes)
    axes.set_facecolor(look.background)
    axes.tick_params(colors=look.text)
    for spine in axes.spines.values():
        spine.set_color(look.text)


def _draw_example(axes: Axes, result: Result, look: Look) -> None:
    example = result.facts["example"]
    points = result.tables["keypoints_predicted"]
    points = points[(points["recording"] == example["recording"]) & (points["frame"] == example["frame"])]
    axes.set_facecolor(look.background)
    try:
        with open_video(Path(example["video"]), warn=False) as video:
            frame = np.asarray(video[example["frame"]])
        axes.imshow(frame.squeeze(), cmap="gray")
    except (UbamError, OSError):
        axes.invert_yaxis()
        axes.set_aspect("equal")
    true, drawn = points[["x", "y"]].to_numpy(float), points[["predicted_x", "predicted_y"]].to_numpy(float)
    for a, b in zip(true, drawn, strict=True):
        axes.plot(*zip(a, b, strict=True), color="white", linewidth=2.4)
        axes.plot(*zip(a, b, strict=True), color="black", linewidth=1)
    for places, mark, size, edge in ((true, "o", 7.0, "#0072B2"), (drawn, "x", 6.5, "#E69F00")):
        for colour, width in (("white" if mark == "o" else "black", 3.2), (edge, 1.7)):
            axes.plot(
                places[:, 0],
                places[:, 1],
                mark,
                markersize=size,
                markeredgecolor=colour,
                markeredgewidth=width,
                fillstyle="none",
            )
    axes.set_axis_off()
    axes.set_title(
        f"{example['recording']}, frame {example['frame']}: the median error\ncircle: true, cross: read from "
        "the code",
        fontsize=NORMAL,
        color=look.text,
    )
