"""Tracks of the recordings of a study, from key points or from what moves, and how the subjects move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from napari_ubam.poses import PosesError, body_track_of, read_poses
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording, Study, StudyError, Track
from napari_ubam.study.placed import Align
from napari_ubam.video import VideoError, open_video

from .stored import StoredTrack, keep_corrections, settings_in, settings_of, write_settings
from .subject import MARGIN, TrackingError, find_subject

MOVEMENT = ("recording", "frame", "time", "x", "y", "heading", "speed", "turning", "confidence")


@dataclass(frozen=True)
class TrackedStudy:
    """Result of `track_study`.

    Parameters
    ----------
    study : Study
        All recordings. Those whose subject was found have a track and the alignment.
    movement : DataFrame
        One row for each tracked frame: ``recording, frame, time`` in seconds, ``x, y`` of the middle of the
        box in pixels, ``heading`` in degrees (0 to the right, 90 down), ``speed`` in pixels per second,
        ``turning`` in degrees per second (positive clockwise on the picture), ``confidence`` from 0 to 1.
    found : tuple of str
        Names of the recordings that got a track.
    refused : tuple of (str, str)
        Name and sentence of each recording whose subject was not found.
    kept : tuple of str
        Those of the found ones whose track was up to date in the folder, and was not made again.
    """

    study: Study
    movement: pd.DataFrame
    found: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Way:
    """How subjects are found, see `track_study`."""

    align: str
    tail: str
    head: str
    margin: float
    folder: Path | None


def track_study(
    study: Study,
    *,
    align: str = "heading",
    tail: str = "",
    head: str = "",
    margin: float = MARGIN,
    folder: Path | None = None,
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> TrackedStudy:
    """Make a track for each recording that has none.

    If ``tail`` and ``head`` are given, a recording with a file of key points gets its track from them.
    Otherwise its subject is found by what moves before a camera that stands still. A region is then the part
    of the picture in which the subject moves.

    Parameters
    ----------
    study : Study
    align : str
        How crops follow: ``position`` or ``heading``, see `Recording`; ``none`` for boxes in whole pixels.
    tail, head : str
        Names of two key points on the axis of the body, for example the root of the tail and the neck.
    margin : float
        Space around the body, as part of the longer side of its box.
    folder : Path, optional
        Each track is written there as soon as it is found. One that is there already is kept, with the
        corrections that were made by hand, if it is of the same video, frames, region and settings.
    progress : callable
        Called for each frame, with the stage ``"track"``, and with a sentence for each recording whose
        subject is not found.
    cancel : Cancel, optional
        Checked before each frame.

    Returns
    -------
    TrackedStudy

    Raises
    ------
    TrackingError
        If there is no such alignment, only one of ``tail`` and ``head`` is given, or the margin is negative.
    Cancelled
        If ``cancel`` is set.
    """
    if align not in get_args(Align):
        raise TrackingError(
            f"{align!r} is no way to align crops; choose one of {', '.join(get_args(Align))}."
        )
    if bool(tail) != bool(head):
        raise TrackingError(
            "Only one end of the body is named; give both, the one at the tail and at the head."
        )
    if margin < 0:
        raise TrackingError(f"A margin of {margin:g} is negative; give 0 or more.")
    way = _Way(align, tail, head, margin, folder)
    recordings, tables, found, kept, refused = [], [], [], [], []
    counts = [_count(one) if one.track is None else 0 for one in study]
    for number, one in enumerate(study):
        check_cancelled(cancel)
        if one.track is None:
            tell = _within(progress, sum(counts[:number]), sum(counts), one.name)
            try:
                stored, is_kept = _stored_track(one, way, tell, cancel)
                tables.append(movement_of(one, stored.track, stored.confidence))
                one = one.model_copy(update={"roi": None, "track": stored.track, "align": align})
                found.append(one.name)
                kept += [one.name] * is_kept
            except (TrackingError, PosesError, VideoError, StudyError, OSError) as error:
                refused.append((one.name, str(error)))
                progress(Progress("track", sum(counts[:number]), sum(counts), message=str(error)))
        recordings.append(one)
    progress(Progress("track", sum(counts), sum(counts)))
    movement = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(MOVEMENT))
    changed = Study(recordings, rows=study.rows, path=study.path)
    return TrackedStudy(changed, movement, tuple(found), tuple(refused), tuple(kept))


def _count(one: Recording) -> int:
    """Frames of a recording; 0 if its video cannot be read, which is told later."""
    try:
        with one.open_with(open_video, warn=False) as video:
            return len(one.frames(len(video)))
    except (VideoError, OSError):
        return 0


def _within(progress: ProgressCallback, before: int, total: int, name: str) -> ProgressCallback:
    """Turn the progress of a recording into that of its study."""

    def tell(event: Progress) -> None:
        progress(replace(event, step=before + event.step, of=total, detail=name))

    return tell


def _stored_track(
    one: Recording, way: _Way, progress: ProgressCallback, cancel: Cancel | None
) -> tuple[StoredTrack, bool]:
    """Track of a recording, and whether it was up to date in the folder."""
    if way.folder is None:
        return StoredTrack.automatic(*_track_of(one, way, progress, cancel)), False
    path = way.folder / f"{one.name}.csv"
    tail, head = (way.tail, way.head) if one.keypoints is not None else ("", "")
    settings = settings_of(one, turned=way.align == "heading", tail=tail, head=head, margin=way.margin)
    if path.exists() and settings_in(path) == settings:
        return StoredTrack.from_csv(path), True
    stored = StoredTrack.automatic(*_track_of(one, way, progress, cancel))
    if path.exists() and (kept := keep_corrections(path)):
        said = f"{one.name}: its track was made with other settings, and was corrected; it is kept as {kept}."
        progress(Progress("track", 0, 0, message=said))
    stored = stored.to_csv(path)
    write_settings(path, settings)
    return stored, False


def _track_of(
    one: Recording, way: _Way, progress: ProgressCallback, cancel: Cancel | None
) -> tuple[Track, npt.NDArray[np.floating[Any]]]:
    """Track of a recording, and how sure it is in each frame."""
    turned = way.align == "heading"
    if one.keypoints is None or not way.tail:
        found = find_subject(one, margin=way.margin, turned=turned, progress=progress, cancel=cancel)
        if found.note:
            progress(Progress("track", 0, 0, message=found.note))
        return found.track, found.confidence
    poses = read_poses(one.keypoints).of_video(one.video).in_video()
    name = one.subject if one.subject in poses.individuals else ""
    track = body_track_of(poses, way.tail, way.head, turned=turned, margin=way.margin, individual=name)
    return track, np.isin(track.frames, poses.frames).astype(np.float64)


def movement_of(
    recording: Recording, track: Track, confidence: Sequence[float] | npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Tell how a subject moves.

    Parameters
    ----------
    recording : Recording
    track : Track
        With headings.
    confidence : sequence of float
        Of each frame of the track.

    Returns
    -------
    DataFrame
        See `TrackedStudy`. Speed and turning are smoothed over about 0.2 s, and do not reach over gaps.
    """
    with recording.open_with(open_video, warn=False) as video:
        times, fps = np.asarray(video.times)[track.frames], video.fps
    places = track.boxes[:, :2] + track.boxes[:, 2:] / 2
    heading = track.headings if track.headings is not None else np.full(len(track), np.nan)
    speed, turning = np.full(len(track), np.nan), np.full(len(track), np.nan)
    for segment in track.segments():
        rows = np.searchsorted(track.frames, [segment.start, segment.stop])
        part = slice(int(rows[0]), int(rows[1]))
        if len(segment) < 2:
            continue
        values = np.column_stack([places[part], np.unwrap(heading[part], period=360)])
        rate = np.gradient(gaussian_filter1d(values, 0.07 * fps, axis=0, mode="nearest"), times[part], axis=0)
        speed[part], turning[part] = np.hypot(rate[:, 0], rate[:, 1]), rate[:, 2]
    columns = (recording.name, track.frames, times, *places.T, heading, speed, turning, confidence)
    return pd.DataFrame(dict(zip(MOVEMENT, columns, strict=True))).round(4)


def default_table(study: Path) -> Path:
    """File in which the study with its tracks is written, beside the study."""
    return study.with_name(f"{study.stem}_tracked.csv")


def tracks_folder(table: Path) -> Path:
    """Folder of the tracks of a study that is written, as `Study.to_csv` has it."""
    return table.with_name(f"{table.stem}_tracks")
