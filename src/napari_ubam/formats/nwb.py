"""Neurodata Without Borders: a file for each recording. Deviations are time series, episodes are intervals.

pynwb (https://pynwb.readthedocs.io) writes it. If ndx-ethogram is installed, episodes are its bouts, too.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ubam.video import VideoError, open_video

from .data import MEASURES, ExportData, ScoredFrames, file_stems
from .errors import ExportError
from .output import Output, Work

START_COLUMNS = ("session_start_time", "start_time", "date")
SUBJECT_COLUMNS = ("species", "age", "date_of_birth", "strain", "genotype", "weight", "description")
FILE_COLUMNS = ("experimenter", "institution", "lab")
SEXES = {"m": "M", "male": "M", "f": "F", "female": "F", "o": "O", "other": "O"}
LABEL = "deviation episode"
TIME_ROUNDING = 2e-6  # seconds, of the times in the tables
RATE_ROUNDING = 0.01  # of a frame, over a recording: a rate such as 29.97 is not exact


def nwb_outputs(data: ExportData) -> Iterator[Output]:
    """Give the NWB file of each recording.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    stems = file_stems(one.name for one in data.recordings)
    for one in data.recordings:
        yield Output(f"{stems[one.name]}.nwb", partial(_write, data, one))


def _write(data: ExportData, one: ScoredFrames, path: Path, work: Work) -> None:
    from pynwb import NWBHDF5IO

    columns = {name.casefold(): value for name, value in one.recording.metadata.items() if value}
    file = _file(data, one, columns, work)
    file.subject = _subject(one, columns, work)
    video = _video(one, path.parent)
    if video is not None:
        file.add_acquisition(video)
    module = file.create_processing_module(
        name="behavior", description=f"Deviation of the behaviour from the reference {data.reference}."
    )
    _add_series(module, one)
    if len(one.episodes):
        file.add_time_intervals(_intervals(data, one))
        _add_bouts(module, data, one)
    with NWBHDF5IO(path, "w") as stream:
        stream.write(file)


def _file(data: ExportData, one: ScoredFrames, columns: Mapping[str, str], work: Work) -> Any:
    from pynwb import NWBFile

    start, source = _start(one, columns, work)
    recording = one.recording
    more: dict[str, Any] = {name: columns[name] for name in FILE_COLUMNS if name in columns}
    if "experimenter" in more:
        more["experimenter"] = [name.strip() for name in more["experimenter"].split(";")]
    role = "a recording of the reference" if one.reference else "compared with the reference"
    return NWBFile(
        session_description=(
            f"Recording {one.name}: subject {recording.subject}, group {recording.group}, session "
            f"{recording.session}; {role}."
        ),
        identifier=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{data.name}/{one.name}/{data.created}")),
        session_start_time=start,
        session_id=recording.session,
        experiment_description=(
            f"Unsupervised deviation of behaviour from the reference {data.reference}, by {data.software}."
        ),
        keywords=["behavior", "video", "deviation from a reference group"],
        notes=f"Start of the session: {source}. Scores: {_facts(data)}",
        was_generated_by=_software(data),
        **more,
    )


def _software(data: ExportData) -> list[list[str]]:
    return [[str(name), str(text)] for name, text in dict(data.facts.get("versions") or {}).items()]


def _facts(data: ExportData) -> str:
    """Say in one line what the scores were computed from."""
    facts = {**data.facts, **dict(data.facts.get("origin") or {})}
    return "; ".join(f"{name}: {one}" for name, one in facts.items() if isinstance(one, str | int)) + "."


def _start(one: ScoredFrames, columns: Mapping[str, str], work: Work) -> tuple[datetime, str]:
    """Start of the session, and where it is from."""
    for name in START_COLUMNS:
        if name in columns:
            try:
                return datetime.fromisoformat(columns[name]).astimezone(), f"column {name} of the study"
            except ValueError:
                raise ExportError(
                    f"{one.name}: the column {name} holds {columns[name]!r}, which is no time; write it as "
                    "2024-05-31T14:30."
                ) from None
    try:
        changed = one.recording.video.stat().st_mtime
    except OSError:
        raise ExportError(
            f"{one.name}: NWB needs the start of the session; add a column session_start_time to the study, "
            "such as 2024-05-31T14:30, or make the video readable."
        ) from None
    work.warn(
        "The study has no column session_start_time, so sessions start at the time of their video file."
    )
    return datetime.fromtimestamp(changed).astimezone(), "time of the video file, since the study has none"


