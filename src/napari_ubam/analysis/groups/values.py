"""From the scores of frames to one row for each subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.calibration import Calibration
from napari_ubam.runfolder.table_parts import parts_of

from .measures import MEASURES

LINE = 95.0  # percentile above which a frame is in excess, as in the table of subjects
_SUMS = ["frames", "seconds", "constant", "episodic", "episode_time", "episodes"]


def session_values(
    scores: pd.DataFrame | Mapping[str, pd.DataFrame] | Iterable[tuple[str, pd.DataFrame]],
    episodes: pd.DataFrame,
    recordings: pd.DataFrame,
    *,
    reference: pd.DataFrame | None = None,
    within_subjects: bool = False,
) -> pd.DataFrame:
    """Measure each subject in each condition and session.

    Recordings of the same subject, level and session are pooled, so it does not matter how videos are cut.

    Parameters
    ----------
    scores : DataFrame, mapping of str to DataFrame, or iterable of (str, DataFrame)
        One row for each frame: ``recording, time`` in seconds, ``constant`` and ``episodic``; see
        `napari_ubam.analysis.score_table`. Or the tables of a scoring, of which the frames of one recording
        after the other are read. Or the name and frames of one recording after the other.
    episodes : DataFrame
        One row for each episode: ``recording``, and ``start_time`` and ``stop_time`` in seconds.
    recordings : DataFrame
        One row for each recording: ``recording, subject, level, session`` as text, and ``reference`` as bool.
        Others of the table of scores are left out.
    reference : DataFrame, optional
        All reference recordings of the scores with their columns ``recording`` and ``subject``, also those
        that are not compared. If left out: those among ``recordings``.
    within_subjects : bool
        Whether each subject was scored against its own reference recordings. The excess is then that over its
        own reference.

    Returns
    -------
    DataFrame
        Columns ``subject, level, session, reference, recordings`` (number), ``minutes`` (of scored frames)
        and those of `MEASURES`. A length of episodes is NaN where there are none. Subjects without a scored
        frame are left out.
    """
    if reference is None:
        reference = recordings[recordings["reference"]]
    wanted = dict.fromkeys([*recordings["recording"], *reference["recording"]])
    tables = {"scores": scores} if isinstance(scores, pd.DataFrame) else scores
    parts = parts_of(tables, "scores", wanted) if isinstance(tables, Mapping) else tables
    frames = {name: _Frames.of(rows) for name, rows in parts if name in wanted}
    lines = _lines(frames, reference, recordings["subject"], within_subjects)
    each = _of_recordings(frames, episodes, recordings, lines)
    keys = ["subject", "level", "session"]
    groups = each.groupby(keys, sort=False)
    found = groups[_SUMS].sum(min_count=1)
    found["reference"] = groups["reference"].any()
    found["recordings"] = groups.size()
    found = found[found["frames"] > 0].reset_index()
    minutes = found["seconds"] / 60
    number = found["episodes"].to_numpy(float)
    time_in = found["episode_time"]
    measured = found.assign(
        minutes=minutes,
        episodic=found["episodic"] / found["frames"],
        constant=found["constant"] / found["frames"],
        time_in_episodes=(100 * time_in / found["seconds"]).clip(upper=100.0),
        episodes_per_minute=number / minutes,
        episode_seconds=time_in / np.where(number > 0, number, np.nan),
    )
    return measured[[*keys, "reference", "recordings", "minutes", *MEASURES]]


def subject_values(sessions: pd.DataFrame) -> pd.DataFrame:
    """Average the sessions of each subject, so that it counts once in each level.

    Parameters
    ----------
    sessions : DataFrame
        Result of `session_values`.

    Returns
    -------
    DataFrame
        One row for each subject and level: ``subject, level, reference, sessions`` (number), ``recordings``,
        ``minutes``, and the means of `MEASURES` over sessions.
    """
    groups = sessions.groupby(["subject", "level"], sort=False)
    found = groups[list(MEASURES)].mean()
    found.insert(0, "minutes", groups["minutes"].sum())
    found.insert(0, "recordings", groups["recordings"].sum())
    found.insert(0, "sessions", groups.size())
    found.insert(0, "reference", groups["reference"].any())
    return found.reset_index()


class _Frames(NamedTuple):
    """What is kept of the scored frames of a recording."""

    interval: float  # seconds
    constant: float  # the sum
    episodic: npt.NDArray[np.float64]  # of each frame that has a score

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Frames:
        known = rows[rows["episodic"].notna()]
        interval = float(rows["time"].diff().median()) if len(rows) > 1 else float("nan")
        return cls(interval, float(known["constant"].sum(min_count=1)), known["episodic"].to_numpy(float))


def _lines(
    frames: Mapping[str, _Frames], reference: pd.DataFrame, subjects: pd.Series, within_subjects: bool
) -> Mapping[str, float]:
    """Episodic part at the 95th percentile of the reference that a subject is compared with."""
    nothing = np.empty(0)
    parts = {
        str(subject): np.concatenate(
            [nothing, *(frames[name].episodic for name in dict.fromkeys(names) if name in frames)]
        )
        for subject, names in reference.groupby("subject")["recording"]
    }
    parts = {subject: values for subject, values in parts.items() if np.isfinite(values).any()}
    if within_subjects:
        return {subject: Calibration.of([values]).deviation(LINE) for subject, values in parts.items()}
    line = Calibration.of(list(parts.values())).deviation(LINE) if parts else float("nan")
    return dict.fromkeys(subjects.astype(str), line)


def _of_recordings(
    frames: Mapping[str, _Frames],
    episodes: pd.DataFrame,
    recordings: pd.DataFrame,
    lines: Mapping[str, float],
) -> pd.DataFrame:
    """Sum over the scored frames of each recording."""
    found = recordings.set_index("recording")
    none = _Frames(float("nan"), float("nan"), np.empty(0))
    own = [frames.get(name, none) for name in found.index]
    found["frames"] = [len(one.episodic) for one in own]
    # Without a line nothing is known, which is not the same as no excess.
    found["constant"] = [one.constant for one in own]
    found["episodic"] = [
        _excess(one.episodic, lines.get(str(subject), float("nan")))
        for one, subject in zip(own, found["subject"], strict=True)
    ]
    found["seconds"] = found["frames"] * np.nan_to_num([one.interval for one in own])
    length = episodes["stop_time"].astype(float) - episodes["start_time"].astype(
        float
    )  # text if there are none
    lasting = length.groupby(episodes["recording"])
    found["episode_time"] = lasting.sum().reindex(found.index, fill_value=0.0)
    found["episodes"] = lasting.size().reindex(found.index, fill_value=0)
    return found.reset_index()


def _excess(episodic: npt.NDArray[np.float64], line: float) -> float:
    """Sum what rises above a line; NaN without frames or line."""
    return float(np.clip(episodic - line, 0, None).sum()) if len(episodic) else float("nan")
