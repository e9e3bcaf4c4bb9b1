"""Figure of all subjects compared with the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .groups import LIGHT_LOOK, Look, colour_axes
from .style import LARGE, NORMAL, SMALL, new_figure, tidy

ROW = 0.27  # inches for each subject


@dataclass(frozen=True)
class _Column:
    """What is compared in one half of the figure."""

    name: str
    title: str
    label: str

    def of(self, row: Mapping[Any, Any]) -> tuple[float, float, float]:
        """Give value, p and q of a subject."""
        return row[self.name], row[f"{self.name}_p"], row[f"{self.name}_q"]


COLUMNS = (
    _Column("episodic", "Episodic: rises above its own level", "mean excess over the 95th percentile"),
    _Column("constant", "Constant: always there", "median distance to the reference"),
)


def subjects_figure(subjects: pd.DataFrame, *, within: bool = False, look: Look = LIGHT_LOOK) -> Figure:
    """Plot the episodic and the constant deviation of every subject by group, with p and q.

    Parameters
    ----------
    subjects : DataFrame
        Result of :func:`~napari_ubam.analysis.subject_table`.
    within : bool
        Whether each subject is compared with its own baseline. No range is then shaded, because the
        baselines of other subjects say nothing about a subject.
    look : Look
        Colours.

    Returns
    -------
    Figure
        One line for each subject and session, the episodic part on the left and the constant part on the
        right. The range of the reference subjects is shaded, unless each is compared with itself.
    """
    rows = _ordered(subjects)
    several = rows["session"].nunique() > 1
    figure = new_figure(12, 1.9 + ROW * (len(rows) + 1.4 * rows["heading"].nunique()))
    figure.set_facecolor(look.background)
    both = figure.subplots(1, len(COLUMNS), sharey=True)
    for axes, column in zip(both, COLUMNS, strict=True):
        if not within:
            _shade_reference(axes, rows.loc[rows["reference"], column.name].dropna(), look)
        ticks = _draw_groups(axes, rows, several, column, look)
        axes.set_title(column.title, fontsize=NORMAL, color=look.text)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(f"{column.label} (cosine distance)", fontsize=NORMAL, color=look.text)
        axes.grid(axis="y", color=look.line, alpha=0.4, linewidth=0.5)
        axes.set_axisbelow(True)
        tidy(axes)
        colour_axes(axes, look)
    both[0].set_yticks(list(ticks), list(ticks.values()), fontsize=SMALL)
    both[0].set_ylim(max(ticks, default=0) + 0.8, -1.2)
    baseline = "their own baseline" if within else "the reference"
    figure.suptitle(f"Subjects compared with {baseline}", fontsize=LARGE, color=look.text)
    if within:
        least = rows.loc[~rows["reference"], "smallest_p"].min()
        note = f"p: rank among stretches of the own baseline, at least {least:.3f}"
        figure.supxlabel(note, fontsize=SMALL, color=look.text)
    elif rows["reference"].any():
        _explain(figure, both[0], rows, look)
    return figure


def _shade_reference(axes: Axes, reference: pd.Series, look: Look) -> None:
    if len(reference):
        axes.axvspan(
            reference.min(),
            reference.max(),
            color=look.line,
            alpha=0.25,
            linewidth=0,
            zorder=0,
            label="reference",
        )


def _explain(figure: Figure, axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    """Say what is shaded, and how small p can be."""
    shades = [patch for patch in axes.patches if patch.get_label() == "reference"]
    least = rows.loc[~rows["reference"], "smallest_p"].min()
    note = "" if np.isnan(least) else f"; smallest possible p = {least:.3f}"
    label = f"range of the reference (n = {rows.loc[rows['reference'], 'subject'].nunique()}){note}"
    if shades:
        figure.legend(
            shades[:1],
            [label],
            loc="outside lower right",
            fontsize=SMALL,
            frameon=False,
            labelcolor=look.text,
        )


def _ordered(subjects: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by group, the reference first, and the largest episodic part first in each group."""
    rows = subjects.copy()
    counts = rows.groupby(["reference", "group"])["subject"].transform("nunique")
    roles = np.where(rows["reference"], ", reference", "")
    rows["heading"] = rows["group"].astype(str) + roles + " (n = " + counts.astype(str) + ")"
    return rows.sort_values(
        ["reference", "group", "episodic"], ascending=[False, True, False], ignore_index=True
    )


def _draw_groups(
    axes: Axes, rows: pd.DataFrame, several: bool, column: _Column, look: Look
) -> dict[float, str]:
    """Draw the groups below each other. Return the label of each line by its position."""
    ticks: dict[float, str] = {}
    line = 0.0
    for place, (heading, group) in enumerate(rows.groupby("heading", sort=False)):
        others = look.groups[1:]
        colour = look.groups[0] if group["reference"].any() else others[place % len(others)]
        if column is COLUMNS[0]:
            _beside(axes, line - 0.85, str(heading), 0.0, look, weight="bold")
        for row in group.to_dict("records"):
            value, p, q = column.of(row)
            axes.plot(value, line, "o", color=colour, markersize=6)
            session = f", session {row['session']}" if several else ""
            ticks[line] = f"{row['subject']}{session}"
            _beside(axes, line, _significance(value, p, q), 1.01, look)
            line += 1
        line += 1.2
    return ticks


def _significance(value: float, p: float, q: float) -> str:
    """Write p and q; a baseline that its own subject is compared with has neither."""
    if np.isnan(p):
        return "no score" if np.isnan(value) else ""
    return f"p = {p:.3f}" + ("" if np.isnan(q) else f", q = {q:.3f}")


def _beside(axes: Axes, line: float, text: str, at: float, look: Look, weight: str = "normal") -> None:
    axes.text(
        at,
        line,
        text,
        transform=axes.get_yaxis_transform(),
        fontsize=SMALL,
        va="center",
        weight=weight,
        color=look.text,
    )
