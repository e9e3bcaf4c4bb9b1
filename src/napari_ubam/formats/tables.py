"""Tidy tables: CSV, or Parquet with pyarrow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from napari_ubam.progress import check_cancelled

from .data import MEASURES, ExportData, ScoredFrames
from .output import Output, Work

Parts = Callable[[], Iterable[pd.DataFrame]]

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
    yield Output("frames.csv", partial(_write_csv, partial(frame_tables, data)))
    for name, table in tidy_tables(data).items():
        yield Output(f"{name}.csv", partial(_write_csv, partial(_only, table)))


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
    yield Output("frames.parquet", partial(_write_parquet, partial(frame_tables, data), facts))
    for name, table in tidy_tables(data).items():
        yield Output(f"{name}.parquet", partial(_write_parquet, partial(_only, table), facts))


def frame_tables(data: ExportData) -> Iterator[pd.DataFrame]:
    """Give the frames of one recording after the other, since those of a long study may not fit into memory.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    DataFrame
        A row for each frame: labels, ``frame``, ``seconds``, the measures and ``in_episode``.
    """
    measures = list(dict.fromkeys(name for one in data.recordings[:1] for name in one.measures))
    for one in data.recordings:
        scores = one.scores[["frame", "time", *measures]].rename(columns=SECONDS)
        yield _labelled(scores.assign(in_episode=one.in_episode()), _labels(one))


def tidy_tables(data: ExportData) -> dict[str, pd.DataFrame]:
    """Make one table for each kind of observation but that of the frames.

    Parameters
    ----------
    data : ExportData

    Returns
    -------
    dict of str to DataFrame
        ``episodes`` and ``subjects``; ``columns`` says what each column of frames and episodes means. The
        tables of the analyses follow.
    """
    episodes = []
    for one in data.recordings:
        own = one.episodes.drop(columns="recording", errors="ignore").rename(columns=SECONDS)
        own.insert(6, "duration_seconds", own["stop_seconds"] - own["start_seconds"])
        episodes.append(_labelled(own, _labels(one)))
    tables = {"episodes": pd.concat(episodes, ignore_index=True), "subjects": data.subjects}
    tables["columns"] = _columns(next(frame_tables(data)), tables["episodes"])
    return tables | {name: table for name, table in data.tables.items() if name not in {*tables, "frames"}}


def _labels(one: ScoredFrames) -> dict[str, object]:
    return {
        "recording": one.name,
        "subject": one.recording.subject,
        "group": one.recording.group,
        "session": one.recording.session,
        "reference": one.reference,
    }


def _only(table: pd.DataFrame) -> list[pd.DataFrame]:
    return [table]


def _labelled(table: pd.DataFrame, labels: dict[str, object]) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(labels, index=table.index), table], axis=1)


def _columns(*tables: pd.DataFrame) -> pd.DataFrame:
    known = DESCRIPTIONS | dict(MEASURES)
    names = dict.fromkeys(str(name) for table in tables for name in table)
    rows = [(name, *known.get(name, ("", ""))) for name in names]
    return pd.DataFrame(rows, columns=["column", "unit", "description"])


def _write_csv(parts: Parts, path: Path, work: Work) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, table in enumerate(parts()):
            check_cancelled(work.cancel)
            names = [str(name) for name in table if str(name).endswith("seconds")]
            seconds = {name: table[name].map("{:.6f}".format) for name in names}
            table.assign(**seconds).to_csv(
                file, index=False, header=not number, float_format="%.6g", lineterminator="\n"
            )


def _write_parquet(parts: Parts, facts: str, path: Path, work: Work) -> None:
    import pyarrow
    import pyarrow.parquet

    writer = None
    try:
        for table in parts():
            check_cancelled(work.cancel)
            made = pyarrow.Table.from_pandas(table, preserve_index=False)
            if writer is None:
                metadata = {**(made.schema.metadata or {}), b"napari-ubam": facts.encode()}
                writer = pyarrow.parquet.ParquetWriter(path, made.schema.with_metadata(metadata))
            writer.write_table(made.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()
