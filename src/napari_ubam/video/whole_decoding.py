"""Decode a file from its start during indexing, and record which packet gives which frame."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.video.frame import PictureType

from .index import IntArray
from .packets import decode_in_order, open_container, tagged
from .stream_facts import StreamFacts

Progress = Callable[[int, int], None]

HIDES_SILENTLY = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vc1", "wmv3"})
"""Codecs in which a damaged packet can give no frame without an error. In others such a packet is hidden."""


@dataclass
class Decoded:
    """Output of the decoder: packet numbers in display order.

    Attributes
    ----------
    displayed, failed : list of int
        Packets that gave a frame, in the order of the frames; packets that gave an error.
    sent : list of int
        For each frame, the packet at which it came out. Frames at the end of the file are not in this list.
    first : av.VideoFrame or None
        First frame.
    flushed : int
        Number of frames that came out at the end of the file.
    interlaced, reorders : bool
        Whether there are interlaced frames, and whether the order of packets and frames can differ.
    types : set of PictureType
        Types of the pictures.
    """

    displayed: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    first: av.VideoFrame | None = None
    flushed: int = 0
    interlaced: bool = False
    reorders: bool = False
    types: set[int] = field(default_factory=set)

    @property
    def tells_types(self) -> bool:
        """Whether the decoder tells which pictures refer to others."""
        return bool(self.types - {PictureType.I, PictureType.NONE})

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
        if self.reorders and facts.truncated:
            # At a truncated end, the last frames in the decoder are displayed after frames that are lost.
            displayed = displayed[: len(displayed) - self.flushed] or displayed[:1]
        order = list(displayed)
        for packet in self._damaged(table, facts):
            place = next((i for i, other in enumerate(order) if other > packet), len(order))
            order.insert(place, packet)
        return np.array(order, np.int64)

    def output_places(self, order: IntArray, first: int) -> IntArray:
        """Find the packet at which each frame comes out of a decoder with one thread.

        Parameters
        ----------
        order : ndarray of int64, shape (frames,)
            Result of `order`.
        first : int
            Packet at which such a decoder returns the first frame. With more threads it comes later.

        Returns
        -------
        ndarray of int64, shape (frames,)
            Packet numbers. Frames that come out at the end of the file follow the last packet.
        """
        late = self.sent[0] - first if self.sent else 0
        places = [packet - late for packet in self.sent]
        after = places[-1] + 1 if places else first
        places.extend(range(after, after + len(self.displayed) - len(places)))
        known = dict(zip(self.displayed, places, strict=True))
        there = [place for place, packet in enumerate(order.tolist()) if packet in known]
        values = [known[packet] for packet in order[there].tolist()]
        return np.round(np.interp(np.arange(len(order)), there, values)).astype(np.int64)

    def _damaged(self, table: IntArray, facts: StreamFacts) -> list[int]:
        """Packets that should contain a frame but gave none."""
        frameless = set(np.flatnonzero(table[:, 5] == 0).tolist()) - set(self.displayed)
        if facts.fields or facts.codec not in HIDES_SILENTLY:
            return sorted(frameless & set(self.failed))  # the others are second fields, or are never shown
        if facts.codec == "mpeg4":
            # A packet of a few bytes repeats the previous frame. Players do not count it as a frame.
            frameless = {packet for packet in frameless if table[packet, 3] > 32}
        return [] if has_two_packets_per_frame(frameless, self) else sorted(frameless)


def has_two_packets_per_frame(frameless: set[int], decoded: Decoded) -> bool:
    """Check whether packets without a frame are second fields. Those alternate; damaged ones come in groups.

    Parameters
    ----------
    frameless : set of int
        Packets without a frame.
    decoded : Decoded
        Output of the decoder.

    Returns
    -------
    bool
        True for second fields.
    """
    groups = sum(packet - 1 not in frameless for packet in frameless)
    return groups * 3 > len(decoded.displayed)


def decode_whole(
    path: Path, frames: int | None, threads: int = 1, progress: Progress | None = None, packets: int = 0
) -> Decoded:
    """Decode from the start.

    Parameters
    ----------
    path : Path
        Video file.
    frames : int or None
        Stop after this number of frames.
    threads : int
        See `decode_in_order`.
    progress : callable, optional
        Called with ``(finished packets, total packets)``.
    packets : int
        Total number of packets.

    Returns
    -------
    Decoded
        What came out.
    """
    result = Decoded()
    container, stream = open_container(path)
    with container:
        decoder = decode_in_order(stream, threads)
        numbered = enumerate(p for p in container.demux(stream) if p.size)
        for number, packet in _until_error(numbered):
            try:
                _record(decoder.decode(tagged(packet, number)), result, number)
            except av.error.FFmpegError:
                result.failed.append(number)
            if frames is not None and len(result.displayed) >= frames:
                break
            if progress is not None and number % 64 == 0:
                progress(number, packets)
        else:
            before = len(result.displayed)
            with contextlib.suppress(av.error.FFmpegError):
                _record(decoder.decode(None), result, None)
            result.flushed = len(result.displayed) - before
        result.reorders = bool(decoder.has_b_frames)
    return result


def _record(frames: list[av.VideoFrame], result: Decoded, number: int | None) -> None:
    for frame in frames:
        if frame.pts is None:
            continue
        result.first = result.first or frame
        result.interlaced = result.interlaced or frame.interlaced_frame
        result.types.add(int(frame.pict_type))
        result.displayed.append(frame.pts)
        if number is not None:
            result.sent.append(number)


def _until_error(packets: Iterable[tuple[int, av.Packet[Any]]]) -> Iterator[tuple[int, av.Packet[Any]]]:
    with contextlib.suppress(av.error.FFmpegError):
        yield from packets
