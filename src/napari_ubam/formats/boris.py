"""Episodes as events of BORIS: a project, and the table of aggregated events.

The layout is that of BORIS 7 and later: https://www.boris.unito.it/user_guide/. BORIS is not needed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ubam.files import write_atomic

from .data import ExportData, ScoredFrames, file_stems
from .media import Playback, playback
from .output import Output, Work

BEHAVIOUR = "deviation episode"
PLAYERS = 8  # of an observation, in the file
VARIABLES = ("group", "session")


@dataclass(frozen=True)
class _Event:
    """An episode in the time of the video file."""

    start: int
    stop: int
    start_time: float
    stop_time: float
    comment: str


def boris_outputs(data: ExportData) -> Iterator[Output]:
    """Give the files for BORIS: the project, and its aggregated events.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    stem = file_stems([data.name])[data.name]
    yield Output(f"{stem}.boris", partial(_write_project, data))
    yield Output(f"{stem}-aggregated-events.tsv", partial(_write_aggregated, data))


def _write_project(data: ExportData, path: Path, work: Work) -> None:
    subjects = list(dict.fromkeys(one.recording.subject for one in data.recordings))
    observations = {}
    for number, one in enumerate(data.recordings):
        work.advance(number, len(data.recordings))
        observations[one.name] = _observation(data, one, playback(one, work))
    project = {
        "time_format": "s",
        "project_date": data.created[:19],
        "project_name": data.name,
        "project_description": f"Episodes above the 95th percentile of {data.reference}, {data.software}",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(place): {"key": "", "name": subject, "description": ""}
            for place, subject in enumerate(subjects)
        },
        "behaviors_conf": {
            "0": {
                "type": "State event",
                "key": "d",
                "code": BEHAVIOUR,
                "description": "The behaviour deviates from the reference.",
                "color": "",
                "category": "",
                "modifiers": "",
                "excluded": "",
                "coding map": "",
            }
        },
        "observations": observations,
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {
            str(place): {
                "label": name,
                "description": "",
                "type": "text",
                "default value": "",
                "possible values": "",
            }
            for place, name in enumerate(VARIABLES)
        },
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    write_atomic(path, (json.dumps(project, indent=1, ensure_ascii=False) + "\n").encode())


def _observation(data: ExportData, one: ScoredFrames, video: Playback) -> dict[str, Any]:
    media = str(one.recording.video.as_posix())
    events = []
    for event in _events(one, video):
        subject = one.recording.subject
        events.append([event.start_time, subject, BEHAVIOUR, "", event.comment, event.start])
        events.append([event.stop_time, subject, BEHAVIOUR, "", "", event.stop])
    return {
        "file": {"1": [media]} | {str(player): [] for player in range(2, PLAYERS + 1)},
        "type": "MEDIA",
        "date": data.created[:19],
        "description": "reference" if one.reference else "",
        "time offset": 0.0,
        "events": events,
        "observation time interval": [0, 0],
        "independent_variables": {name: getattr(one.recording, name) for name in VARIABLES},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {media: round(video.length, 3)},
            "fps": {media: video.fps},
            "hasVideo": {media: True},
            "hasAudio": {media: False},
            "offset": {"1": 0.0},
        },
    }


def _events(one: ScoredFrames, video: Playback) -> list[_Event]:
    """Episodes in the order of time."""
    found = []
    for row in one.episodes.sort_values("start").to_dict("records"):
        start, stop = int(row["start"]), int(row["stop"])
        comment = (
            f"peak at frame {int(row['peak'])}, percentile {row['peak_percentile']:.1f}, "
            f"excess {row['excess']:.3g}"
        )
        found.append(_Event(start, stop, _shown(video, start), _shown(video, stop), comment))
    return found


def _shown(video: Playback, frame: int) -> float:
    """Time in milliseconds, as BORIS keeps it, at which the frame is on the screen.

    It is rounded up, since a time rounded down belongs to the frame before; but not beyond the end.
    """
    time = video.at(frame) * 1000
    whole = math.ceil(time - 1e-6) if frame < len(video.times) else math.floor(time + 1e-6)
    return whole / 1000


def _write_aggregated(data: ExportData, path: Path, work: Work) -> None:
    rows = []
    for number, one in enumerate(data.recordings):
        work.advance(number, len(data.recordings))
        video = playback(one, work)
        rows += [_row(data, one, video, event) for event in _events(one, video)]
    table = pd.DataFrame(rows, columns=None if rows else _COLUMNS)
    write_atomic(path, table.to_csv(sep="\t", index=False, lineterminator="\n").encode())


def _row(data: ExportData, one: ScoredFrames, video: Playback, event: _Event) -> dict[str, Any]:
    media, length = one.recording.video.as_posix(), round(video.length, 3)
    values = (
        *(one.name, data.created[:19].replace("T", " "), "reference" if one.reference else ""),
        *("Media file(s)", f"player #1:{media}", 0.0, length, length, round(video.fps, 3)),
        *(getattr(one.recording, name) for name in VARIABLES),
        *(one.recording.subject, length, BEHAVIOUR, "", "STATE"),
        *(event.start_time, event.stop_time, round(event.stop_time - event.start_time, 3)),
        *(media, event.start, event.stop, "", "", event.comment, ""),
    )
    return dict(zip(_COLUMNS, values, strict=True))


_COLUMNS = [
    *("Observation id", "Observation date", "Description", "Observation type", "Source"),
    *("Time offset (s)", "Coding duration", "Media duration (s)", "FPS (frame/s)"),
    *VARIABLES,
    *("Subject", "Observation duration by subject by observation", "Behavior", "Behavioral category"),
    *("Behavior type", "Start (s)", "Stop (s)", "Duration (s)", "Media file name"),
    *("Image index start", "Image index stop", "Image file path start", "Image file path stop"),
    *("Comment start", "Comment stop"),
]
