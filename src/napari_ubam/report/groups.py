"""Figure of a comparison: every subject as a dot, the median of each group, and its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ubam.analysis.groups import MEASURES
from napari_ubam.analysis.groups.words import p_text
from napari_ubam.runfolder.tables import Result

from .style import CYCLE, GREY, NORMAL, SMALL, new_figure, tidy

WIDTH, HEIGHT = 3.6, 3.5  # inches of the plot of a measure
PER_ROW = 3
ON_DARK = ("#56B4E9", "#E69F00", "#2FC79A", "#F0A0C8", "#F0E442", "#FF8A50")  # also Okabe and Ito, lighter
REACH = 0.28  # of the dots to both sides of the middle
MARKS = ("o", "s", "^", "D", "v", "P")  # so that groups differ without colour, too


@dataclass(frozen=True)
class Look:
    """Colours of a figure.

    Parameters
    ----------
    background, text, line : str
        Colours of the paper, of texts and axes, and of lines between the conditions of a subject.
    groups : tuple of str
        Colours of the groups, in their order.
    """

    background: str
    text: str
    line: str
    groups: tuple[str, ...]


LIGHT_LOOK = Look("white", "#222222", "#A6A6A6", (GREY, *CYCLE))
DARK_LOOK = Look("#1E2129", "#E6E6E6", "#7A808C", ("#C8C8C8", *ON_DARK))


def groups_figure(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    """Plot the subjects of each group, for each measure that was compared.

    Parameters
    ----------
    result : Result
        Of the analysis ``"compare"``.
    look : Look
        Colours.

    Returns
    -------
    Figure
        A plot for each measure. Each subject is a dot; the line is the median of its group, the bar the 95%
        bootstrap interval of the median. Conditions of a subject are joined.
    """
    measures = list(dict.fromkeys(result.tables["compare"]["measure"]))
    columns = min(len(measures), PER_ROW)
    rows = -(-len(measures) // columns)
    levels = len(result.facts["levels"])
    figure = new_figure(columns * max(WIDTH, 1.1 * levels + 1), rows * HEIGHT + 0.3)
    draw_groups(figure, result, look, columns)
    return figure


def draw_groups(figure: Figure, result: Result, look: Look, columns: int, size: float = NORMAL) -> None:
    """Draw the plots into a figure that is there.

    Parameters
    ----------
    figure : Figure
        It is cleared first.
    result : Result
        Of the analysis ``"compare"``.
    look : Look
        Colours.
    columns : int
        Number of plots side by side.
    size : float
        Size of the titles in points.
    """
    figure.clear()
    figure.set_facecolor(look.background)
    measures = list(dict.fromkeys(result.tables["compare"]["measure"]))
    rows = -(-len(measures) // columns)
    for number, measure in enumerate(measures):
        axes = figure.add_subplot(rows, columns, number + 1)
        _draw_measure(axes, result, measure, look, size)
    note = "mark: a subject; line and bar: median of the group and its 95% interval (bootstrap over subjects)"
    if columns > 1:
        figure.supxlabel(note, fontsize=SMALL - 1, color=look.text)


def _draw_measure(axes: Axes, result: Result, measure: str, look: Look, size: float) -> None:
    levels: Sequence[str] = [str(one) for one in result.facts["levels"]]
    subjects = result.tables["compare_subjects"]
    values = {
        level: subjects[subjects["level"] == level].set_index("subject")[measure].dropna() for level in levels
    }
    places = _places(values, paired=bool(result.facts["paired"]))
    if result.facts["paired"]:
        _join(axes, places, levels, look.line)
    table = result.tables["compare_levels"]
    summary = table[table["measure"] == measure].set_index("level")
    for number, level in enumerate(levels):
        colour, mark = look.groups[number % len(look.groups)], MARKS[number % len(MARKS)]
        x, y = places[level]["x"], places[level]["y"]
        axes.plot(x, y, mark, color=colour, markersize=5, alpha=0.85, markeredgewidth=0, zorder=2)
        if len(values[level]):
            _draw_median(axes, number, summary.loc[level].to_dict(), look.text)
    _name(axes, result, measure, levels, values, look, size)


def _places(values: Mapping[str, pd.Series], paired: bool) -> dict[str, pd.DataFrame]:
    """Place the dots of a group side by side where their values are close."""
    known = [one for one in values.values() if len(one)]
    low, high = (min(one.min() for one in known), max(one.max() for one in known)) if known else (0.0, 1.0)
    close = max(high - low, 1e-12) / 25
    found = {}
    for number, (level, one) in enumerate(values.items()):
        shift = np.zeros(len(one))
        if not paired:
            bins = np.round((one.to_numpy() - low) / close).astype(int)
            for which in np.unique(bins):
                rows = np.flatnonzero(bins == which)
                shift[rows] = np.clip(0.09 * (np.arange(len(rows)) - (len(rows) - 1) / 2), -REACH, REACH)
        found[level] = pd.DataFrame({"x": number + shift, "y": one}, index=one.index)
    return found


def _join(axes: Axes, places: Mapping[str, pd.DataFrame], levels: Sequence[str], colour: str) -> None:
    together = pd.concat([places[level] for level in levels])
    for _, rows in together.groupby(level="subject"):
        axes.plot(rows["x"], rows["y"], color=colour, linewidth=0.8, zorder=1)


def _draw_median(axes: Axes, place: float, row: Mapping[Any, Any], colour: str) -> None:
    side = place + 0.38  # beside the dots, so that it hides none
    axes.plot([place - REACH, side + 0.05], [row["median"]] * 2, color=colour, linewidth=1.6, zorder=3)
    if np.isfinite(row["low"]):
        axes.plot([side] * 2, [row["low"], row["high"]], color=colour, linewidth=1.2, zorder=3)


def _name(
    axes: Axes,
    result: Result,
    measure: str,
    levels: Sequence[str],
    values: Mapping[str, pd.Series],
    look: Look,
    size: float,
) -> None:
    """Write titles, groups with their numbers of subjects, and p."""
    of = MEASURES[measure]
    names = [f"{_short(level)}\nn = {len(values[level])}" for level in levels]
    tidy(axes)
    axes.set_xticks(range(len(levels)), names, fontsize=SMALL)
    axes.set_xlim(-0.6, len(levels) - 0.4)
    axes.set_ylabel(of.unit, fontsize=SMALL, color=look.text)
    axes.locator_params(axis="y", nbins=5)
    axes.set_title(f"{of.title}\n{_found(result, measure)}", fontsize=size, color=look.text)
    colour_axes(axes, look)


def colour_axes(axes: Axes, look: Look) -> None:
    """Give ground, lines and numbers of a plot the colours of a look.

    Parameters
    ----------
    axes : Axes
    look : Look
    """
    axes.set_facecolor(look.background)
    axes.tick_params(colors=look.text)
    for spine in axes.spines.values():
        spine.set_color(look.text)


def _found(result: Result, measure: str) -> str:
    """Write p of two groups, or of all at once, adjusted if there were several tests."""
    table = result.tables.get("compare_overall")
    table = result.tables["compare"] if table is None else table
    row = table[table["measure"] == measure].iloc[0]
    if pd.isna(row["p"]):
        return "too few subjects"
    text = p_text(float(row["p"]))
    return (
        text
        if len(table) < 2
        else f"{text}, adjusted {p_text(float(row['p_adjusted'])).removeprefix('p ').removeprefix('= ')}"
    )


def _short(text: str, most: int = 14) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
