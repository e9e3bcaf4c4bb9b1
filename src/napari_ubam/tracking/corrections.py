"""Corrections of a track by hand: single boxes, head and tail, and where to look."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_ubam.study import Track
from napari_ubam.study.following import signed_degrees
from napari_ubam.study.runs import runs_of

from .stored import AUTOMATIC, BETWEEN, BY_HAND, TURNED, StoredTrack

FADE = 15  # frames over which a correction fades, if no other one is nearer
DOUBTFUL = 0.5  # confidence below which a place is worth a look
APART = 15  # frames between two places
REACH = 4  # frames before and after, between which a smoothed exchange of head and tail happens
JUMP = 90.0  # degrees within three frames, from which they may have changed places

Floats = npt.NDArray[np.float64]


def correct(
    stored: StoredTrack, frame: int, centre: tuple[float, float], heading: float | None = None
) -> StoredTrack:
    """Place the box of one frame by hand.

    The correction fades linearly over 15 frames before and after. It ends earlier at a frame that was placed
    by hand, so boxes between two such frames are interpolated. A frame of a gap gets a box, and the frames to
    a box at most 15 frames away are filled.

    Parameters
    ----------
    stored : StoredTrack
    frame : int
        Number of the frame.
    centre : tuple of float
        x and y of the middle of the box in pixels.
    heading : float, optional
        Direction that the subject faces in degrees; by default it stays. If it is nearer to the opposite
        direction, head and tail are exchanged as by `turn_around` first.

    Returns
    -------
    StoredTrack
    """
    if frame not in stored.track.frames:
        stored = _with_frame(stored, frame)
    place = int(np.searchsorted(stored.track.frames, frame))
    headings = stored.track.headings
    if heading is not None and headings is not None and abs(signed_degrees(heading - headings[place])) > 90:
        stored = turn_around(stored, frame)
        headings = stored.track.headings
    weights = _weights(stored, frame)
    boxes = stored.track.boxes.copy()
    boxes[:, :2] += weights[:, None] * (np.array(centre) - boxes[place, :2] - boxes[place, 2:] / 2)
    if headings is not None and heading is not None:
        headings = signed_degrees(headings + weights * signed_degrees(heading - headings[place]))
    source = stored.source.copy()
    source[(weights > 0) & (source == AUTOMATIC)] = BETWEEN
    source[place] = BY_HAND
    return _changed(stored, boxes, headings, np.maximum(stored.confidence, weights), source)


def turn_around(stored: StoredTrack, frame: int) -> StoredTrack:
    """Exchange head and tail around a frame: to where they seem to change places, or the track has a gap.

    Parameters
    ----------
    stored : StoredTrack
    frame : int
        Number of a frame of the track.

    Returns
    -------
    StoredTrack
        Without a change if the track has no headings, or no box in this frame.
    """
    track = stored.track
    headings = track.headings
    if headings is None or frame not in track.frames:
        return stored
    place = int(np.searchsorted(track.frames, frame))
    gaps = np.flatnonzero(np.diff(track.frames) > 1) + 1
    changes = _exchanges(track)
    ends = np.union1d(gaps, changes)
    first, last = ends[ends <= place].max(initial=0), ends[ends > place].min(initial=len(track))
    headings, source = headings.copy(), stored.source.copy()
    headings[first:last] = signed_degrees(headings[first:last] + 180)
    for end in {int(first), int(last)} & {*changes.tolist()}:  # smoothed: half turned there
        edges = np.array([end - REACH, end + REACH - 1]).clip(0, len(track) - 1)
        way = np.unwrap(headings[edges], period=360)
        rows = np.arange(edges[0], edges[1] + 1)
        headings[rows] = signed_degrees(np.interp(rows, edges, way))
    rows = np.arange(first, last)
    source[rows[source[rows] == AUTOMATIC]] = TURNED
    return _changed(stored, track.boxes, headings, stored.confidence, source)


def _exchanges(track: Track) -> npt.NDArray[np.int64]:
    """Rows of a track with headings before which head and tail seem to have changed places."""
    assert track.headings is not None
    rows = np.arange(2, len(track) - 1)
    change = np.abs(signed_degrees(track.headings[rows + 1] - track.headings[rows - 2]))
    change[track.frames[rows + 1] - track.frames[rows - 2] > 3] = 0
    found = runs_of(np.flatnonzero(change > JUMP))
    return np.array([rows[max(run, key=change.__getitem__)] for run in found], np.int64)


def doubtful_frames(stored: StoredTrack) -> list[int]:
    """List the places of a track that are worth a look.

    Parameters
    ----------
    stored : StoredTrack

    Returns
    -------
    list of int
        Ascending frames: of each stretch that is unsure, the least sure one, and the first frame after each
        gap. Places less than 15 frames apart are one. Boxes that were placed by hand are sure.
    """
    frames = stored.track.frames
    unsure = np.where(stored.source == AUTOMATIC, stored.confidence, 1.0)
    low = np.flatnonzero(unsure < DOUBTFUL)
    after_gap = np.flatnonzero((np.diff(frames, prepend=frames[0] - 1) > 1) & (stored.source == AUTOMATIC))
    rows = np.union1d(low, after_gap)
    if not len(rows):
        return []
    parts = np.split(rows, np.flatnonzero(np.diff(frames[rows]) >= APART) + 1)
    return [int(frames[part[unsure[part].argmin()]]) for part in parts]


def _weights(stored: StoredTrack, frame: int) -> Floats:
    """Share of the correction of a frame that each box takes."""
    frames = stored.track.frames
    segment = next(one for one in stored.track.segments() if frame in one)
    fixed = frames[stored.source == BY_HAND]
    before = max([frame - FADE, *fixed[fixed < frame].tolist()])
    after = min([frame + FADE, *fixed[fixed > frame].tolist()])
    weights = np.interp(frames, [before, frame, after], [0.0, 1.0, 0.0])
    weights[(frames < segment.start) | (frames >= segment.stop)] = 0
    return weights


def _with_frame(stored: StoredTrack, frame: int) -> StoredTrack:
    """Give a frame of a gap the box of the nearest one, and fill the frames up to near boxes."""
    track = stored.track
    near = [one for one in track.frames.tolist() if abs(one - frame) <= FADE]
    low, high = min([*near, frame]), max([*near, frame])
    frames = np.union1d(track.frames, np.arange(low, high + 1))
    boxes = np.stack([np.interp(frames, track.frames, column) for column in track.boxes.T], axis=1)
    headings = track.headings
    if headings is not None:
        headings = signed_degrees(np.interp(frames, track.frames, np.unwrap(headings, period=360)))
    known = np.isin(frames, track.frames)
    confidence, source = np.zeros(len(frames)), np.full(len(frames), BETWEEN, "<U12")
    confidence[known], source[known] = stored.confidence, stored.source
    return StoredTrack(_rounded(track, frames, boxes, headings), confidence, source)


def _changed(
    stored: StoredTrack,
    boxes: Floats,
    headings: Floats | None,
    confidence: Floats,
    source: npt.NDArray[np.str_],
) -> StoredTrack:
    return StoredTrack(_rounded(stored.track, stored.track.frames, boxes, headings), confidence, source)


def _rounded(track: Track, frames: npt.NDArray[np.int64], boxes: Floats, headings: Floats | None) -> Track:
    turned = None if headings is None else np.round(headings, 2)
    return Track(frames=frames, boxes=np.round(boxes, 2), headings=turned, path=track.path)
