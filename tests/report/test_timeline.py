"""The timeline of a recording."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.table import Table

from napari_ubam.analysis import Scores, episodes
from napari_ubam.report import timeline
from napari_ubam.report.timeline import decimated
from napari_ubam.study import Interval


def scored(percentile: np.ndarray) -> Scores:
    """Scores with the same values everywhere, at 30 frames per second."""
    values = percentile.astype(np.float32)
    count = np.arange(len(values))
    return Scores("run", "rat", "ill", "3", False, count, count / 30, *[values] * 8)


def with_bouts(frames: int, starts: Sequence[int], length: int = 30) -> Scores:
    """Percentile 50 with bouts of percentile 97 to 99. Later bouts are stronger."""
    percentile = np.full(frames, 50.0)
    for place, start in enumerate(starts):
        percentile[start : start + length] = 97 + 2 * place / len(starts)
    return scored(percentile)


def found(scores: Scores) -> pd.DataFrame:
    return episodes(scores.episodic_percentile, scores.times)


def axes_of(figure: Figure, label: str) -> Axes:
    """Axes with this label on the left."""
    (axes,) = [one for one in figure.findobj(Axes) if one.get_ylabel().replace("\n", " ") == label]
    return axes


def marked(axes: Axes, gid: str) -> list[tuple[float, float]]:
    """Start and stop in seconds of the spans with a gid."""
    boxes = [
        patch.get_extents().transformed(axes.transData.inverted())
        for patch in axes.patches
        if patch.get_gid() == gid
    ]
    return [(box.x0, box.x1) for box in boxes]


def listed(figure: Figure) -> list[list[str]]:
    """Texts of the table of episodes, without its header."""
    (table,) = figure.findobj(Table)
    cells = table.get_celld()
    rows, columns = (max(key[axis] for key in cells) + 1 for axis in (0, 1))
    return [[cells[row, column].get_text().get_text() for column in range(columns)] for row in range(1, rows)]


def texts(figure: Figure) -> set[str]:
    return {text.get_text() for axes in figure.findobj(Axes) for text in [*axes.texts, axes.title]} | {
        axes.get_title(loc="left") for axes in figure.findobj(Axes)
    }


def test_every_episode_is_shaded_in_both_curves_and_the_strongest_are_listed() -> None:
    scores = with_bouts(2400, range(40, 2400, 100))
    table = found(scores)
    assert len(table) == 24
    figure = timeline(scores, table)
    for label in ("posture percentile", "behaviour, episodic percentile"):
        spans = sorted(marked(axes_of(figure, label), "episode"))
        np.testing.assert_allclose(spans, sorted(table[["start_time", "stop_time"]].to_numpy().tolist()))
    rows = listed(figure)
    assert len(rows) == 10
    # The strongest bout is the last; frames are from 0 and the last one is named.
    assert rows[0][:4] == ["1", "78.00 s to 79.00 s", "2340 to 2369", "78.00 s, frame 2340"]
    assert {str(number) for number in range(1, 11)} <= texts(figure)
    assert "11" not in texts(figure)
    assert "24 episodes above percentile 95; the 10 strongest are listed" in texts(figure)


def test_the_threshold_is_drawn_as_a_line() -> None:
    figure = timeline(with_bouts(300, [50]), found(with_bouts(300, [50])), threshold=90)
    lines = axes_of(figure, "behaviour, episodic percentile").lines
    assert [90, 90] in [list(line.get_ydata()) for line in lines]


def test_thumbnails_ground_truth_and_conditions_are_shown() -> None:
    scores = with_bouts(600, [100, 200, 300, 400, 500])
    truth = np.zeros(600, bool)
    truth[95:125] = truth[570:] = True
    pictures = [np.full((8, 12), value, np.uint8) for value in range(5)]
    intervals = [Interval(label="light", start=2, stop=4), Interval(label="dark", start=6, stop=8)]
    figure = timeline(scores, found(scores), thumbnails=pictures, truth=truth, intervals=intervals)
    shown = [image for axes in figure.findobj(Axes) for image in axes.images]
    assert [int(image.get_array()[0, 0]) for image in shown] == [0, 1, 2, 3]
    assert {"1: frame 500, 16.67 s", "4: frame 200, 6.67 s", "light", "dark"} <= texts(figure)
    assert marked(axes_of(figure, "ground truth"), "ground truth") == [
        pytest.approx((95 / 30, 125 / 30)),
        pytest.approx((19, 599 / 30)),
    ]
    assert marked(axes_of(figure, "condition"), "condition") == [pytest.approx((2, 4)), pytest.approx((6, 8))]


def test_a_recording_without_episodes_or_scores_can_be_drawn() -> None:
    scores = scored(np.full(90, np.nan))
    figure = timeline(scores, found(scores), thumbnails=[np.zeros((4, 4), np.uint8)])
    assert marked(axes_of(figure, "posture percentile"), "episode") == []
    assert "0 episodes above percentile 95" in texts(figure)
    assert figure.findobj(Table) == []
    figure.canvas.draw()


def test_an_hour_is_drawn_quickly_and_keeps_its_peaks() -> None:
    scores = with_bouts(108_000, [70_000], length=8)
    begin = time.process_time()
    figure = timeline(scores, found(scores))
    figure.canvas.draw()
    assert time.process_time() - begin < 5
    axes = axes_of(figure, "behaviour, episodic percentile")
    highest = max(path.vertices[:, 1].max() for one in axes.collections for path in one.get_paths())
    assert highest == pytest.approx(97)
    assert max(len(line.get_xdata()) for line in axes.lines) < 2000
    assert listed(figure)[0][1] == "38:53.33 to 38:53.60"


def test_bins_keep_minimum_and_maximum() -> None:
    rng = np.random.default_rng(0)
    values, times = rng.normal(size=1003), np.arange(1003) / 30
    values[200:300] = np.nan
    seconds, low, middle, high = decimated(times, values, 100)
    assert len(seconds) == len(low) == len(middle) == len(high) == 100
    assert np.nanmin(low) == np.nanmin(values)
    assert np.nanmax(high) == np.nanmax(values)
    assert (np.diff(seconds) >= 0).all()
    first = values[:11]
    assert (low[0], middle[0], high[0]) == (first.min(), np.median(first), first.max())
    assert np.isnan(high[20:26]).all()
