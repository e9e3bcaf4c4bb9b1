"""Tracks of the recordings of a study, from key points or from what moves, and how the subjects move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from napari_ubam.poses import PosesError, body_track_of, read_poses
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording, Study, Track
from napari_ubam.study.placed import Align
from napari_ubam.video import VideoError, open_video

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
    """

    study: Study
    movement: pd.DataFrame
    found: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def track_study(
    study: Study,
    *,
    align: str = "heading",
    tail: str = "",
    head: str = "",
    margin: float = MARGIN,
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
    progress : callable
        Called for each recording, with the stage ``"track"``.
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
    recordings, tables, found, refused = [], [], [], []
    for number, one in enumerate(study):
        check_cancelled(cancel)
        progress(Progress("track", number, len(study), detail=one.name))
        if one.track is None:
            try:
                track, confidence = _track_of(one, align, tail, head, margin, cancel)
                tables.append(movement_of(one, track, confidence))
                one = one.model_copy(update={"roi": None, "track": track, "align": align})
                found.append(one.name)
            except (TrackingError, PosesError, VideoError, OSError) as error:
                refused.append((one.name, str(error)))
        recordings.append(one)
    progress(Progress("track", len(study), len(study)))
    movement = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(MOVEMENT))
    changed = Study(recordings, rows=study.rows, path=study.path)
    return TrackedStudy(changed, movement, tuple(found), tuple(refused))


def _track_of(
    one: Recording, align: str, tail: str, head: str, margin: float, cancel: Cancel | None
) -> tuple[Track, npt.NDArray[np.float64]]:
    """Track of a recording, and how sure it is in each frame."""
    turned = align == "heading"
    if one.keypoints is None or not tail:
        found = find_subject(one, margin=margin, turned=turned, cancel=cancel)
        return found.track, found.confidence
    poses = read_poses(one.keypoints).of_video(one.video).in_video()
    name = one.subject if one.subject in poses.individuals else ""
    track = body_track_of(poses, tail, head, turned=turned, margin=margin, individual=name)
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
