"""Figure of a stimulus: curves around the onset with every subject, and the states off, on and after."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ubam.analysis.groups.words import p_text
from napari_ubam.analysis.stimulus.trials import STATES
from napari_ubam.runfolder.tables import Result

from .groups import LIGHT_LOOK, MARKS, Look
from .style import NORMAL, SMALL, new_figure, tidy

_SIZE = (8.6, 4.2)  # inches, of the curves of one measure beside the states
_MORE = 2.3  # inches of height for the decodability
_CHANCE = 0.5


def stimulus_figure(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    """Plot the response to a stimulus.

    Parameters
    ----------
    result : Result
        Of the analysis ``"stimulus"``.
    look : Look
        Colours.

    Returns
    -------
    Figure
        Left: the change of the deviation around the onset, below it the decodability if there is one. Thin
        lines are subjects, the thick one is their mean with its 95% interval, and the stimulus is shaded.
        Right: each subject with the stimulus off, on and after it.
    """
    mean = result.tables["stimulus_mean"]
    decoded = bool((mean["measure"] == "decodability").any())
    figure = new_figure(_SIZE[0], _SIZE[1] + _MORE * decoded)
    figure.set_facecolor(look.background)
    grid = figure.add_gridspec(1 + decoded, 2, width_ratios=(2, 1), height_ratios=(3, 2)[: 1 + decoded])
    upper = figure.add_subplot(grid[0, 0])
    _draw_curves(upper, result, "deviation", look)
    upper.axhline(0, color=look.line, linewidth=0.8, zorder=0)
    _name(upper, look, f"Deviation around the onset of {result.facts['label']}", "change against off")
    if decoded:
        lower = figure.add_subplot(grid[1, 0], sharex=upper)
        _draw_decodability(lower, result, look)
        upper.tick_params(labelbottom=False)
    figure.axes[-1].set_xlabel("seconds after the onset", fontsize=SMALL, color=look.text)
    _draw_states(figure.add_subplot(grid[:, 1]), result, look)
    subjects, label = int(result.facts["subjects"]), result.facts["label"]
    band = ", band: its 95% interval (bootstrap over subjects)" if subjects > 2 else ""
    note = f"thin: a subject; thick: mean of {subjects}{band}; shaded: {label} on"
    if decoded:
        note += "\ndotted: where 95% of the means lie if the stimulus is moved to random times"
    figure.supxlabel(note, fontsize=SMALL - 1, color=look.text)
    return figure


def _draw_curves(axes: Axes, result: Result, measure: str, look: Look) -> None:
    """Draw each subject, the mean with its band, and the time of the stimulus."""
    colour = look.groups[1]
    every = result.tables["stimulus_curves"]
    for _, one in every[every["measure"] == measure].groupby("subject", sort=False):
        axes.plot(one["time"], one["value"], color=look.line, linewidth=0.8, zorder=2)
    mean = result.tables["stimulus_mean"]
    mean = mean[mean["measure"] == measure]
    axes.fill_between(mean["time"], mean["low"], mean["high"], color=colour, alpha=0.3, linewidth=0, zorder=3)
    axes.plot(mean["time"], mean["value"], color=colour, linewidth=2, zorder=4)
    width = float(result.facts["bin_seconds"])
    start, stop = float(mean["time"].min()) - width / 2, float(mean["time"].max()) + width / 2
    axes.axvspan(0, min(float(result.facts["on_seconds"]), stop), color=look.groups[2], alpha=0.15, zorder=0)
    axes.axvline(0, color=look.text, linewidth=0.9, zorder=1)
    axes.set_xlim(start, stop)


def _draw_decodability(axes: Axes, result: Result, look: Look) -> None:
    _draw_curves(axes, result, "decodability", look)
    mean = result.tables["stimulus_mean"]
    mean = mean[mean["measure"] == "decodability"]
    for side in ("chance_low", "chance_high"):
        axes.plot(mean["time"], mean[side], color=look.text, linewidth=1, linestyle=":", zorder=4)
    axes.axhline(_CHANCE, color=look.text, linewidth=0.8, zorder=1)
    axes.set_ylim(0, 1)
    found = _found(result, "decodability")
    _name(axes, look, f"Decodability, subjects left out: {found}", "area under ROC curve")


def _draw_states(axes: Axes, result: Result, look: Look) -> None:
    """Each subject as a mark in each state, joined."""
    subjects: pd.DataFrame = result.tables["stimulus_subjects"]
    places = np.arange(len(STATES))
    for values in subjects[list(STATES)].to_numpy(float):
        axes.plot(places, values, color=look.line, linewidth=0.9, zorder=1)
    for place, state in enumerate(STATES):
        values = subjects[state].dropna().to_numpy(float)
        axes.plot(
            np.full(len(values), float(place)),
            values,
            MARKS[place],
            color=look.groups[place],
            markersize=6,
            markeredgewidth=0,
            zorder=2,
        )
        if len(values):
            reach = (place - 0.25, place + 0.25)
            axes.plot(reach, [np.median(values)] * 2, color=look.text, linewidth=1.8, zorder=3)
    axes.set_xticks(places, [f"{one}\nn = {subjects[one].notna().sum()}" for one in STATES])
    axes.set_xlim(-0.5, len(STATES) - 0.5)
    title = f"Subjects, with medians\non: {_found(result, 'on')}\nafter: {_found(result, 'after')}"
    _name(axes, look, title, "episodic deviation (cosine distance)")


def _found(result: Result, measure: str) -> str:
    """Write p, adjusted for the tests of this analysis."""
    table = result.tables["stimulus"].set_index("measure")
    p = float(table["p_adjusted"].to_dict()[measure])
    return f"adjusted {p_text(p)}" if np.isfinite(p) else "no test"


def _name(axes: Axes, look: Look, title: str, unit: str) -> None:
    tidy(axes)
    axes.set_facecolor(look.background)
    axes.set_title(title, fontsize=NORMAL, color=look.text)
    axes.set_ylabel(unit, fontsize=SMALL, color=look.text)
    axes.locator_params(axis="y", nbins=5)
    axes.tick_params(colors=look.text)
    for spine in axes.spines.values():
        spine.set_color(look.text)
