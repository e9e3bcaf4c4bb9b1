"""Intervals inside recordings as conditions: the same subjects while they are punished and rewarded, say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_ubam.analysis.analysis import AnalysisError
from napari_ubam.study import Recording, Study
from napari_ubam.study.values import listed

_BORDER = "\n"  # between the name of a recording and a label; no name has one


def interval_levels(study: Study, labels: Sequence[str]) -> list[str]:
    """Name the conditions, the first one being what the others are compared with.

    Parameters
    ----------
    study : Study
    labels : sequence of str
        Labels of intervals. A single one is compared with all other times of the same recordings.

    Returns
    -------
    list of str

    Raises
    ------
    AnalysisError
        If no recording has such intervals.
    """
    known = sorted({interval.label for one in study for interval in one.intervals})
    if not known:
        raise AnalysisError(
            "No recording of the study has intervals; write them into its column intervals, such as "
            "light:2-5.5, and score the study again."
        )
    if unknown := [one for one in labels if one not in known]:
        raise AnalysisError(
            f"No recording has intervals {unknown[0]!r}; choose the labels among {listed(known)}."
        )
    named = list(dict.fromkeys(labels))
    return [f"not {named[0]}", *named] if len(named) == 1 else named


def divided(
    study: Study,
    recordings: pd.DataFrame,
    scores: pd.DataFrame,
    episodes: pd.DataFrame,
    levels: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, list[str]]:
    """Divide recordings into the times of each condition.

    Times that belong to two of the conditions are left out. An episode that reaches over a border counts in
    both conditions, in each with its part.

    Parameters
    ----------
    study : Study
    recordings : DataFrame
        One row for each recording: ``recording`` and further columns, which are kept.
    scores : DataFrame
        One row for each frame: ``recording, time`` and further columns.
    episodes : DataFrame
        One row for each episode: ``recording, start_time, stop_time``.
    levels : sequence of str
        From `interval_levels`.

    Returns
    -------
    recordings, scores, episodes : DataFrame
        As they were given, with a row of ``recordings`` for each recording and condition that it has, and its
        condition as ``level``. ``scores`` also keeps the undivided recordings.
    warnings : list of str
        Recordings without any of the intervals.
    """
    frames = dict(iter(scores.groupby("recording", sort=False)))
    bouts = dict(iter(episodes.groupby("recording", sort=False)))
    rows, parts, cut, without = [], [scores], [episodes.iloc[:0]], []
    for row in recordings.to_dict("records"):
        one, own = study[str(row["recording"])], frames[row["recording"]]
        masks = _masks(one, own["time"].to_numpy(float), levels)
        if not any(masks[level].any() for level in levels if not _is_rest(level, levels)):
            without.append(one.name)
            continue
        for level in levels:
            if masks[level].any():
                name = f"{one.name}{_BORDER}{level}"
                rows.append({**row, "recording": name, "level": level})
                parts.append(own[masks[level]].assign(recording=name))
                if one.name in bouts:
                    pieces = _pieces(bouts[one.name], own["time"].to_numpy(float), masks[level])
                    cut.append(pieces.assign(recording=name))
    said = [f"{listed(without, 6)}: no frame in any of the intervals, so left out."] if without else []
    table = pd.DataFrame(rows, columns=list(recordings.columns))
    return table, pd.concat(parts, ignore_index=True), pd.concat(cut, ignore_index=True), said


def _is_rest(level: str, levels: Sequence[str]) -> bool:
    return len(levels) == 2 and level == f"not {levels[1]}"


def _masks(one: Recording, times: np.ndarray, levels: Sequence[str]) -> dict[str, np.ndarray]:
    """Frames of each condition."""
    nothing = np.zeros(len(times), bool)
    labels = one.frame_labels(times)
    named = {level: labels.get(level, nothing) for level in levels if not _is_rest(level, levels)}
    several = np.sum(list(named.values()), axis=0) > 1
    found = {level: mask & ~several for level, mask in named.items()}
    if len(named) < len(levels):
        found[levels[0]] = ~named[levels[1]]
    return found


def _pieces(episodes: pd.DataFrame, times: np.ndarray, inside: np.ndarray) -> pd.DataFrame:
    """Cut episodes to the frames of a condition; a frame lasts until the next one."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(int)))
    found = []
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        start, stop = times[first], times[last] + step
        part = episodes.assign(
            start_time=episodes["start_time"].astype(float).clip(lower=start),
            stop_time=episodes["stop_time"].astype(float).clip(upper=stop),
        )
        found.append(part[part["stop_time"] > part["start_time"]])
    return pd.concat(found, ignore_index=True) if found else episodes.iloc[:0]
