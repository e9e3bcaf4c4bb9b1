"""Intervals inside recordings as conditions: the same subjects while they are punished and rewarded, say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from napari_ubam.analysis.analysis import AnalysisError
from napari_ubam.crops.identity import to_ranges
from napari_ubam.runfolder.table_parts import parts_of
from napari_ubam.study import Recording, Study
from napari_ubam.study.intervals import condition_labels
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
    known = condition_labels(each for one in study for each in one.intervals)
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
    scores: Mapping[str, pd.DataFrame],
    levels: Sequence[str],
) -> tuple[pd.DataFrame, Iterator[tuple[str, pd.DataFrame]], pd.DataFrame, list[str]]:
    """Divide recordings into the times of each condition.

    Times that belong to two of the conditions are left out. An episode that reaches over a border counts in
    both conditions, in each with its part.

    Parameters
    ----------
    study : Study
    recordings : DataFrame
        One row for each recording: ``recording`` and further columns, which are kept.
    scores : mapping of str to DataFrame
        Tables of a scoring: ``scores``, one row for each frame, with the columns ``recording`` and ``time``;
        and ``episodes``, one row for each, with ``recording, start_time, stop_time``.
    levels : sequence of str
        From `interval_levels`.

    Returns
    -------
    recordings : DataFrame
        As given, with a row for each recording and condition that it has, and its condition as ``level``.
    frames : iterator of (str, DataFrame)
        Name and frames of each of these parts, and of each undivided recording of the scores. One recording
        is in memory at a time.
    episodes : DataFrame
        Those of the parts.
    warnings : list of str
        Recordings without any of the intervals.
    """
    bouts = dict(iter(scores["episodes"].groupby("recording", sort=False)))
    labels = {str(row["recording"]): row for row in recordings.to_dict("records")}
    rows, cut, without = [], [scores["episodes"].iloc[:0]], []
    masks: dict[str, dict[str, np.ndarray]] = {}
    for name, own in parts_of(scores, "scores", labels):
        times = own["time"].to_numpy(float)
        found = _masks(study[name], times, levels)
        if not any(found[level].any() for level in levels if not _is_rest(level, levels)):
            without.append(name)
            continue
        masks[name] = {level: found[level] for level in levels if found[level].any()}
        for level, inside in masks[name].items():
            part = _part(name, level)
            rows.append({**labels[name], "recording": part, "level": level})
            if name in bouts:
                cut.append(_pieces(bouts[name], times, inside).assign(recording=part))
    said = [f"{listed(without, 6)}: no frame in any of the intervals, so left out."] if without else []
    table = pd.DataFrame(rows, columns=list(recordings.columns))
    return table, _frames(scores, masks), pd.concat(cut, ignore_index=True), said


def _frames(
    scores: Mapping[str, pd.DataFrame], masks: Mapping[str, Mapping[str, np.ndarray]]
) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, own in parts_of(scores, "scores"):
        yield name, own
        for level, inside in masks.get(name, {}).items():
            yield _part(name, level), own[inside]


def _part(recording: str, level: str) -> str:
    return f"{recording}{_BORDER}{level}"


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
    found = []
    for first, end in to_ranges(inside):
        start, stop = times[first], times[end - 1] + step
        part = episodes.assign(
            start_time=episodes["start_time"].astype(float).clip(lower=start),
            stop_time=episodes["stop_time"].astype(float).clip(upper=stop),
        )
        found.append(part[part["stop_time"] > part["start_time"]])
    return pd.concat(found, ignore_index=True) if found else episodes.iloc[:0]
