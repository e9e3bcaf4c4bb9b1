"""Recordings to the cells of a study's table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .geometry import number_text
from .recording import ROI_COLUMNS, Recording


def cells(recording: Recording, folder: Path | None, track: Path | None) -> dict[str, str]:
    """Cells of a recording's row, by column.

    Parameters
    ----------
    recording : Recording
        What to write.
    folder : Path, optional
        Folder that paths are written relative to; absolute paths without one.
    track : Path, optional
        File of a track that was not read from one.

    Returns
    -------
    dict of str to str
        All columns of a study, empty where the recording has nothing.
    """
    track = recording.track.path or track if recording.track is not None else None
    intervals = ";".join(map(str, recording.intervals))
    return {
        "video": _path(recording.video, folder),
        "subject": recording.subject,
        "group": recording.group,
        "session": recording.session,
        "name": "" if recording.name == recording.video.stem else recording.name,
        **{name: _number(getattr(recording.roi, name, None)) for name in ROI_COLUMNS},
        "start": _number(recording.start),
        "stop": _number(recording.stop),
        "fps": "" if recording.fps is None else number_text(recording.fps),
        "track": _path(track, folder),
        "intervals": _path(recording.intervals_path, folder) or intervals,
        **recording.metadata,
    }


def write_tracks(recordings: Sequence[Recording], folder: Path) -> dict[str, Path]:
    """Write the tracks that have no file yet into ``folder``; their paths by recording."""
    paths = {}
    for recording in recordings:
        if recording.track is not None and recording.track.path is None:
            folder.mkdir(parents=True, exist_ok=True)
            paths[recording.name] = recording.track.to_csv(folder / f"{recording.name}.csv")
    return paths


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _path(path: Path | None, folder: Path | None) -> str:
    if path is None or folder is None:
        return "" if path is None else str(path)
    try:
        common = Path(os.path.commonpath([path, folder]))
    except ValueError:  # two drives
        return str(path)
    # A path up to the root of the drive and down again says less than an absolute one.
    return str(path) if common == Path(common.anchor) else Path(os.path.relpath(path, folder)).as_posix()
