"""Figure of a comparison on the map: densities, differences, and shares of time of every subject."""

from __future__ import annotations

from itertools import combinations
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from napari_ubam.analysis.groups.words import p_text
from napari_ubam.runfolder.tables import Result

from .groups import LIGHT_LOOK, MARKS, Look
from .medoids import draw_medoids, rows_of
from .style import NORMAL, SMALL, new_figure, tidy

LEVEL = 0.05
MEDOID_ROW = 1.9  # inches


def map_compare_figure(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    """Plot the density of each group, where they differ, and the share of time in each cluster.

    Parameters
    ----------
    result : Result
        Of the analysis ``"map_compare"``.
    look : Look
        Colours.

    Returns
    -------
    Figure
        Above: density of each group, and for each pair the difference with the areas that differ outlined
        (p < 0.05, corrected). Numbers are clusters. Below: each subject is a mark, the line is the median;
        and the most typical frame of each cluster, if its video can be read.
    """
    levels = [str(one) for one in result.facts["levels"]]
    pairs = list(combinations(range(len(levels)), 2))
    columns = len(levels) + len(pairs)
    shown = rows_of(result)
    whole = new_figure(3.1 * columns, 6.6 + MEDOID_ROW * shown)
    whole.set_facecolor(look.background)
    figure: Figure | SubFigure = whole
    if shown:
        heights = (6.6, MEDOID_ROW * shown)
        figure, below = whole.subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
        for part in (figure, below):
            part.set_facecolor(look.background)
        draw_medoids(below, result, look)
        below.suptitle("Most typical frame of each cluster", fontsize=NORMAL, color=look.text)
    grid = figure.add_gridspec(2, columns, height_ratios=(1.15, 1))
    size, extent = int(result.facts["grid"]), result.facts["extent"]
    cells = result.tables["map_compare_cells"]
    planes = [cells[f"density_{place}"].to_numpy(float).reshape(size, size) for place in range(len(levels))]
    dark = look.background != LIGHT_LOOK.background
    top = max(plane.max() for plane in planes)
    for place, (level, plane) in enumerate(zip(levels, planes, strict=True)):
        axes = figure.add_subplot(grid[0, place])
        _show(axes, np.sqrt(plane), extent, "magma" if dark else "magma_r", (0.0, float(np.sqrt(top))))
        _name(axes, f"{level}\ndensity, n = {result.facts['subjects'][level]}", look)
        _clusters(axes, result, look)
    for place, (one, other) in enumerate(pairs, len(levels)):
        axes = figure.add_subplot(grid[0, place])
        change = planes[other] - planes[one]
        most = float(np.abs(change).max()) or 1.0
        _show(axes, change, extent, "PuOr_r", (-most, most))
        said = _outline(axes, result, (one, other), levels, extent)
        _name(axes, f"{levels[other]} − {levels[one]}\n{said}", look)
    _shares(figure.add_subplot(grid[1, :]), result, levels, look)
    return whole


def _show(
    axes: Axes, plane: npt.NDArray[np.float64], extent: Any, colours: str, limits: tuple[float, float]
) -> None:
    low, high = limits
    axes.imshow(plane, origin="lower", extent=extent, cmap=colours, vmin=low, vmax=high, aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])


def _name(axes: Axes, title: str, look: Look) -> None:
    axes.set_title(title, fontsize=NORMAL, color=look.text)
    for spine in axes.spines.values():
        spine.set_color(look.line)


def _clusters(axes: Axes, result: Result, look: Look) -> None:
    box = {"boxstyle": "circle,pad=0.15", "facecolor": look.background, "edgecolor": look.line, "alpha": 0.75}
    for row in result.tables["map_compare_clusters"].itertuples():
        x, y = cast(float, row.x), cast(float, row.y)
        text = str(row.cluster)
        axes.text(x, y, text, ha="center", va="center", fontsize=SMALL - 1, color=look.text, bbox=box)


def _outline(axes: Axes, result: Result, pair: tuple[int, int], levels: list[str], extent: Any) -> str:
    """Outline the areas that differ, and tell how many there are."""
    areas, size = result.tables["map_compare_areas"], int(result.facts["grid"])
    own = areas[
        (areas["first"].astype(str) == levels[pair[0]]) & (areas["second"].astype(str) == levels[pair[1]])
    ]
    clear = own.loc[own["p_adjusted"] < LEVEL, "area"]
    number = result.tables["map_compare_cells"][f"area_{pair[0]}_{pair[1]}"].to_numpy().reshape(size, size)
    for one in clear:
        axes.contour((number == one).astype(float), [0.5], colors="black", linewidths=1.6, extent=extent)
    if not len(own):
        return "no area differs"
    least = p_text(float(own["p_adjusted"].min()))
    return f"{len(clear) or 'no'} area{'' if len(clear) == 1 else 's'}, smallest {least}"


def _shares(axes: Axes, result: Result, levels: list[str], look: Look) -> None:
    subjects, tests = result.tables["map_compare_subjects"], result.tables["map_compare"]
    count, width = int(result.facts["clusters"]), 0.8 / len(levels)
    for place, level in enumerate(levels):
        own = subjects[subjects["level"].astype(str) == level]
        colour, mark = look.groups[place % len(look.groups)], MARKS[place % len(MARKS)]
        for number in range(1, count + 1):
            values = own[f"share_{number}"].to_numpy(float)
            middle = number + (place - (len(levels) - 1) / 2) * width
            spread = np.linspace(-0.3, 0.3, len(values)) * width
            label = level if number == 1 else None
            axes.plot(middle + spread, values, mark, color=colour, markersize=4, alpha=0.85, label=label)
            axes.plot([middle - 0.4 * width, middle + 0.4 * width], [np.median(values)] * 2, color=look.text)
    names = []
    for number in range(1, count + 1):
        least = tests.loc[tests["cluster"] == number, "p_adjusted"].min()
        names.append(f"{number}\n{p_text(float(least)) if np.isfinite(least) else 'no test'}")
    tidy(axes)
    axes.set_facecolor(look.background)
    axes.set_xticks(range(1, count + 1), names, fontsize=SMALL)
    axes.set_ylim(bottom=-1)
    axes.set_ylabel("share of time (%)", fontsize=SMALL, color=look.text)
    axes.set_xlabel("cluster, and p adjusted; mark: a subject; line: median", fontsize=SMALL, color=look.text)
    axes.tick_params(colors=look.text)
    for spine in axes.spines.values():
        spine.set_color(look.text)
    axes.legend(fontsize=SMALL, frameon=False, labelcolor=look.text)
