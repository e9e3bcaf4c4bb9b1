"""Create the frame index of a video file by demuxing, and check it against a few decoded frames.

In most files the timestamps define the display order. If they are missing, duplicated or wrong (B-frames in
AVI, elementary streams, joined transport streams, two packets per frame), the whole file is decoded once, and
the output order of the decoder is the display order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import av.video.stream
import numpy as np
import numpy.typing as npt

from .convert import display_matrix
from .errors import VideoError
from .index import NO_TIME, FrameIndex, IntArray, Picture
from .packets import (
    RAW_FORMATS,
    UNSUPPORTED_FORMATS,
    decode_in_order,
    demux_all,
    open_container,
    tagged,
)
from .rate import frame_rate, is_gap, is_uniform, rate_notes
from .stream_facts import StreamFacts

CHECKED_FRAMES = 32
"""Number of frames that are decoded to verify the timestamps."""

STREAMED = frozenset({"mpegts", "mpeg"})
"""Containers for streaming: a file can start anywhere or be joined. It contains decoding timestamps."""

MAX_REORDER = 32
"""Maximum delay of a B-frame in frames. The standards allow 16."""

Progress = Callable[[int, int], None]


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
        table, complete = demux_all(container, stream)
        raw = container.format.name in RAW_FORMATS
        facts = StreamFacts.of(stream, raw, complete)
    if not len(table):
        raise VideoError(f"{path}: the video stream has no frame; copy the file again from the camera.")
    if raw:
        _check_raw(path, table, facts.container)
    trial = _decode(path, CHECKED_FRAMES)
    if trial.first is None:
        raise VideoError(f"{path}: no frame can be decoded; copy the file again from the camera.")
    by_time = None if facts.fields else order_by_time(table, facts.container)
    if by_time is not None and _agrees(by_time, trial, facts):
        order = _without_truncated_end(_without_unshowable(by_time, table, trial, facts), table, facts)
        times = (table[order, 0] - table[order[0], 0]) * facts.time_base
        assumed: list[str] = []
        notes = [] if order[0] == by_time[0] else [CUT_START]
    else:
        # With threads, errors and frames come out late. Here each one must be matched to its own packet.
        one_thread = facts.fields or facts.truncated(len(table))
        whole = _decode(path, None, 1 if one_thread else 0, progress, len(table))
        order = whole.order(table, facts)
        times, assumed = _times_without_order(table, order, facts)
        uncertain = len(order) > len(whole.displayed) and (raw or whole.reorders)
        notes = [UNCERTAIN_AFTER if raw else UNCERTAIN_NEAR] if uncertain else []
    return FrameIndex(
        pts=table[:, 0].copy(),
        dts=table[:, 1].copy(),
        pos=table[:, 2].copy(),
        size=table[:, 3].copy(),
        key=table[:, 4].astype(bool),
        packet_of_frame=order,
        times=times,
        fps=frame_rate(times, facts.rate, facts.time_base),
        picture=describe(trial.first),
        raw=raw,
        notes=(*_notes(facts, table, trial), *notes, *rate_notes(times, facts.time_base)),
        rate_notes=tuple(assumed),
    )


UNCERTAIN_NEAR = (
    "A stream without timestamps has damaged frames: up to three frames from them, numbers may be off by one."
)
UNCERTAIN_AFTER = "A raw stream has damaged frames: later frame numbers count only the frames in the file."
CUT_START = "Frames at the start need data that the file does not have: frame 0 is the first that shows."


@dataclass
class Decoded:
    """Output of the decoder: packet numbers in display order."""

    displayed: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    first: av.VideoFrame | None = None
    flushed: int = 0
    interlaced: bool = False
    reorders: bool = False

    def order(self, table: IntArray, facts: StreamFacts) -> IntArray:
        """Sort the packets in display order. Damaged packets stay next to their neighbour in the file.

        Parameters
        ----------
        table : ndarray of int64, shape (packets, 6)
            Result of `demux_all`.
        facts : StreamFacts
            Properties of the stream.

        Returns
        -------
        ndarray of int64, shape (frames,)
            Packet number of each frame.
        """
        displayed = self.displayed
        if self.reorders and facts.truncated(len(table)):
            # At a truncated end, the last frames in the decoder are displayed after frames that are lost.
            displayed = displayed[: len(displayed) - self.flushed] or displayed[:1]
        order = list(displayed)
        for packet in self._damaged(table, facts):
            place = next((i for i, other in enumerate(order) if other > packet), len(order))
            order.insert(place, packet)
        return np.array(order, np.int64)

    def _damaged(self, table: IntArray, facts: StreamFacts) -> list[int]:
        """Packets that should contain a frame but gave none."""
        frameless = set(np.flatnonzero(table[:, 5] == 0).tolist()) - set(self.displayed)
        if facts.fields:
            return sorted(frameless & set(self.failed))  # the others are second fields of frames
        if facts.codec == "mpeg4":
            # A packet of a few bytes repeats the previous frame. Players do not count it as a frame.
            frameless = {packet for packet in frameless if table[packet, 3] > 32}
        return [] if _has_two_packets_per_frame(frameless, self) else sorted(frameless)


def _decode(
    path: Path, frames: int | None, threads: int = 1, progress: Progress | None = None, packets: int = 0
) -> Decoded:
    """Decode from the start, at most ``frames`` frames, and record which packet gives which frame."""
    result = Decoded()
    container, stream = open_container(path)
    with container:
        decoder = decode_in_order(stream, threads)
        numbered = enumerate(p for p in container.demux(stream) if p.size)
        for number, packet in _until_error(numbered):
            try:
                _record(decoder.decode(tagged(packet, number)), result)
            except av.error.FFmpegError:
                result.failed.append(number)
            if frames is not None and len(result.displayed) >= frames:
                break
            if progress is not None and number % 64 == 0:
                progress(number, packets)
        else:
            before = len(result.displayed)
            with contextlib.suppress(av.error.FFmpegError):
                _record(decoder.decode(None), result)
            result.flushed = len(result.displayed) - before
        result.reorders = bool(decoder.has_b_frames)
    return result


def _record(frames: list[av.VideoFrame], result: Decoded) -> None:
    for frame in frames:
        if frame.pts is None:
            continue
        result.first = result.first or frame
        result.interlaced = result.interlaced or frame.interlaced_frame
        result.displayed.append(frame.pts)


def _until_error(packets: Iterable[tuple[int, av.Packet[Any]]]) -> Iterator[tuple[int, av.Packet[Any]]]:
    with contextlib.suppress(av.error.FFmpegError):
        yield from packets


def _check_raw(path: Path, table: IntArray, container: str) -> None:
    """Check that a raw stream has a supported codec and no gaps, because it is read by byte ranges."""
    ends = np.cumsum(table[:, 3])
    if container in UNSUPPORTED_FORMATS or not np.array_equal(table[1:, 2], ends[:-1]):
        raise VideoError(
            f"{path}: this raw stream has no exact frame access; "
            "put it into a container with 'ffmpeg -framerate FPS -i FILE -c copy OUT.mp4'."
        )


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
    place = {packet: place for place, packet in enumerate(by_time.tolist())}
    places = [place.get(packet, -1) for packet in trial.displayed]
    # A damaged frame can change the order once. Wrong timestamps change it all the time.
    disorder = sum(b <= a for a, b in pairwise(places))
    if places[0] < 0 or disorder > len(places) // 16:
        return False
    frameless = set(range(places[0], max(places) + 1)) - set(places)
    return not _has_two_packets_per_frame(frameless, trial)


def _has_two_packets_per_frame(frameless: set[int], decoded: Decoded) -> bool:
    """Whether packets without a frame are second fields. They alternate; damaged packets come in groups."""
    groups = sum(packet - 1 not in frameless for packet in frameless)
    return groups * 3 > len(decoded.displayed)


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
    if not facts.truncated(len(table)) or depth < 1 or not is_uniform(steps, 1):
        return order
    tail = max(len(steps) - depth - 1, 0)
    gaps = np.flatnonzero(is_gap(steps, 1)[tail:])
    return order[: tail + int(gaps[0]) + 1] if len(gaps) else order


def _times_without_order(
    table: IntArray, order: IntArray, facts: StreamFacts
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Compute the times of frames that the decoder has ordered, and notes for the user."""
    pts, dts = table[order, 0], table[order, 1]
    if (pts != NO_TIME).all() and (np.diff(pts) > 0).all():
        return (pts - pts[0]) * facts.time_base, []
    slots = np.sort(dts)
    if (dts != NO_TIME).all() and (np.diff(table[:, 1]) >= 0).all() and (np.diff(slots) > 0).all():
        return (slots - slots[0]) * facts.time_base, []
    rate = facts.rate or 25.0
    missing = pts == NO_TIME
    what = (
        "has no timestamps"
        if missing.all()
        else "lacks some timestamps"
        if missing.any()
        else "has timestamps that go back"
    )
    return np.arange(len(order)) / rate, [
        f"The stream {what}: {rate:g} frames per second are assumed; set fps if the camera had another rate."
    ]


def _notes(facts: StreamFacts, table: IntArray, trial: Decoded) -> list[str]:
    notes = []
    if trial.interlaced:
        notes.append("Interlaced video: frames are shown as stored, with the lines of both fields.")
    if facts.truncated(len(table)):
        stated = f" of {facts.frames} frames that its header states" if facts.complete else " frames"
        notes.append(f"The file ends early: it has {len(table)}{stated}.")
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
