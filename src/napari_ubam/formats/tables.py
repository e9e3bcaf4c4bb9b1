"""Tidy tables: CSV, or Parquet with pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from napari_ubam.files import write_atomic

from .data import MEASURES, ExportData
from .output import Output, Work

SECONDS = {"time": "seconds", "start_time": "start_seconds", "stop_time": "stop_seconds"} | {
    "peak_time": "peak_seconds"
}
DESCRIPTIONS = {
    "recording": ("", "Name of the recording."),
    "subject": ("", "Subject in the recording. It is the unit of every statistic."),
    "group": ("", "Group of the subject."),
    "session": ("", "Session of the recording."),
    "reference": ("", "Whether the recording belongs to the reference."),
    "frame": ("frame", "Number of the frame in the video, in display order, from 0."),
    "seconds": ("s", "Time since the first frame of the video."),
    "in_episode": ("", "Whether the frame belongs to an episode."),
    "start": ("frame", "First frame of the episode."),
    "stop": ("frame", "Frame after the last of the episode."),
    "peak": ("frame", "Frame with the largest deviation."),
    "start_seconds": ("s", "Time of the first frame."),
    "stop_seconds": ("s", "Time at which the last frame ends."),
    "peak_seconds": ("s", "Time of the peak."),
    "duration_seconds": ("s", "Length of the episode."),
    "peak_percentile": ("percent", "Percentile at the peak."),
    "mean_percentile": ("percent", "Mean percentile of the episode."),
    "excess": ("percent s", "Percentile above 95, integrated over the episode."),
}


def csv_outputs(data: ExportData) -> Iterator[Output]:
    """Give the CSV files of a study.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    for name, table in tidy_tables(data).items():
        yield Output(f"{name}.csv", partial(_write_csv, table))


def parquet_outputs(data: ExportData) -> Iterator[Output]:
    """Give the Parquet files of a study. Each holds the facts of the scores in its metadata.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    facts = json.dumps(dict(data.facts))
    for name, table in tidy_tables(data).items():
        yield Output(f"{name}.parquet", partial(_write_parquet, table, facts))


def tidy_tables(data: ExportData) -> dict[str, pd.DataFrame]:
    """Make one table for each kind of observation: frames, episodes, subjects.

    Parameters
    ----------
    data : ExportData

    Returns
    -------
    dict of str to DataFrame
        ``frames`` has a row for each frame with labels, ``frame``, ``seconds`` and the measures;
        ``episodes`` and ``subjects``; ``columns`` says what each column of the first two means. The
        tables of the analyses follow.
    """
    frames, episodes = [], []
    for one in data.recordings:
        labels = {
            "recording": one.name,
            "subject": one.recording.subject,
            "group": one.recording.group,
            "session": one.recording.session,
            "reference": one.reference,
        }
        scores = one.scores[["frame", "time", *one.measures]].rename(columns=SECONDS)
        frames.append(_labelled(scores.assign(in_episode=one.in_episode()), labels))
        own = one.episodes.drop(columns="recording", errors="ignore").rename(columns=SECONDS)
        own.insert(6, "duration_seconds", own["stop_seconds"] - own["start_seconds"])
        episodes.append(_labelled(own, labels))
    tables = {
        "frames": pd.concat(frames, ignore_index=True),
        "episodes": pd.concat(episodes, ignore_index=True),
        "subjects": data.subjects,
    }
    tables["columns"] = _columns(tables["frames"], tables["episodes"])
    return tables | {name: table for name, table in data.tables.items() if name not in tables}


def _labelled(table: pd.DataFrame, labels: dict[str, object]) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(labels, index=table.index), table], axis=1)


def _columns(*tables: pd.DataFrame) -> pd.DataFrame:
    known = DESCRIPTIONS | dict(MEASURES)
    names = dict.fromkeys(str(name) for table in tables for name in table)
    rows = [(name, *known.get(name, ("", ""))) for name in names]
    return pd.DataFrame(rows, columns=["column", "unit", "description"])


def _write_csv(table: pd.DataFrame, path: Path, work: Work) -> None:
    names = [str(name) for name in table if str(name).endswith("seconds")]
    seconds = {name: table[name].map("{:.6f}".format) for name in names}
    text = table.assign(**seconds).to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_atomic(path, text.encode())


def _write_parquet(table: pd.DataFrame, facts: str, path: Path, work: Work) -> None:
    import pyarrow
    import pyarrow.parquet

    made = pyarrow.Table.from_pandas(table, preserve_index=False)
    metadata = {**(made.schema.metadata or {}), b"napari-ubam": facts.encode()}
    pyarrow.parquet.write_table(made.replace_schema_metadata(metadata), path)
