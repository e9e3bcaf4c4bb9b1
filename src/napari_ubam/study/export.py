"""Convert recordings to the cells of a study table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .numbers import clear_text
from .recording import ROI_COLUMNS, Recording


def cells(recording: Recording, folder: Path | None, track: Path | None) -> dict[str, str]:
    """Convert a recording to the cells of its row.

    Parameters
    ----------
    recording : Recording
        The recording.
    folder : Path or None
        Paths are written relative to this folder. None: paths are absolute.
    track : Path or None
        File of the track, if the track itself does not name one.

    Returns
    -------
    dict of str to str
        Cell of each study column, empty if the recording has no value.
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
        "fps": "" if recording.fps is None else clear_text(recording.fps),
        "track": _path(track, folder),
        "align": "" if recording.align == "none" else recording.align,
        "intervals": _path(recording.intervals_path, folder) or intervals,
        "keypoints": _path(recording.keypoints, folder),
        **recording.metadata,
    }


def write_tracks(recordings: Sequence[Recording], folder: Path) -> dict[str, Path]:
    """Write the tracks that have no file yet.

    Parameters
    ----------
    recordings : sequence of Recording
        Recordings, with or without a track.
    folder : Path
        Folder for the new files. It is created if needed.

    Returns
    -------
    dict of str to Path
        New file of each track, by the name of the recording.
    """
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
    except ValueError:  # the paths are on two drives
        return str(path)
    # A relative path through the root of the drive is harder to read than an absolute one.
    return str(path) if common == Path(common.anchor) else Path(os.path.relpath(path, folder)).as_posix()
