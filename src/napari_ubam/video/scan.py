"""Makes the frame index of a video file: by demuxing, checked against a few decoded frames.

Timestamps tell the order of showing in most files. Where they are missing, double or wrong (B-frames in AVI,
elementary streams, joined transport streams, two packets a frame), the file is decoded once, and the order in
which the decoder gives the frames out is the order of showing.
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
from .h264 import may_hold_fields
from .index import NO_TIME, FrameIndex, IntArray, Picture
from .packets import (
    RAW_FORMATS,
    REFUSED_FORMATS,
    decode_in_order,
    demux_all,
    is_cover,
    open_container,
    tagged,
)
from .rate import frame_rate, is_gap, is_uniform, rate_notes

CHECKED_FRAMES = 32
"""Frames that are decoded to see whether the timestamps tell the truth."""

STREAMED = frozenset({"mpegts", "mpeg"})
"""Containers without a beginning: they are cut and joined anywhere, and hold their decoding times."""

MOST_REORDERED = 32
"""Frames by which B-frames may be stored late; the standards allow 16 pictures."""

Progress = Callable[[int, int], None]


def build_index(path: Path, progress: Progress | None = None) -> FrameIndex:
    """Index a video file.

    Parameters
    ----------
    path : Path
        Video file.
    progress : callable, optional
        Called with ``(packets done, packets in all)`` where the whole file has to be decoded. What it
        raises ends the work.

    Returns
    -------
    FrameIndex
        Index of the file's first video stream.

    Raises
    ------
    VideoError
        In one sentence, if the file cannot be read as a video.
    """
    container, stream = open_container(path)
    with container:
        table, complete = demux_all(container, stream)
        raw = container.format.name in RAW_FORMATS
        facts = StreamFacts.of(stream, raw, complete)
    if not len(table):
        raise VideoError(f"{path}: the video stream holds no frame; copy the file again from the camera.")
    if raw:
        _refuse_raw(path, table, facts.container)
    trial = _decode(path, CHECKED_FRAMES)
    if trial.first is None:
        raise VideoError(f"{path}: no frame can be decoded; copy the file again from the camera.")
    by_time = None if facts.fields else order_by_time(table, facts.container)
    if by_time is not None and _agrees(by_time, trial, facts):
        order = _without_torn_end(_without_unshowable(by_time, table, trial, facts), table, facts)
        times = (table[order, 0] - table[order[0], 0]) * facts.time_base
        assumed: list[str] = []
        notes = [] if order[0] == by_time[0] else [CUT_START]
    else:
        # Threads report errors and give out frames late, but here each must be told of its own packet.
        one_thread = facts.fields or facts.cut_short(len(table))
        whole = _decode(path, None, 1 if one_thread else 0, progress, len(table))
        order = whole.order(table, facts)
        times, assumed = _times_without_order(table, order, facts)
        unsure = len(order) > len(whole.shown) and (raw or whole.reorders)
        notes = [UNSURE_AFTER if raw else UNSURE_BESIDE] if unsure else []
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


UNSURE_BESIDE = (
    "Frames are damaged in a stream without times: within three frames of them the numbers may be off by one."
)
UNSURE_AFTER = "Frames are damaged in a raw stream: the numbers after them count what is left in the file."
CUT_START = "Frames at the start need pictures that the file lacks: frame 0 is the first that shows."


@dataclass(frozen=True)
class StreamFacts:
    """What the container states about its stream; to be believed only where packets agree."""

    container: str
    codec: str
    raw: bool
    complete: bool
    frames: int
    rate: float | None
    time_base: float
    pixel_aspect: float
    fields: bool
    streams: int

    def cut_short(self, packets: int) -> bool:
        """Whether the file holds less than its header promises; some headers count fields, twice as many."""
        return not self.complete or (self.frames > packets and abs(self.frames - 2 * packets) > 2)

    @classmethod
    def of(cls, stream: av.video.stream.VideoStream, raw: bool, complete: bool) -> StreamFacts:
        """Collect the facts of an open stream."""
        rate = stream.average_rate or stream.guessed_rate
        codec = stream.codec_context.name
        return cls(
            container=stream.container.format.name,
            codec=codec,
            raw=raw,
            complete=complete,
            frames=stream.frames,
            rate=float(rate) if rate else None,
            time_base=float(stream.time_base or 0),
            pixel_aspect=float(stream.sample_aspect_ratio or 1),
            fields=codec == "h264" and may_hold_fields(stream.codec_context.extradata),
            streams=sum(not is_cover(other) for other in stream.container.streams.video),
        )


@dataclass
class Decoded:
    """What came out of the decoder: numbers of packets, in the order of showing."""

    shown: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    first: av.VideoFrame | None = None
    flushed: int = 0
    interlaced: bool = False
    reorders: bool = False

    def order(self, table: IntArray, facts: StreamFacts) -> IntArray:
        """Packets in the order of showing; damaged ones keep a place beside their neighbour in the file."""
        shown = self.shown
        if self.reorders and facts.cut_short(len(table)):
            # What the decoder still held at a torn end shows after frames that are lost.
            shown = shown[: len(shown) - self.flushed] or shown[:1]
        order = list(shown)
        for packet in self._damaged(table, facts):
            place = next((i for i, other in enumerate(order) if other > packet), len(order))
            order.insert(place, packet)
        return np.array(order, np.int64)

    def _damaged(self, table: IntArray, facts: StreamFacts) -> list[int]:
        """Packets that gave no frame, but must have held one."""
        silent = set(np.flatnonzero(table[:, 5] == 0).tolist()) - set(self.shown)
        if facts.fields:
            return sorted(silent & set(self.failed))  # the others are second fields of frames
        if facts.codec == "mpeg4":
            # A few bytes say that the picture before is repeated: no frame of its own, for players neither.
            silent = {packet for packet in silent if table[packet, 3] > 32}
        return [] if _two_packets_a_frame(silent, self) else sorted(silent)


def _decode(
    path: Path, frames: int | None, threads: int = 1, progress: Progress | None = None, packets: int = 0
) -> Decoded:
    """Decode from the start, at most a number of frames, and note what comes out of which packet."""
    result = Decoded()
    container, stream = open_container(path)
    with container:
        decoder = decode_in_order(stream, threads)
        numbered = enumerate(p for p in container.demux(stream) if p.size)
        for number, packet in _until_error(numbered):
            try:
                _take(decoder.decode(tagged(packet, number)), result)
            except av.error.FFmpegError:
                result.failed.append(number)
            if frames is not None and len(result.shown) >= frames:
                break
            if progress is not None and number % 64 == 0:
                progress(number, packets)
        else:
            before = len(result.shown)
            with contextlib.suppress(av.error.FFmpegError):
                _take(decoder.decode(None), result)
            result.flushed = len(result.shown) - before
        result.reorders = bool(decoder.has_b_frames)
    return result


def _take(frames: list[av.VideoFrame], result: Decoded) -> None:
    for frame in frames:
        if frame.pts is None:
            continue
        result.first = result.first or frame
        result.interlaced = result.interlaced or frame.interlaced_frame
        result.shown.append(frame.pts)


def _until_error(packets: Iterable[tuple[int, av.Packet[Any]]]) -> Iterator[tuple[int, av.Packet[Any]]]:
    with contextlib.suppress(av.error.FFmpegError):
        yield from packets


def _refuse_raw(path: Path, table: IntArray, container: str) -> None:
    """Refuse raw streams of other codecs, and those with gaps: they are read by byte ranges."""
    ends = np.cumsum(table[:, 3])
    if container in REFUSED_FORMATS or not np.array_equal(table[1:, 2], ends[:-1]):
        raise VideoError(
            f"{path}: this raw stream cannot be read frame by frame; "
            "put it into a container with 'ffmpeg -framerate FPS -i FILE -c copy OUT.mp4'."
        )


def order_by_time(table: IntArray, container: str) -> IntArray | None:
    """Packets sorted by presentation time.

    Parameters
    ----------
    table : ndarray of int64, shape (packets, 6)
        As from `demux_all`.
    container : str
        FFmpeg's name of the container.

    Returns
    -------
    ndarray of int64, shape (frames,), or None
        None where the timestamps cannot be the order of showing: missing, double, or going back further than
        B-frames do (joined streams).
    """
    shown = np.flatnonzero(table[:, 5] == 0)
    pts, dts = table[shown, 0], table[shown, 1]
    if container in STREAMED and (np.diff(dts[dts != NO_TIME]) < 0).any():
        return None
    if not len(pts) or (pts == NO_TIME).any() or len(np.unique(pts)) < len(pts):
        return None
    steps = np.diff(np.sort(pts))
    back = np.maximum.accumulate(pts) - pts
    if len(steps) and back.max() > MOST_REORDERED * np.median(steps):
        return None
    return shown[np.argsort(pts)]


def _agrees(by_time: IntArray, trial: Decoded, facts: StreamFacts) -> bool:
    """Whether the decoder gave frames out in the order of the timestamps, one for each packet."""
    if facts.container == "avi" and trial.reorders:
        return False  # AVI has no presentation times: what the demuxer makes up is wrong with B-frames.
    place = {packet: place for place, packet in enumerate(by_time.tolist())}
    shown = [place.get(packet, -1) for packet in trial.shown]
    # A damaged frame may unsettle the order once; timestamps that are wrong do so all the time.
    disorder = sum(b <= a for a, b in pairwise(shown))
    if shown[0] < 0 or disorder > len(shown) // 16:
        return False
    silent = set(range(shown[0], max(shown) + 1)) - set(shown)
    return not _two_packets_a_frame(silent, trial)


def _two_packets_a_frame(silent: set[int], decoded: Decoded) -> bool:
    """Whether packets without a frame are the second fields of frames: damage comes in stretches instead."""
    stretches = sum(packet - 1 not in silent for packet in silent)
    return stretches * 3 > len(decoded.shown)


def _without_unshowable(by_time: IntArray, table: IntArray, trial: Decoded, facts: StreamFacts) -> IntArray:
    """Leave out what shows before the first keyframe and cannot decode: players do not count it either."""
    first_key = int(np.argmax(table[:, 4]))
    before = int(np.flatnonzero(by_time == first_key)[0]) if first_key in by_time else 0
    shown = set(trial.shown)
    cut_anywhere = facts.raw or facts.container in STREAMED
    kept = [
        packet
        for packet in by_time[:before].tolist()
        # Leading pictures follow the keyframe in the file; what comes before it is lost only in streams that
        # are recorded without a beginning. In other files it is damage, and damaged frames keep their number.
        if packet in shown or not (packet > first_key or cut_anywhere)
    ]
    return np.concatenate([np.array(kept, np.int64), by_time[before:]])


def _without_torn_end(order: IntArray, table: IntArray, facts: StreamFacts) -> IntArray:
    """Leave out frames after a gap at the very end: in a torn file B-frames before them are lost."""
    depth = int((np.arange(len(order)) - order).max(initial=0))
    steps = np.diff(table[order, 0])
    if not facts.cut_short(len(table)) or depth < 1 or not is_uniform(steps, 1):
        return order
    tail = max(len(steps) - depth - 1, 0)
    gaps = np.flatnonzero(is_gap(steps, 1)[tail:])
    return order[: tail + int(gaps[0]) + 1] if len(gaps) else order


def _times_without_order(
    table: IntArray, order: IntArray, facts: StreamFacts
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Seconds of frames whose order came from the decoder, and what to tell the user about them."""
    pts, dts = table[order, 0], table[order, 1]
    if (pts != NO_TIME).all() and (np.diff(pts) > 0).all():
        return (pts - pts[0]) * facts.time_base, []
    slots = np.sort(dts)
    if (dts != NO_TIME).all() and (np.diff(table[:, 1]) >= 0).all() and (np.diff(slots) > 0).all():
        return (slots - slots[0]) * facts.time_base, []
    rate = facts.rate or 25.0
    missing = pts == NO_TIME
    what = (
        "has no times" if missing.all() else "lacks some times" if missing.any() else "has times that go back"
    )
    return np.arange(len(order)) / rate, [
        f"The stream {what}: {rate:g} frames a second are assumed, give fps if the camera had another rate."
    ]


def _notes(facts: StreamFacts, table: IntArray, trial: Decoded) -> list[str]:
    notes = []
    if trial.interlaced:
        notes.append("Interlaced: frames are given as stored, with the lines of both fields.")
    if facts.cut_short(len(table)):
        promise = f" of {facts.frames} that its header promises" if facts.complete else ""
        notes.append(f"The file ends early: it holds {len(table)} frames{promise}.")
    if facts.streams > 1:
        notes.append(f"The file holds {facts.streams} video streams: the first one is read.")
    if abs(facts.pixel_aspect - 1) > 1e-3:
        notes.append(
            f"Pixels are not square (width {facts.pixel_aspect:.3g} of the height), given as stored."
        )
    return notes


def describe(frame: av.VideoFrame) -> Picture:
    """Tell what the frames of a stream look like.

    Parameters
    ----------
    frame : av.VideoFrame
        One decoded frame.

    Returns
    -------
    Picture
        Size as shown, channels and depth.
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
