"""Figure of a classification: every subject with its evidence, and the accuracy among permuted labelings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ubam.analysis.groups.words import p_text
from napari_ubam.runfolder.tables import Result

from .groups import LIGHT_LOOK, MARKS, Look
from .style import NORMAL, SMALL, new_figure, tidy

REACH = 0.3  # of the marks to both sides of the middle
_CLOSE = 25  # marks that are closer than this part of the range lie side by side


def classify_figure(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    """Plot the evidence of each subject, and how the accuracy lies among permuted labelings.

    Parameters
    ----------
    result : Result
        Of the analysis ``"classify"``.
    look : Look
        Colours.

    Returns
    -------
    Figure
        Left: each subject is a mark; below the line it is taken for another group, and its mark is open.
        Right: balanced accuracy with permuted labels, and the line of the true ones.
    """
    levels = [str(one) for one in result.facts["levels"]]
    figure = new_figure(max(3.4, 1.1 * len(levels) + 1.2) + 3.4, 3.6)
    figure.set_facecolor(look.background)
    left, right = figure.subplots(1, 2, width_ratios=[max(3.4, 1.1 * len(levels) + 1.2), 3.4])
    _draw_subjects(left, result, levels, look)
    _draw_permuted(right, result, look)
    for axes in (left, right):
        tidy(axes)
        axes.set_facecolor(look.background)
        axes.tick_params(colors=look.text)
        for spine in axes.spines.values():
            spine.set_color(look.text)
    return figure


def _draw_subjects(axes: Axes, result: Result, levels: list[str], look: Look) -> None:
    subjects = result.tables["classify_subjects"]
    values = subjects["evidence"].to_numpy(float)
    close = max(float(np.ptp(values)), 1e-12) / _CLOSE
    for number, level in enumerate(levels):
        own = subjects[subjects["level"] == level].sort_values("evidence")
        colour, mark = look.groups[number % len(look.groups)], MARKS[number % len(MARKS)]
        x = number + _beside(own["evidence"], close)
        right = own["correct"].to_numpy(bool)
        axes.plot(x[right], own["evidence"][right], mark, color=colour, markersize=6, markeredgewidth=0)
        axes.plot(
            x[~right], own["evidence"][~right], mark, color=colour, markersize=6, markerfacecolor="none"
        )
    axes.axhline(0, color=look.line, linewidth=1)
    counts = [subjects[subjects["level"] == level]["correct"].astype(bool) for level in levels]
    names = [
        f"{_short(level)}\n{int(one.sum())} of {len(one)}" for level, one in zip(levels, counts, strict=True)
    ]
    axes.set_xticks(range(len(levels)), names, fontsize=SMALL)
    axes.set_xlim(-0.6, len(levels) - 0.4)
    axes.set_ylabel(f"evidence for its own {result.facts['by']}", fontsize=SMALL, color=look.text)
    axes.set_title("Subjects (open: taken for another)", fontsize=NORMAL, color=look.text)


def _beside(values: pd.Series, close: float) -> np.ndarray:
    """Shift marks to the side where neighbours in the order of their values are close."""
    ordered = values.to_numpy(float)  # ascending
    chain = np.cumsum(np.diff(ordered, prepend=ordered[:1]) > close)
    shift = np.zeros(len(ordered))
    for which in np.unique(chain):
        rows = np.flatnonzero(chain == which)
        step = min(0.1, 2 * REACH / max(len(rows) - 1, 1))
        shift[rows] = step * (np.arange(len(rows)) - (len(rows) - 1) / 2)
    return shift


def _draw_permuted(axes: Axes, result: Result, look: Look) -> None:
    facts, table = result.facts, result.tables["classify_permuted"]
    accuracy, count = table["accuracy"].to_numpy(float), table["labelings"].to_numpy(float)
    edges = [number / 20 for number in range(21)]
    axes.hist(accuracy, bins=edges, weights=count / count.sum(), color=look.line)
    axes.axvline(facts["accuracy"], color=look.text, linewidth=2)
    axes.axvline(1 / len(facts["levels"]), color=look.text, linewidth=1, linestyle=":")
    axes.set_xlim(0, 1.02)  # so that a line at the edge is seen
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("balanced accuracy\n(line: true labels; dotted: chance)", fontsize=SMALL, color=look.text)
    axes.set_ylabel("share of permuted labelings", fontsize=SMALL, color=look.text)
    axes.set_title(f"{facts['accuracy']:.0%}, {p_text(facts['p'])}", fontsize=NORMAL, color=look.text)


def _short(text: str, most: int = 14) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
