"""Tracks in files: how sure each box is, who made it, and the settings that a track was found with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.files import write_atomic
from napari_ubam.study import Recording, StudyError, Track
from napari_ubam.study.geometry import HEADING, TRACK_COLUMNS
from napari_ubam.study.numbers import clear_text
from napari_ubam.study.table import read_table, write_table
from napari_ubam.versions import versions
from napari_ubam.video import open_video

METHOD = 2  # counts changes of how subjects are found; tracks of another method are found anew
CONFIDENCE, SOURCE = "confidence", "source"
AUTOMATIC, BETWEEN, BY_HAND, TURNED = "automatic", "interpolated", "hand", "turned"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StoredTrack:
    """A track with what its file says of each box.

    Parameters
    ----------
    track : Track
    confidence : ndarray of float, shape (n,)
        From 0, where the subject was not seen, to 1.
    source : ndarray of str, shape (n,)
        ``automatic``, ``hand`` for a box that the user placed, ``interpolated`` for one that follows such a
        box, and ``turned`` where the user exchanged head and tail.
    """

    track: Track
    confidence: Floats
    source: npt.NDArray[np.str_]

    @classmethod
    def automatic(cls, track: Track, confidence: npt.ArrayLike) -> StoredTrack:
        """Make one of a track that nobody has corrected."""
        return cls(track, np.asarray(confidence, np.float64), np.full(len(track), AUTOMATIC, "<U12"))

    @classmethod
    def from_csv(cls, path: str | Path) -> StoredTrack:
        """Read a track. One without these columns is automatic and sure.

        Parameters
        ----------
        path : str or Path
            See `Track.from_csv`; the columns ``confidence`` and ``source`` are read, too.

        Returns
        -------
        StoredTrack

        Raises
        ------
        StudyError
            If the table is not valid.
        """
        track = Track.from_csv(path)
        rows = [row.cells for row in read_table(Path(path), TRACK_COLUMNS).rows]
        source = [cells.get(SOURCE, AUTOMATIC) or AUTOMATIC for cells in rows]
        return cls(
            track, np.array([_number(cells.get(CONFIDENCE)) for cells in rows]), np.array(source, "<U12")
        )

    def to_csv(self, path: Path) -> StoredTrack:
        """Write the table, and return the track with its file.

        Parameters
        ----------
        path : Path
            File to write; its folder is made if it is missing.

        Returns
        -------
        StoredTrack
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        track = self.track
        turned = [] if track.headings is None else [track.headings]
        values = np.column_stack([track.boxes, *turned, self.confidence.round(3)]).tolist()
        header = (*TRACK_COLUMNS, *([HEADING] if turned else []), CONFIDENCE, SOURCE)
        rows = (
            [str(frame), *map(clear_text, cells), source]
            for frame, cells, source in zip(track.frames.tolist(), values, self.source.tolist(), strict=True)
        )
        write_table(path, header, rows)
        return StoredTrack(track.model_copy(update={"path": path}), self.confidence, self.source)


def _number(text: str | None) -> float:
    try:
        return float((text or "1").replace(",", "."))
    except ValueError:
        return 1.0


def keep_corrections(path: Path) -> Path | None:
    """Keep a track that was corrected by hand under another name, before a new one is written.

    Parameters
    ----------
    path : Path
        File of the track.

    Returns
    -------
    Path or None
        The copy; None if nothing in the file was made by hand.
    """
    try:
        corrected = (StoredTrack.from_csv(path).source != AUTOMATIC).any()
    except StudyError:  # it was damaged by hand
        corrected = True
    if not corrected:
        return None
    number = 1
    while (copy := path.with_name(f"{path.stem}.earlier{number}.csv")).exists():
        number += 1
    path.replace(copy)
    return copy


def settings_of(
    recording: Recording, *, turned: bool, tail: str = "", head: str = "", margin: float
) -> dict[str, Any]:
    """List what a track depends on.

    Parameters
    ----------
    recording : Recording
    turned : bool
        Whether boxes are measured along the body.
    tail, head : str
        Names of key points; empty if the track is found by what moves.
    margin : float
        Space around the body.

    Returns
    -------
    dict
        Content of the video, region, frames and settings, as JSON can hold them.

    Raises
    ------
    VideoError
        If the video cannot be read.
    """
    with recording.open_with(open_video, warn=False) as video:
        content = video.fingerprint
    points = None
    if recording.keypoints is not None and tail and head:
        points = [hashlib.sha256(recording.keypoints.read_bytes()).hexdigest(), tail, head]
    return {
        "method": METHOD,
        "video": content,
        "region": recording.roi.model_dump() if recording.roi is not None else None,
        "start": recording.start,
        "stop": recording.stop,
        "turned": turned,
        "margin": margin,
        "keypoints": points,
    }


def write_settings(path: Path, settings: dict[str, Any]) -> None:
    """Write the settings and the versions of the software beside a track.

    Parameters
    ----------
    path : Path
        File of the track.
    settings : dict
        From `settings_of`.
    """
    text = json.dumps({**settings, "versions": versions()}, indent=1)
    write_atomic(path.with_suffix(".json"), text.encode())


def settings_in(path: Path | None) -> dict[str, Any] | None:
    """Read the settings that a track was found with.

    Parameters
    ----------
    path : Path or None
        File of the track.

    Returns
    -------
    dict or None
        None if the track was not found by this package.
    """
    try:
        found = json.loads(path.with_suffix(".json").read_text("utf-8")) if path is not None else None
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or "method" not in found:
        return None
    found.pop("versions", None)
    return found