def _subject(one: ScoredFrames, columns: Mapping[str, str], work: Work) -> Any:
    from pynwb.file import Subject

    values: dict[str, Any] = {name: columns[name] for name in SUBJECT_COLUMNS if name in columns}
    if "date_of_birth" in values:
        try:
            values["date_of_birth"] = datetime.fromisoformat(values["date_of_birth"]).astimezone()
        except ValueError:
            raise ExportError(
                f"{one.name}: the column date_of_birth holds {values['date_of_birth']!r}, which is no date; "
                "write it as 2024-05-31."
            ) from None
    if "species" not in values or not {"age", "date_of_birth"} & set(values):
        work.warn(
            "Archives ask for species (such as Rattus norvegicus) and age (such as P90D) of a subject; add "
            "these columns to the study."
        )
    values.setdefault("description", f"Group {one.recording.group}.")
    sex = SEXES.get(columns.get("sex", "").casefold(), "U")
    return Subject(subject_id=one.recording.subject, sex=sex, **values)


def _video(one: ScoredFrames, folder: Path) -> Any:
    """Link the video as an external file, at a path relative to the NWB file, on the clock of the scores."""
    from pynwb.image import ImageSeries

    path = one.recording.video
    try:
        with one.recording.open_with(open_video, warn=False) as video:
            clock = _clock(np.array(video.times), one.fps)
    except (VideoError, OSError):
        return None
    if "rate" in clock:
        clock["num_samples"] = len(video)
    try:
        link = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive of Windows
        link = path.as_posix()
    return ImageSeries(
        name="video",
        description="Video of the behaviour. Its first frame is at 0 s.",
        unit="n.a.",
        external_file=[link],
        format="external",
        starting_frame=[0],
        **clock,
    )


def _add_series(module: Any, one: ScoredFrames) -> None:
    from hdmf.backends.hdf5 import H5DataIO
    from pynwb import TimeSeries

    clock = _clock(one.times, one.fps)
    first: Any = None
    for name in one.measures:
        unit, description = MEASURES[name]
        values = one.scores[name].to_numpy(np.float32)
        if first is not None and "timestamps" in clock:
            clock = {"timestamps": first}  # a link: the times are stored once
        series = TimeSeries(
            name=name,
            description=f"{description} Not a number where there is no score.",
            data=H5DataIO(values, compression="gzip"),
            unit=unit,
            **clock,
        )
        first = first or series
        module.add(series)


def _clock(times: NDArray[np.float64], fps: float) -> dict[str, Any]:
    """Give a rate if the frames follow each other regularly, else the time of each."""
    if len(times) > 1:
        rate = (len(times) - 1) / float(times[-1] - times[0])
        if abs(rate / fps - 1) * len(times) < RATE_ROUNDING:
            rate = fps
        regular = times[0] + np.arange(len(times)) / rate
        if np.abs(regular - times).max() <= TIME_ROUNDING + RATE_ROUNDING / rate:
            return {"starting_time": float(times[0]), "rate": rate}
    return {"timestamps": times}


def _intervals(data: ExportData, one: ScoredFrames) -> Any:
    from pynwb.epoch import TimeIntervals

    table = TimeIntervals(name="deviation_episodes", description=_episodes_text(data))
    table.add_column("start_frame", "Number of the first frame in the video, from 0.")
    table.add_column("stop_frame", "Number of the frame after the last.")
    table.add_column("peak_frame", "Number of the frame with the largest deviation.")
    table.add_column("peak_time", "Time of the peak in seconds.")
    table.add_column("peak_percentile", "Percentile at the peak.")
    table.add_column("excess", "Strength: percentile above 95, integrated over the episode in seconds.")
    for row in one.episodes.sort_values("start").to_dict("records"):
        table.add_row(
            start_time=float(row["start_time"]),
            stop_time=float(row["stop_time"]),
            start_frame=int(row["start"]),
            stop_frame=int(row["stop"]),
            peak_frame=int(row["peak"]),
            peak_time=float(row["peak_time"]),
            peak_percentile=float(row["peak_percentile"]),
            excess=float(row["excess"]),
        )
    return table


def _episodes_text(data: ExportData) -> str:
    return f"Spans in which the episodic deviation is above the 95th percentile of {data.reference}."


def _add_bouts(module: Any, data: ExportData, one: ScoredFrames) -> None:
    """Add the episodes as bouts of ndx-ethogram, where it is installed."""
    try:
        ethogram = import_module("ndx_ethogram")
    except ImportError:
        return
    bouts = ethogram.EthogramBouts(
        name="deviation_bouts",
        description=_episodes_text(data),
        labeling_method="automated",
        source_software=data.software,
    )
    for row in one.episodes.sort_values("start").to_dict("records"):
        bouts.add_row(start_time=float(row["start_time"]), stop_time=float(row["stop_time"]), label=LABEL)
    module.add(bouts)
