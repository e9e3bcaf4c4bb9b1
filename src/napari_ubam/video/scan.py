"""Create the frame index of a video file by demuxing, and check it against a few decoded frames.

In most files the timestamps define the display order. If they are missing, duplicated or wrong (B-frames in
AVI, elementary streams, joined transport streams, two packets per frame), the whole file is decoded once, and
the output order of the decoder is the display order.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from napari_ubam.study.values import counted

from .convert import display_matrix
from .errors import VideoError
from .index import NO_TIME, FrameIndex, IntArray, Picture
from .packet_sources import BYTE_RANGES, FORWARD_ONLY, UNSUPPORTED_FORMATS
from .packets import demux_all, open_container
from .proof import prove_starts
from .rate import frame_rate, is_gap, is_uniform, rate_notes
from .stream_facts import StreamFacts
from .times import assumed_times, times_of, times_of_slots
from .whole_decoding import Decoded, Progress, decode_whole, has_two_packets_per_frame

CHECKED_FRAMES = 32
"""Number of frames that are decoded to verify the timestamps."""

STREAMED = frozenset({"mpegts", "mpeg"})
"""Containers for streaming: a file can start anywhere or be joined. It contains decoding timestamps."""

MAX_REORDER = 32
"""Maximum delay of a B-frame in frames. The standards allow 16."""


def build_index(path: Path, progress: Progress | None = None) -> FrameIndex:
    """Index a video file.

    Parameters
    ----------
    path : Path
        Video file.
    progress : callable, optional
        Called with ``(finished packets, total packets)`` while the whole file is decoded. If it raises an
        error, the work stops.

    Returns
    -------
    FrameIndex
        Index of the first video stream.

    Raises
    ------
    VideoError
        If the file cannot be read as a video.
    """
    container, stream = open_container(path)
    with container:
        demuxed = demux_all(container, stream)
        facts = StreamFacts.of(stream, demuxed, path)
    table = demuxed.table
    if not len(table):
        raise VideoError(f"{path}: the video stream has no frame; copy the file again from the camera.")
    forward_only = facts.raw and _place_raw(path, table, facts.container)
    trial = decode_whole(path, CHECKED_FRAMES)
    if trial.first is None:
        raise VideoError(f"{path}: no frame can be decoded; copy the file again from the camera.")
    by_time = None if facts.fields else order_by_time(table, facts.container)
    assumed: list[str] = []
    if by_time is not None and _agrees(by_time, trial, facts):
        order = _without_truncated_end(_without_unshowable(by_time, table, trial, facts), table, facts)
        times = _times_in_order(table, order, facts, trial)
        notes = [CUT_START] if order[0] != by_time[0] or demuxed.cut_start else []
    else:
        # With threads, errors and frames come out late. Here each one must be matched to its own packet.
        one_thread = facts.fields or facts.truncated
        whole = decode_whole(path, None, 1 if one_thread else 0, progress, len(table))
        order = whole.order(table, facts)
        times, assumed, notes = _times_without_order(table, order, facts, whole, trial)
        notes = [*notes, CUT_START] if demuxed.cut_start else notes
        if len(order) > len(whole.displayed) and (facts.raw or whole.reorders):
            notes.append(UNCERTAIN_AFTER if facts.raw else UNCERTAIN_NEAR)
    if facts.raw:
        times, assumed = assumed_times(len(order), facts.rate, "has no timestamps", bool(facts.coded_rate))
    index = FrameIndex(
        pts=table[:, 0].copy(),
        dts=table[:, 1].copy(),
        pos=table[:, 2].copy(),
        size=table[:, 3].copy(),
        key=table[:, 4].astype(bool),
        packet_of_frame=order,
        times=times,
        fps=frame_rate(times, facts.rate, facts.time_base),
        picture=describe(trial.first),
        raw=facts.raw,
        notes=(*_notes(facts, table, trial), *notes, *rate_notes(times, facts.time_base)),
        rate_notes=tuple(assumed),
        forward_only=forward_only,
    )
    types = facts.trusts_types or trial.tells_types
    return prove_starts(path, index, types, facts.intra_only, demuxed.closed, progress)


UNCERTAIN_NEAR = (
    "A stream without timestamps has damaged frames: up to three frames from them, numbers may be off by one."
)
UNCERTAIN_AFTER = "A raw stream has damaged frames: later frame numbers count only the frames in the file."
CUT_START = "Frames at the start need data that the file does not have: frame 0 is the first that shows."


def _place_raw(path: Path, table: IntArray, container: str) -> bool:
    """Find out how a raw stream is read, and set its byte offsets, which FFmpeg gives only roughly.

    True if the stream can only be read forwards, False if by byte ranges.
    """
    ends = np.cumsum(table[:, 3])
    ranges = np.array_equal(table[1:, 2], ends[:-1])
    if container in UNSUPPORTED_FORMATS or (container in BYTE_RANGES and not ranges):
        raise VideoError(
            f"{path}: this raw stream has no exact frame access; "
            "put it into a container with 'ffmpeg -framerate FPS -i FILE -c copy OUT.mp4'."
        )
    if ranges or (container not in FORWARD_ONLY and ends[-1] == path.stat().st_size):
        table[:, 2] = ends - table[:, 3]
        return False
    return True


def order_by_time(table: IntArray, container: str) -> IntArray | None:
    """Sort the packets by presentation timestamp.

    Parameters
    ----------
    table : ndarray of int64, shape (packets, 6)
        Result of `demux_all`.
    container : str
        FFmpeg name of the container.

    Returns
    -------
    ndarray of int64, shape (frames,), or None
        Packet number of each frame. None if the timestamps cannot define the display order: they are missing,
        duplicated, or go back further than B-frames do (joined streams).
    """
    visible = np.flatnonzero(table[:, 5] == 0)
    pts, dts = table[visible, 0], table[visible, 1]
    if container in STREAMED and (np.diff(dts[dts != NO_TIME]) < 0).any():
        return None
    if not len(pts) or (pts == NO_TIME).any() or len(np.unique(pts)) < len(pts):
        return None
    steps = np.diff(np.sort(pts))
    back = np.maximum.accumulate(pts) - pts
    if len(steps) and back.max() > MAX_REORDER * np.median(steps):
        return None
    return visible[np.argsort(pts)]


def _agrees(by_time: IntArray, trial: Decoded, facts: StreamFacts) -> bool:
    """Whether the decoder returned frames in the order of the timestamps, one for each packet."""
    if facts.container == "avi" and trial.reorders:
        return False  # AVI has no presentation timestamps: the demuxer guesses, wrongly with B-frames.
    if not trial.reorders and (np.diff(by_time) < 0).any():
        return False  # A time that goes back is wrong, as pictures come out in the order of the file.
    place = {packet: place for place, packet in enumerate(by_time.tolist())}
    places = [place.get(packet, -1) for packet in trial.displayed]
    # A damaged frame can change the order once. Wrong timestamps change it all the time.
    disorder = sum(b <= a for a, b in pairwise(places))
    if places[0] < 0 or disorder > len(places) // 16:
        return False
    frameless = set(range(places[0], max(places) + 1)) - set(places)
    return not has_two_packets_per_frame(frameless, trial)


def _without_unshowable(by_time: IntArray, table: IntArray, trial: Decoded, facts: StreamFacts) -> IntArray:
    """Omit frames before the first keyframe that cannot be decoded. Players do not count them either."""
    first_key = int(np.argmax(table[:, 4]))
    before = int(np.flatnonzero(by_time == first_key)[0]) if first_key in by_time else 0
    decoded = set(trial.displayed)
    cut_anywhere = facts.raw or facts.container in STREAMED
    kept = [
        packet
        for packet in by_time[:before].tolist()
        # Leading frames follow the keyframe in the file. A packet before the keyframe is lost only if the
        # stream can start anywhere. In other files it is damaged, and damaged frames keep their number.
        if packet in decoded or not (packet > first_key or cut_anywhere)
    ]
    return np.concatenate([np.array(kept, np.int64), by_time[before:]])


def _without_truncated_end(order: IntArray, table: IntArray, facts: StreamFacts) -> IntArray:
    """Omit frames after a gap at the very end: in a truncated file, B-frames before them are lost."""
    depth = int((np.arange(len(order)) - order).max(initial=0))
    steps = np.diff(table[order, 0])
    if not facts.truncated or depth < 1 or not is_uniform(steps, 1):
        return order
    tail = max(len(steps) - depth - 1, 0)
    gaps = np.flatnonzero(is_gap(steps, 1)[tail:])
    return order[: tail + int(gaps[0]) + 1] if len(gaps) else order


def _times_in_order(
    table: IntArray, order: IntArray, facts: StreamFacts, trial: Decoded
) -> npt.NDArray[np.float64]:
    """Compute the times of frames whose timestamps define their order."""
    if facts.container == "avi":
        # Its presentation times are guesses, wrong beside dropped frames.
        times = times_of_slots(table[:, 1], order + (trial.sent[0] if trial.sent else 0), facts.time_base)
        if times is not None:
            return times
    stamps: npt.NDArray[np.float64] = (table[order, 0] - table[order[0], 0]) * facts.time_base
    return stamps


def _times_without_order(
    table: IntArray, order: IntArray, facts: StreamFacts, whole: Decoded, trial: Decoded
) -> tuple[npt.NDArray[np.float64], list[str], list[str]]:
    """Compute the times of frames that the decoder has ordered, with notes on the rate and the times."""
    pts = table[order, 0]
    if facts.container != "avi" and (pts != NO_TIME).all() and (np.diff(pts) > 0).all():
        return (pts - pts[0]) * facts.time_base, [], []
    # Without presentation times, a frame is shown when it comes out of the decoder.
    places = whole.output_places(order, trial.sent[0] if trial.sent else 0)
    times = times_of_slots(table[:, 1], places, facts.time_base)
    if times is not None:
        return times, [], []
    times, notes = times_of(pts, facts.time_base, facts.rates)
    if times is not None:
        return times, [], notes
    missing = pts == NO_TIME
    what = (
        "has no timestamps"
        if missing.all()
        else "lacks some timestamps"
        if missing.any()
        else "has timestamps that go back"
    )
    return *assumed_times(len(order), facts.rate, what, bool(facts.rate)), []


def _notes(facts: StreamFacts, table: IntArray, trial: Decoded) -> list[str]:
    notes = []
    if trial.interlaced:
        notes.append("Interlaced video: frames are shown as stored, with the lines of both fields.")
    if facts.truncated:
        stated = f" of {counted(facts.frames, 'frame')} that its header states" if facts.complete else ""
        found = len(table) if stated else counted(len(table), "frame")
        notes.append(f"The file ends early: it has {found}{stated}.")
    if facts.streams > 1:
        notes.append(f"The file has {facts.streams} video streams: the first one is read.")
    if abs(facts.pixel_aspect - 1) > 1e-3:
        notes.append(
            f"Pixels are not square (width / height = {facts.pixel_aspect:.3g}) and are shown as stored."
        )
    return notes


def describe(frame: av.VideoFrame) -> Picture:
    """Return the format of the frames of a stream.

    Parameters
    ----------
    frame : av.VideoFrame
        One decoded frame.

    Returns
    -------
    Picture
        Size as displayed, channels and bit depth.
    """
    matrix = display_matrix(frame)
    height, width = (frame.width, frame.height) if matrix[0] == 0 else (frame.height, frame.width)
    grey = frame.format.name.startswith("gray")
    return Picture(
        height=height,
        width=width,
        channels=1 if grey else 3,
        depth=max(component.bits for component in frame.format.components),
        pixel_format=frame.format.name,
        display_matrix=matrix,
    )
