"""Find one moving subject before a camera that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from napari_ubam.errors import UbamError
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording, Track, smooth_track
from napari_ubam.study.following import signed_degrees
from napari_ubam.study.runs import runs_of
from napari_ubam.video import FrameError, VideoArray, open_video

from .background import CELLS, FRAMES, Background, Part, reduced
from .path import follow, headings

MARGIN = 0.2  # space on each side, as part of the longer side of the body
MOVED = 0.4  # share of the picture that changes if the camera moves
THIN = 2.0  # percent of the cells at each end that are not measured, such as the tip of a tail
RARE = 0.1  # share of the frames in which the subject must be seen
SECOND = 0.4  # of the area of the subject, from which another part is another subject
GONE = 0.02  # share of the frames without the subject from which it is told
FAST = 35.0  # degrees from one smoothed heading to the next, as when head and tail change places
OFTEN = 0.3  # share of the frames in which a second part is seen, if there are two subjects

Floats = npt.NDArray[np.floating[Any]]


class TrackingError(UbamError):
    """The subject of a recording cannot be found."""


@dataclass(frozen=True)
class FoundSubject:
    """Where the subject of a recording is.

    Parameters
    ----------
    track : Track
        Boxes of one size with headings, measured along and across the body, or upright.
    confidence : ndarray of float, shape (n,)
        For each frame of the track: 1 where the subject has its usual size, 0 where it was not seen. It is
        low where head and tail change places.
    note : str
        A sentence if the subject is not seen in many frames; else empty.
    """

    track: Track
    confidence: Floats
    note: str = ""


def find_subject(
    recording: Recording,
    *,
    margin: float = MARGIN,
    turned: bool = True,
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> FoundSubject:
    """Find the subject of a recording by what differs from the still picture.

    The background is the median over frames of the whole recording. In each frame, the connected part that
    differs and continues the way of the subject is chosen. Head and tail are told apart by the direction of
    movement.

    Parameters
    ----------
    recording : Recording
        The region, if there is one, is the part of the picture in which the subject moves.
    margin : float
        Space around the body on each side, as part of the length of its box.
    turned : bool
        Measure the boxes along and across the body, for crops that turn with it. Otherwise they are upright.
    progress : callable
        Called for each frame, with the stage ``"track"``.
    cancel : Cancel, optional
        Checked before each frame.

    Returns
    -------
    FoundSubject

    Raises
    ------
    TrackingError
        If nothing moves, two subjects move, or the camera moves.
    VideoError
        If the video cannot be read.
    Cancelled
        If ``cancel`` is set.
    """
    with recording.open_with(open_video, warn=False) as video:
        frames = recording.frames(len(video))
        film = _Film(recording, video)
        chosen = np.unique(np.linspace(frames.start, frames.stop - 1, FRAMES).round().astype(int))
        background = Background.of(film.cells(int(number), cancel) for number in chosen)
        parts, shares = [], []
        for number in frames:
            found, share = background.parts(film.cells(number, cancel))
            parts.append(found)
            shares.append(share)
            progress(Progress("track", len(shares), len(frames), detail=recording.name))
    _refuse(recording, parts, max(float(np.median(shares)), background.restless))
    return _subject(recording, parts, np.array(frames), film, margin, turned)


class _Film:
    """Brightness of the frames of a recording in square cells, within its region."""

    def __init__(self, recording: Recording, video: VideoArray) -> None:
        height, width = video.shape[1:3]
        roi = recording.roi.clipped(height, width) if recording.roi is not None else None
        self.corner = np.array([roi.x, roi.y] if roi else [0, 0], np.float64)
        self._part = roi.slices if roi else (slice(None), slice(None))
        longer = max(roi.height, roi.width) if roi else max(height, width)
        self.cell = max(1, round(longer / CELLS))
        self._reduce, self._luma = reduced(self.cell), video.luma()
        self._last: Floats | None = None

    def cells(self, number: int, cancel: Cancel | None) -> Floats:
        """Read a frame. One that cannot be decoded is like the one before."""
        check_cancelled(cancel)
        try:
            self._last = self._reduce(np.asarray(self._luma[number])[self._part])
        except FrameError:
            if self._last is None:
                raise
        assert self._last is not None
        return self._last


def _refuse(recording: Recording, parts: list[list[Part]], changing: float) -> None:
    """Refuse recordings in which this way of finding cannot work."""
    seen = np.array([bool(found) for found in parts])
    if changing > MOVED:
        raise TrackingError(
            f"{recording.name}: {changing:.0%} of the picture changes in most frames, so the camera or the "
            "light moves; bring a track, or key points of another program."
        )
    if seen.mean() < RARE:
        raise TrackingError(
            f"{recording.name}: something moves in only {seen.mean():.0%} of the frames, so no subject is "
            "found; draw a region, or bring a track."
        )
    typical = np.median([found[0].area for found in parts if found])
    second = [len(found) > 1 and found[1].area > SECOND * typical for found in parts]
    if np.mean(second) > OFTEN:
        raise TrackingError(
            f"{recording.name}: two things of similar size move in {np.mean(second):.0%} of the frames; give "
            "each subject a row of the study with the region in which it moves, or bring key points."
        )


def _subject(
    recording: Recording,
    parts: list[list[Part]],
    frames: npt.NDArray[np.int64],
    film: _Film,
    margin: float,
    turned: bool,
) -> FoundSubject:
    chosen = follow(parts)
    rows = np.flatnonzero(chosen >= 0)
    if not len(rows):
        raise TrackingError(f"{recording.name}: no subject is found; draw a region, or bring a track.")
    own = [parts[row][chosen[row]] for row in rows]
    centres = np.array([(one.x, one.y) for one in own])
    angles = headings(own, centres)
    box = angles if turned else np.zeros(len(angles))
    low, high = _extent(own, centres, box)
    size = np.maximum((high - low + 2 * margin * max(*(high - low), 1)) * film.cell, 1)
    turns = np.radians(box)
    middle = (low + high) / 2
    shift = np.stack(
        [
            np.cos(turns) * middle[0] - np.sin(turns) * middle[1],
            np.sin(turns) * middle[0] + np.cos(turns) * middle[1],
        ],
        axis=1,
    )
    places = (centres + shift) * film.cell + film.corner
    track = smooth_track(frames[rows], places, (size[0], size[1]), angles)
    typical = np.median([one.area for one in own])
    certain = np.exp(-np.abs(np.log([one.area / typical for one in own])))
    confidence = np.zeros(len(track))
    confidence[np.isin(track.frames, frames[rows])] = certain
    return FoundSubject(track, confidence * _steady(track), _absence(recording.name, track, frames))


def _steady(track: Track) -> Floats:
    """How sure the heading is in each frame of a track: low where it turns faster than a body can."""
    assert track.headings is not None
    step = np.abs(signed_degrees(np.diff(track.headings, prepend=track.headings[:1])))
    step[np.diff(track.frames, prepend=track.frames[:1]) > 1] = 0
    return np.where(maximum_filter1d(step, 3) > FAST, 0.3, 1.0)


def _absence(name: str, track: Track, frames: npt.NDArray[np.int64]) -> str:
    """Say in a sentence that the subject is not seen in many frames."""
    missing = np.setdiff1d(frames, track.frames)
    if len(missing) <= GONE * len(frames):
        return ""
    longest = max(runs_of(missing), key=len)
    share = len(missing) / len(frames)
    return (
        f"{name}: the subject is not seen in {share:.0%} of the frames, the longest time in "
        f"frames {longest[0]} to {longest[-1]}; these frames have no crops."
    )


def _extent(own: list[Part], centres: Floats, angles: Floats) -> tuple[Floats, Floats]:
    """Extent of the body along and across, from its middle, that holds it in most frames."""
    low, high = [], []
    for one, centre, angle in zip(own, centres, np.radians(angles), strict=True):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        away = (one.cells + 0.5 - centre) @ turn
        edges = np.percentile(away, [THIN, 100 - THIN], axis=0)
        low.append(edges[0])
        high.append(edges[1])
    return np.percentile(low, 10, axis=0), np.percentile(high, 90, axis=0)
