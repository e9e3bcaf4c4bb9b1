"""Figure of all subjects compared with the reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import BLUE, CYCLE, GREY, LARGE, LIGHT, NORMAL, SMALL, new_figure, tidy


def subjects_figure(subjects: pd.DataFrame, statistic: str = "deviation") -> Figure:
    """Plot the deviation of every subject by group, with p and q.

    Parameters
    ----------
    subjects : DataFrame
        Result of :func:`~napari_ubam.analysis.subject_table`.
    statistic : str
        Name of the deviation statistic, for the axis label.

    Returns
    -------
    Figure
        One line for each subject and session. The range of the reference subjects is shaded.
    """
    rows = _ordered(subjects)
    several = rows["session"].nunique() > 1
    figure = new_figure(9, 1.6 + 0.27 * (len(rows) + 1.4 * rows["heading"].nunique()))
    axes = figure.subplots()
    reference = rows.loc[rows["reference"], "deviation"].dropna()
    if len(reference):
        least = rows.loc[~rows["reference"], "smallest_p"].min()
        note = "" if np.isnan(least) else f"; smallest possible p = {least:.3f}"
        label = f"range of the reference (n = {len(reference)}){note}"
        axes.axvspan(reference.min(), reference.max(), color=LIGHT, alpha=0.6, zorder=0, label=label)
    ticks = _draw_groups(axes, rows, several)
    axes.set_yticks(list(ticks), list(ticks.values()), fontsize=SMALL)
    axes.set_ylim(max(ticks, default=0) + 0.8, -1.2)
    axes.set_xlabel(statistic, fontsize=NORMAL)
    axes.grid(axis="y", color=LIGHT, linewidth=0.5)
    axes.set_axisbelow(True)
    tidy(axes)
    figure.suptitle("Subjects compared with the reference", fontsize=LARGE)
    if len(reference):
        figure.legend(loc="outside lower right", fontsize=SMALL, frameon=False)
    return figure


def _ordered(subjects: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by group, the reference first, and the largest deviation first in each group."""
    rows = subjects.copy()
    counts = rows.groupby(["reference", "group"])["subject"].transform("nunique")
    roles = np.where(rows["reference"], ", reference", "")
    rows["heading"] = rows["group"].astype(str) + roles + " (n = " + counts.astype(str) + ")"
    return rows.sort_values(
        ["reference", "group", "deviation"], ascending=[False, True, False], ignore_index=True
    )


def _draw_groups(axes: Axes, rows: pd.DataFrame, several: bool) -> dict[float, str]:
    """Draw the groups below each other. Return the label of each line by its position."""
    ticks: dict[float, str] = {}
    line = 0.0
    for place, (heading, group) in enumerate(rows.groupby("heading", sort=False)):
        colour = GREY if group["reference"].any() else (BLUE, *CYCLE[1:])[place % len(CYCLE)]
        _beside(axes, line - 0.85, str(heading), 0.0, weight="bold")
        for row in group.to_dict("records"):
            axes.plot(row["deviation"], line, "o", color=colour, markersize=6)
            session = f", session {row['session']}" if several else ""
            ticks[line] = f"{row['subject']}{session}"
            _beside(axes, line, _significance(row["p"], row["q"]), 1.01)
            line += 1
        line += 1.2
    return ticks


def _significance(p: float, q: float) -> str:
    if np.isnan(p):
        return "no score"
    return f"p = {p:.3f}" + ("" if np.isnan(q) else f", q = {q:.3f}")


def _beside(axes: Axes, line: float, text: str, at: float, weight: str = "normal") -> None:
    axes.text(
        at, line, text, transform=axes.get_yaxis_transform(), fontsize=SMALL, va="center", weight=weight
    )
