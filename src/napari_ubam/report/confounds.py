"""Figure of confounds: how well each property is read from codes and scores, beside its chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from napari_ubam.runfolder.tables import Result

from .groups import LIGHT_LOOK, Look
from .style import NORMAL, SMALL, new_figure, tidy

SOURCES = {"codes": "o", "constant": "s", "episodic": "^"}
"""What is read from, and its mark."""

LEVEL = 0.05
SUBJECT = "subject\n(line: chance)"
_APART = 0.24  # between the marks of a property
_KINDS = {
    "name": ("balanced accuracy", (0.0, 1.0)),
    "number": ("correlation", (-1.0, 1.0)),
}
_OF_SCORES = "\nconstant, episodic: share of the variance of the score"


def confounds_figure(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    """Plot how well each property can be read, with the range of permuted values.

    Parameters
    ----------
    result : Result
        Of the analysis ``"confounds"``.
    look : Look
        Colours.

    Returns
    -------
    Figure
        A row for each property. The mark of the codes is the balanced accuracy, or for numbers the
        correlation, in subjects that were left out; those of the scores are the share of their variance that
        goes together with the property. A mark is filled if p < 0.05. The bar behind it holds 90% of the
        permuted orders.
        The first row tells how often the subject of a window is named, with a line at chance.
    """
    table = result.tables["confounds"]
    parts = {kind: table[table["kind"] == kind].reset_index(drop=True) for kind in _KINDS}
    parts = {kind: part for kind, part in parts.items() if len(part) or kind == "name"}
    rows = max(len(part) + (kind == "name") for kind, part in parts.items())
    figure = new_figure(4.4 * len(parts) + 0.6, max(2.6, 0.52 * rows + 1.7))
    figure.set_facecolor(look.background)
    every = figure.subplots(1, len(parts), squeeze=False)[0]
    for axes, (kind, part) in zip(every, parts.items(), strict=True):
        axes.set_facecolor(look.background)
        _draw(axes, kind, part, result, look)
        tidy(axes)
        axes.tick_params(colors=look.text)
        for spine in axes.spines.values():
            spine.set_color(look.text)
    figure.legend(
        handles=_legend(result, look),
        loc="outside lower center",
        ncols=5,
        fontsize=SMALL,
        frameon=False,
        labelcolor=look.text,
    )
    return figure


def _draw(axes: Axes, kind: str, part: pd.DataFrame, result: Result, look: Look) -> None:
    label, limits = _KINDS[kind]
    names = [str(one) for one in part["property"]]
    first = 0
    if kind == "name":
        names, first = [SUBJECT, *names], 1
        named, chance = (float(result.facts[key]) for key in ("subject_named", "subject_chance"))
        axes.plot([chance] * 2, [-0.3, 0.3], color=look.line, linewidth=2)
        axes.plot(named, 0, "D", color=look.text, markersize=6, fillstyle="none")
    for number, row in part.iterrows():
        _draw_row(axes, first + int(str(number)), row, look)
    if kind == "number":
        axes.axvline(0, color=look.line, linewidth=0.8, zorder=0)
    axes.set_xlim(limits[0] - 0.03, limits[1] + 0.03)
    axes.set_yticks(range(len(names)), [one if one == SUBJECT else _short(one) for one in names])
    axes.set_ylim(len(names) - 0.45, -0.55)
    scored = any(part[name].notna().any() for name in SOURCES if name != "codes" and name in part)
    of_codes = f"{'codes: ' if scored else ''}{label} in subjects that were left out"
    axes.set_xlabel(of_codes + (_OF_SCORES if scored else ""), fontsize=SMALL, color=look.text)
    title = "Properties with names" if kind == "name" else "Properties with numbers"
    axes.set_title(title, fontsize=NORMAL, color=look.text)


def _draw_row(axes: Axes, y: int, row: pd.Series, look: Look) -> None:
    known = [name for name in SOURCES if pd.notna(row.get(name))]
    for place, name in enumerate(known):
        at = y + _APART * (place - (len(known) - 1) / 2)
        low, high = row.get(f"{name}_low", np.nan), row.get(f"{name}_high", np.nan)
        if pd.notna(low) and pd.notna(high):  # results of earlier versions do not have them
            axes.plot([low, high], [at, at], color=look.line, linewidth=5, alpha=0.55, solid_capstyle="butt")
        found = pd.notna(row[f"{name}_p"]) and float(row[f"{name}_p"]) < LEVEL
        axes.plot(
            float(row[name]),
            at,
            SOURCES[name],
            color=_colour(name, look),
            markersize=7,
            fillstyle="full" if found else "none",
            markeredgewidth=1.6,
        )


def _colour(name: str, look: Look) -> str:
    return look.groups[1 + list(SOURCES).index(name)]


def _legend(result: Result, look: Look) -> list[Line2D]:
    table = result.tables["confounds"]
    shown = [name for name in SOURCES if name == "codes" or table[name].notna().any()]
    marks = [
        Line2D(
            [],
            [],
            marker=SOURCES[name],
            color=_colour(name, look),
            linestyle="",
            markersize=7,
            markeredgewidth=1.6,
            label=name,
        )
        for name in shown
    ]
    note = Line2D([], [], linestyle="", label=f"filled: p < {LEVEL:g}")
    bar = Line2D([], [], color=look.line, linewidth=5, alpha=0.55, label="90% of permuted orders")
    return [*marks, note, bar]


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
