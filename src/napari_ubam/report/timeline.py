"""Timeline of a recording: percentiles and episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, MultipleLocator
from matplotlib.transforms import Bbox

from napari_ubam.analysis import Scores
from napari_ubam.study import Interval
from napari_ubam.study.values import counted

from .style import (
    BLUE,
    CYCLE,
    GREEN,
    GREY,
    LARGE,
    NORMAL,
    ORANGE,
    RED,
    SMALL,
    format_time,
    new_figure,
    show_image,
    tidy,
)

Floats = npt.NDArray[np.floating[Any]]

MAX_LISTED = 10  # episodes in the table
MAX_THUMBNAILS = 4
BINS = 1500  # time bins of a long recording, about one per pixel
_STEPS = (15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)  # seconds between labels
_CURVES = (("posture", "posture", BLUE), ("behaviour,\nepisodic", "episodic", RED))


def timeline(
    scores: Scores,
    episodes: pd.DataFrame,
    *,
    thumbnails: Sequence[npt.NDArray[Any]] | None = None,
    truth: npt.ArrayLike | None = None,
    intervals: Sequence[Interval] | None = None,
    threshold: float = 95,
) -> Figure:
    """Plot the percentiles of a recording over time, with shaded episodes and a table of the strongest.

    A long recording is divided into time bins. Each bin shows the minimum and maximum, so no peak is lost.

    Parameters
    ----------
    scores : Scores
        Scores of the recording.
    episodes : DataFrame
        Result of :func:`~napari_ubam.analysis.episodes`, the strongest first.
    thumbnails : sequence of ndarray of uint8, shape (y, x), (y, x, 1) or (y, x, 3), optional
        Images at the peaks of the first episodes. At most four are shown.
    truth : array_like of bool, shape (t,), optional
        Frames with a known deviation, shown as a band.
    intervals : sequence of Interval, optional
        Conditions, shown as a band.
    threshold : float
        Percentile threshold of the episodes.

    Returns
    -------
    Figure
        The shaded areas have the gid ``episode``.
    """
    pictures = list(thumbnails or ())[: min(MAX_THUMBNAILS, len(episodes))]
    bands = _bands(scores, truth, intervals or ())
    listed = episodes.head(MAX_LISTED)
    heights = [1.9 * bool(pictures), 4.0 + 0.3 * len(bands), 0.65 + 0.25 * max(len(listed), 1)]
    figure = new_figure(11, sum(heights) + 0.3)
    figure.suptitle(_title(scores), fontsize=LARGE)
    rows = [height for height in heights if height]
    parts = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=rows)[:, 0]
    if pictures:
        _draw_thumbnails(parts[0], pictures, episodes)
    _draw_curves(parts[-2], scores, episodes, bands, threshold)
    _draw_list(parts[-1], listed, len(episodes), threshold)
    return figure


def _title(scores: Scores) -> str:
    valid = int(np.isfinite(scores.episodic_percentile).sum())
    role = " (reference)" if scores.reference else ""
    return (
        f"{scores.name}: subject {scores.subject}, group {scores.group}{role}, session {scores.session}; "
        f"{valid} of {counted(len(scores), 'frame')} scored"
    )


def _draw_thumbnails(part: SubFigure, pictures: Sequence[npt.NDArray[Any]], episodes: pd.DataFrame) -> None:
    axes = part.subplots(1, MAX_THUMBNAILS, squeeze=False)[0]
    for place, one in enumerate(axes):
        show_image(one, pictures[place] if place < len(pictures) else None)
        if place < len(pictures):
            row = episodes.iloc[place]
            text = f"{place + 1}: frame {row['peak']:.0f}, {format_time(row['peak_time'])}"
            one.set_title(text, fontsize=NORMAL)


def _draw_curves(
    part: SubFigure,
    scores: Scores,
    episodes: pd.DataFrame,
    bands: list[tuple[str, list[tuple[float, float, str, str]]]],
    threshold: float,
) -> None:
    heights = [1.0, 1.0, *[0.14] * len(bands)]
    axes = part.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for one, (label, kind, colour) in zip(axes, _CURVES, strict=False):
        _shade(one, episodes)
        _draw_percentile(one, scores.times, getattr(scores, f"{kind}_percentile"), colour)
        one.axhline(threshold, color=GREY, linewidth=1, linestyle="--")
        one.set_ylim(0, 102)
        one.set_yticks([0, 25, 50, 75, threshold])
        one.set_ylabel(f"{label}\npercentile", fontsize=NORMAL)
        tidy(one)
    for one, (name, spans) in zip(axes[2:], bands, strict=True):
        _draw_band(one, name, spans)
    last = axes[-1]
    _set_time(last, scores.times)
    _number(axes[0], episodes)


def _set_time(axes: Axes, times: Floats) -> None:
    """Label the time axis in seconds, or in minutes and seconds for a long recording."""
    if len(times) < 2:
        return
    axes.set_xlim(float(times[0]), float(times[-1]))
    length = float(times[-1] - times[0])
    if length < 120:
        axes.set_xlabel("time (s)", fontsize=NORMAL)
        return
    step = next((step for step in _STEPS if length / step <= 12), _STEPS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{int(value // 60)}:{int(value % 60):02}"))
    note = ""
    if len(times) > 2 * BINS:
        note = f"; line: median of {length / BINS:.2g} s, shaded: minimum to maximum"
    axes.set_xlabel(f"time (min:s){note}", fontsize=NORMAL)


def _shade(axes: Axes, episodes: pd.DataFrame) -> None:
    """Shade every episode, with a stronger colour for listed ones. The outline keeps short ones visible."""
    for place, row in enumerate(episodes.to_dict("records")):
        strong = place < MAX_LISTED
        axes.axvspan(
            row["start_time"],
            row["stop_time"],
            facecolor=ORANGE,
            edgecolor=ORANGE,
            linewidth=0.8 if strong else 0.3,
            alpha=0.5 if strong else 0.2,
            zorder=1,
            gid="episode",
        )


def _number(axes: Axes, episodes: pd.DataFrame) -> None:
    """Write the numbers of the listed episodes above the axes, and avoid overlaps."""
    listed = episodes.head(MAX_LISTED)
    middles = ((listed["start_time"] + listed["stop_time"]) / 2).to_numpy()
    low, high = axes.get_xlim()
    ends = [-np.inf] * 3  # position of the last number in each line
    for place in np.argsort(middles):
        at = (middles[place] - low) / (high - low)
        line = next((line for line, end in enumerate(ends) if at - end > 0.02), 0)
        ends[line] = at
        axes.annotate(
            str(place + 1),
            (middles[place], 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2 + 11 * line),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
            fontweight="bold",
        )


def _draw_percentile(axes: Axes, times: Floats, values: Floats, colour: str) -> None:
    if len(values) <= 2 * BINS:
        axes.plot(times, values, color=colour, linewidth=1)
        return
    seconds, low, middle, high = decimated(times, values, BINS)
    axes.fill_between(seconds, low, high, color=colour, alpha=0.25, linewidth=0, zorder=0)
    axes.plot(seconds, middle, color=colour, linewidth=1)


def decimated(times: Floats, values: Floats, bins: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Compute minimum, median and maximum in bins with the same number of frames.

    Parameters
    ----------
    times, values : ndarray of float, shape (t,)
        Times in seconds and values of a curve. Values can be NaN.
    bins : int
        Number of bins.

    Returns
    -------
    seconds, low, middle, high : ndarray of float, shape (bins,)
        Centre of each bin in seconds, minimum, median and maximum. NaN in a bin without values.
    """
    width = -(-len(values) // bins)
    padded = np.full(width * bins, np.nan)
    padded[: len(values)] = values
    table = np.sort(padded.reshape(bins, width), axis=1)  # NaN last
    count = np.isfinite(table).sum(axis=1)
    rows = np.arange(bins)
    low, high = table[:, 0], table[rows, np.maximum(count - 1, 0)]
    middle = table[rows, np.maximum(count - 1, 0) // 2]
    starts = np.minimum(rows * width, len(times) - 1)
    stops = np.minimum(starts + width - 1, len(times) - 1)
    return (times[starts] + times[stops]) / 2, low, middle, high


def _bands(
    scores: Scores, truth: npt.ArrayLike | None, intervals: Sequence[Interval]
) -> list[tuple[str, list[tuple[float, float, str, str]]]]:
    """Return the bands below the curves: name, and start, stop, text and colour of each span."""
    bands = []
    if truth is not None:
        spans = [
            (start, stop, "", GREEN) for start, stop in _true_spans(scores.times, np.asarray(truth, bool))
        ]
        bands.append(("ground truth", spans))
    if intervals:
        labels = list(dict.fromkeys(one.label for one in intervals))
        colours = {label: CYCLE[place % len(CYCLE)] for place, label in enumerate(labels)}
        spans = [(one.start, one.stop, one.label, colours[one.label]) for one in intervals]
        bands.append(("condition", spans))
    return bands


def _true_spans(times: Floats, truth: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(truth.astype(int), prepend=0, append=0))
    after = np.append(times, times[-1:])
    return [(float(after[start]), float(after[stop])) for start, stop in edges.reshape(-1, 2)]


def _draw_band(axes: Axes, name: str, spans: list[tuple[float, float, str, str]]) -> None:
    for start, stop, text, colour in spans:
        axes.axvspan(start, stop, color=colour, alpha=0.6, gid=name)
        if text:
            axes.text((start + stop) / 2, 0.5, text, ha="center", va="center", fontsize=SMALL, clip_on=True)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_ylabel(name, fontsize=NORMAL, rotation=0, ha="right", va="center")
    tidy(axes)


def _draw_list(part: SubFigure, listed: pd.DataFrame, count: int, threshold: float) -> None:
    axes = part.subplots()
    axes.set_axis_off()
    more = f"; the {len(listed)} strongest are listed" if count > len(listed) else ""
    axes.set_title(
        f"{counted(count, 'episode')} above percentile {threshold:g}{more}",
        fontsize=NORMAL,
        loc="left",
    )
    if listed.empty:
        return
    cells = [
        [
            f"{place}",
            f"{format_time(row['start_time'])} to {format_time(row['stop_time'])}",
            f"{row['start']} to {row['stop'] - 1}",
            f"{format_time(row['peak_time'])}, frame {row['peak']}",
            f"{row['peak_percentile']:.1f}",
            f"{row['mean_percentile']:.1f}",
        ]
        for place, row in enumerate(listed.to_dict("records"), 1)
    ]
    header = ["episode", "time", "frames", "peak", "peak percentile", "mean percentile"]
    table = axes.table(
        cells, colLabels=header, cellLoc="left", colLoc="left", bbox=Bbox.unit(), edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(SMALL)
    table.auto_set_column_width(list(range(len(header))))
