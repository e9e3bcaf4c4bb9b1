"""Learning curves of a training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import CYCLE, LARGE, NORMAL, new_figure, tidy

_POINTS = 50  # curves with more points also get a smoothed line
_COLUMNS = 4
NO_LOSS = ["stage", "step", "seconds"]


def loss_curves(history: pd.DataFrame) -> Figure:
    """Plot the learning curves: each loss of each stage over the training steps.

    Parameters
    ----------
    history : DataFrame
        Columns ``stage`` and ``step``, optionally ``seconds``, and one column per loss. A loss is NaN in
        stages that do not have it.

    Returns
    -------
    Figure
        One panel per loss. Long curves are light, with their running median as a dark line.

    Raises
    ------
    ValueError
        If the history has no loss.
    """
    panels = _panels(history)
    if not panels:
        raise ValueError("The history has no loss; train at least one step.")
    columns = min(len(panels), _COLUMNS)
    rows = -(-len(panels) // columns)
    figure = new_figure(0.8 + 3.0 * columns, 0.8 + 2.4 * rows)
    figure.suptitle("Learning curves", fontsize=LARGE)
    stages = list(dict.fromkeys(stage for stage, _, _ in panels))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for one, (stage, name, values) in zip(axes, panels, strict=False):
        _draw(one, values, CYCLE[stages.index(stage) % len(CYCLE)])
        one.set_title(f"{stage}: {name}", fontsize=NORMAL)
    for one in axes[len(panels) :]:
        one.set_axis_off()
    return figure


def _panels(history: pd.DataFrame) -> list[tuple[str, str, pd.Series[float]]]:
    """Return stage, name and values by step of every loss."""
    found = []
    for stage, part in history.groupby("stage", sort=False):
        for name in part.columns.difference(NO_LOSS, sort=False):
            values = part.set_index("step")[name].dropna().astype(float)
            if len(values):
                found.append((str(stage), str(name), values))
    return found


def _draw(axes: Axes, values: pd.Series[float], colour: str) -> None:
    many = len(values) > _POINTS
    marker = "o" if len(values) == 1 else None
    axes.plot(values.index, values, color=colour, alpha=0.3 if many else 1, linewidth=1, marker=marker)
    if many:
        smooth = values.rolling(len(values) // 25, center=True, min_periods=1).median()
        axes.plot(values.index, smooth, color=colour, linewidth=1.8)
    finite = values[np.isfinite(values)]
    if len(finite) and finite.min() > 0 and finite.max() > 30 * finite.min():
        axes.set_yscale("log")
    axes.set_xlabel("training step", fontsize=NORMAL)
    axes.set_ylabel("loss", fontsize=NORMAL)
    axes.locator_params(axis="x", nbins=4)
    tidy(axes)
