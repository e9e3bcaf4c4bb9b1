"""Figure of a recovery: curves of every subject and of groups over sessions, and the path of each group."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ubam.runfolder.tables import Result

from .groups import LIGHT_LOOK, MARKS, Look
from .style import NORMAL, SMALL, new_figure, tidy

WIDTH, HEIGHT = 5.0, 3.6  # inches of a plot
LINES = ("-", "--", "-.", ":")  # so that groups differ without colour, too
_SIDE = 0.08  # of a session, between the marks of groups
_APART = 0.05  # of the plot, between two names of sessions
_TITLES = {
    "change": ("To the own baseline", "change of similarity"),
    "change_reference": ("To the reference", "change of similarity"),
    "overlap": ("Discriminant of the other subjects", "overlap with the baseline"),
}


def recovery_figure(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    """Plot similarity over sessions, for every subject and for groups.

    Parameters
    ----------
    result : Result
        Of the analysis ``"recovery"``.
    look : Look
        Colours.

    Returns
    -------
    Figure
        Thin lines are subjects, thick lines the means of groups with a 95% band. In the first plot, the grey
        band is the margin; a filled mark is a session that is equivalent to the baseline. The last plot shows
        the path of each group between baseline and first session after it.
    """
    curves = result.tables["recovery_curves"]
    shown = [one for one in _TITLES if (curves["measure"] == one).any()]
    draws: list[Callable[[Axes], None]] = [_curve_plot(result, measure, look) for measure in shown]
    if (curves["measure"] == "similarity_first").any():
        draws.append(lambda axes: _draw_path(axes, result, look))
    columns = min(len(draws), 2)
    rows = -(-len(draws) // columns)
    figure = new_figure(columns * WIDTH, rows * HEIGHT + 0.5)
    figure.set_facecolor(look.background)
    for number, draw in enumerate(draws):
        draw(figure.add_subplot(rows, columns, number + 1))
    figure.axes[0].plot([], [], "o", color=look.text, label="filled: equivalent to the baseline")
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside upper center",
        ncols=min(len(names), 5),
        fontsize=SMALL,
        frameon=False,
        labelcolor=look.text,
    )
    note = "thin: a subject; thick and band: mean of the group and its 95% interval (bootstrap over subjects)"
    figure.supxlabel(note, fontsize=SMALL - 1, color=look.text)
    return figure


def _curve_plot(result: Result, measure: str, look: Look) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        title, unit = _TITLES[measure]
        order: Sequence[str] = [str(one) for one in result.facts["sessions"]]
        if measure == "change":
            margin = float(result.facts["margin"])
            axes.axhspan(-margin, margin, color=look.line, alpha=0.15, linewidth=0)
            for edge, label in ((margin, "margin"), (-margin, None)):
                axes.axhline(edge, color=look.text, linewidth=1, linestyle=":", label=label)
        if measure != "overlap":
            axes.axhline(0, color=look.line, linewidth=0.8)
        for number, group in enumerate(result.facts["groups"]):
            _draw_group(axes, result, measure, str(group), number, look)
        _label(axes, title, unit, look)
        axes.set_xticks(range(len(order)), [_short(one) for one in order])
        axes.set_xlim(-0.4, len(order) - 0.6)
        axes.set_xlabel(str(result.facts["by"]), fontsize=SMALL, color=look.text)

    return draw


def _draw_group(axes: Axes, result: Result, measure: str, group: str, number: int, look: Look) -> None:
    order = {str(one): place for place, one in enumerate(result.facts["sessions"])}
    colour = look.groups[number % len(look.groups)]
    subjects = result.tables["recovery_subjects"]
    own = subjects[(subjects["group"].fillna("").astype(str) == group) & subjects[measure].notna()]
    for _, rows in own.groupby("subject"):
        places = rows["session"].astype(str).map(order)
        axes.plot(places, rows[measure], color=colour, linewidth=0.7, alpha=0.45, zorder=1)
    rows = _of_group(result, measure, group)
    side = _SIDE * (number - (len(result.facts["groups"]) - 1) / 2)
    at = rows["session"].map(order).to_numpy(float) + side
    if rows["low"].notna().any():
        axes.fill_between(at, rows["low"], rows["high"], color=colour, alpha=0.22, linewidth=0, zorder=2)
    line, mark = LINES[number % len(LINES)], MARKS[number % len(MARKS)]
    axes.plot(at, rows["mean"], line, color=colour, linewidth=2, zorder=3)
    inside = look.background if measure == "change" else colour
    name = f"{_short(group) or 'all'} (n = {result.facts['subjects'][group]})"
    axes.plot(
        at, rows["mean"], mark, color=colour, markerfacecolor=inside, markersize=6, zorder=4, label=name
    )
    if measure == "change":
        chosen = rows["session"].isin(_recovered(result, group)).to_numpy()
        axes.plot(at[chosen], rows.loc[chosen, "mean"], mark, color=colour, markersize=6, zorder=5)


def _of_group(result: Result, measure: str, group: str) -> pd.DataFrame:
    curves = result.tables["recovery_curves"]
    chosen = curves[(curves["measure"] == measure) & (curves["group"].fillna("").astype(str) == group)]
    return chosen.assign(session=chosen["session"].astype(str)).reset_index(drop=True)


def _recovered(result: Result, group: str) -> list[str]:
    tested = result.tables["recovery"]
    own = tested[(tested["group"].fillna("").astype(str) == group) & (tested["state"] == "recovered")]
    return list(own["session"].astype(str))


def _draw_path(axes: Axes, result: Result, look: Look) -> None:
    """Draw the means of a group: similarity to the first session after the baseline, and to the baseline."""
    paths = []
    for number, group in enumerate(result.facts["groups"]):
        colour, mark = look.groups[number % len(look.groups)], MARKS[number % len(MARKS)]
        first = _of_group(result, "similarity_first", str(group)).set_index("session")["mean"]
        own = _of_group(result, "similarity", str(group)).set_index("session")["mean"]
        path = pd.DataFrame({"x": first, "y": own}).dropna()
        path = path.reindex([str(one) for one in result.facts["sessions"] if str(one) in path.index])
        line = LINES[number % len(LINES)]
        axes.plot(path["x"], path["y"], line, color=colour, linewidth=1.4, zorder=2)
        axes.plot(path["x"], path["y"], mark, color=colour, markersize=5, zorder=3)
        paths.append(path)
    _name_sessions(axes, pd.concat(paths), look)
    _label(axes, "Path of each group", "similarity to the own baseline", look)
    axes.set_xlabel("similarity to the first session after it", fontsize=SMALL, color=look.text)
    axes.margins(0.12)


def _name_sessions(axes: Axes, points: pd.DataFrame, look: Look) -> None:
    """Write sessions beside their points, but not over each other."""
    size = [max(float(points[one].max() - points[one].min()), 1e-9) for one in ("x", "y")]
    named: list[tuple[float, float]] = []
    for session, x, y in zip(points.index, points["x"] / size[0], points["y"] / size[1], strict=True):
        if any(abs(x - a) < _APART and abs(y - b) < _APART for a, b in named):
            continue
        named.append((x, y))
        axes.annotate(
            _short(str(session)),
            (x * size[0], y * size[1]),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=SMALL - 1,
            color=look.text,
        )


def _label(axes: Axes, title: str, unit: str, look: Look) -> None:
    tidy(axes)
    axes.set_facecolor(look.background)
    axes.set_title(title, fontsize=NORMAL, color=look.text)
    axes.set_ylabel(unit, fontsize=SMALL, color=look.text)
    axes.tick_params(colors=look.text)
    for spine in axes.spines.values():
        spine.set_color(look.text)


def _short(text: str, most: int = 14) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
