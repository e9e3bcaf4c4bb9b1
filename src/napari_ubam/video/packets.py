"""Packets of one video stream from any keyframe. Each packet is tagged with its number in the file.

The tag replaces the timestamp, and the decoder passes it on to the frame. Frames are matched by this tag and
never by timestamps, because timestamps in files are often wrong.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import av.stream
import av.video.stream
import numpy as np

from .errors import VideoError
from .hidden import LeadingPictures, hidden_test
from .index import NO_TIME, FrameIndex, IntArray
from .units import UnitReader

ENDS_WITH_AN_ERROR = frozenset({"mpjpeg"})
"""FFmpeg names of containers whose intact end FFmpeg reports as an error."""


def open_container(path: Path) -> tuple[av.container.InputContainer, av.video.stream.VideoStream]:
    """Open a file and select its video stream.

    Parameters
    ----------
    path : Path
        Video file.

    Returns
    -------
    container : InputContainer
        The open file.
    stream : VideoStream
        First video stream. Cover images do not count.

    Raises
    ------
    VideoError
        If the file is missing, not a video, or has no video stream that can be decoded.
    """
    try:
        if not path.exists():
            raise VideoError(f"{path}: there is no such file; check the path.")
        if path.stat().st_size == 0:
            raise VideoError(f"{path}: the file is empty; copy it again from the camera.")
        container = _open(str(path))
    except PermissionError as error:
        raise VideoError(
            f"{path}: there is no permission to read the file; change its permissions or copy it."
        ) from error
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            raise VideoError(
                f"{path}: a title or another tag of the file is not valid text; remove the tags with "
                "'ffmpeg -i FILE -map_metadata -1 -c copy OUT'."
            ) from error
        name = str(path).encode("utf-8", "replace").decode()
        raise VideoError(f"{name}: the file name is not valid text; rename the file.") from error
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path}: this is not a readable video ({_reason(error)}); if a player opens it, convert it with "
            "'ffmpeg -i FILE -c:v libx264 -crf 15 OUT.mp4', otherwise copy it again from the camera."
        ) from error
    streams = [s for s in container.streams.video if not is_cover(s)]
    if not streams or streams[0].codec_context is None:
        container.close()
        raise VideoError(f"{path}: the file has no video stream that can be decoded; choose another file.")
    for other in container.streams:
        if other.index != streams[0].index:
            other.discard = av.stream.Discard.all
    return container, streams[0]


def _open(name: str) -> av.container.InputContainer:
    try:
        return av.open(name, metadata_errors="replace")  # tags in another encoding do not concern the picture
    except TypeError:  # a release of PyAV without this option
        return av.open(name)


def is_cover(stream: av.video.stream.VideoStream) -> bool:
    """Check whether a stream is a cover image and not a video.

    Parameters
    ----------
    stream : VideoStream
        Stream of an open file.

    Returns
    -------
    bool
        True for a cover image.
    """
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _reason(error: Exception) -> str:
    """Return the last log line of FFmpeg, such as 'moov atom not found': it is clearer than the code."""
    log = getattr(error, "log", None)
    text = log[2] if log else getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".").lower()


def decode_in_order(stream: av.video.stream.VideoStream, threads: int) -> av.VideoCodecContext:
    """Set up the decoder of a stream.

    Parameters
    ----------
    stream : VideoStream
        Newly opened stream.
    threads : int
        Number of decoder threads, 0 for one per core. With more than one, frames come out later. This is
        useful only for long sequential reads.

    Returns
    -------
    VideoCodecContext
        Decoder of the stream.
    """
    context = stream.codec_context
    context.thread_type = "SLICE" if threads == 1 else "AUTO"
    context.thread_count = threads
    return context


class PacketSource(ABC):
    """Packets of a stream in file order, from any packet in the index."""

    @abstractmethod
    def since(self, packet: int) -> Iterator[tuple[int, av.Packet[Any]]]:
        """Iterate over the packets from a given number.

        Parameters
        ----------
        packet : int
            Number of the first packet.

        Yields
        ------
        number : int
            Packet number in the file.
        packet : av.Packet
            The packet, with its number as timestamps.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the file."""


class ContainerPackets(PacketSource):
    """Packets of a container with seeking.

    The position after a seek is always verified: the first packet is looked up in the index, earlier packets
    are skipped, and a seek that lands too late is repeated from an earlier keyframe.

    Parameters
    ----------
    path : Path
        Video file.
    container, stream : InputContainer, VideoStream
        Result of `open_container`.
    index : FrameIndex
        Index of the stream.
    """

    def __init__(
        self,
        path: Path,
        container: av.container.InputContainer,
        stream: av.video.stream.VideoStream,
        index: FrameIndex,
    ) -> None:
        self._path = path
        self._container = container
        self._stream = stream
        self._index = index
        self._pos, self._size = index.pos.tolist(), index.size.tolist()
        self._fresh = True
        # The decoder belongs to the first container, so replaced containers stay open until the end.
        self._retired: list[av.container.InputContainer] = []

    def since(self, packet: int) -> Iterator[tuple[int, av.Packet[Any]]]:
        """Iterate over the packets from a given number.

        Parameters
        ----------
        packet : int
            Number of the first packet.

        Yields
        ------
        number : int
            Packet number in the file.
        packet : av.Packet
            The packet, with its number as timestamps.

        Raises
        ------
        VideoError
            If no seek reaches the packet.
        """
        for seek in self._seeks(packet):
            try:
                seek()
                packets = self._known_packets()
                number, found = next(packets)
            except (av.error.FFmpegError, StopIteration):
                continue
            if number <= packet:
                break
        else:
            raise VideoError(
                f"{self._path}: seeking failed; remux the file with 'ffmpeg -i FILE -c copy OUT.mp4'."
            )
        while number < packet:
            number, found = next(packets)
        yield number, tagged(found, number)
        for number, found in packets:
            yield number, tagged(found, number)

    def _seeks(self, packet: int) -> Iterator[Callable[[], None]]:
        """Ways to seek to a packet, the fastest first. The last one always works."""
        index = self._index
        if packet == 0 and self._fresh:
            yield lambda: None
        rank = int(np.searchsorted(index.keys, packet, side="right")) - 1
        for key in index.keys[max(rank - 2, 0) : rank + 1][::-1]:
            for time in dict.fromkeys((index.seek_time(key), int(index.dts[key]))):
                if time != NO_TIME:
                    yield partial(self._container.seek, time, stream=self._stream)
        if index.pos[packet] > 0:
            yield partial(self._container.seek, int(index.pos[packet]), unsupported_byte_offset=True)
        yield self._reopen

    def _reopen(self) -> None:
        """Open the file again at its first packet, because some containers cannot seek back to it."""
        self._retired.append(self._container)
        self._container, self._stream = open_container(self._path)

    def _known_packets(self) -> Iterator[tuple[int, av.Packet[Any]]]:
        """Packets from the current position, with their numbers. Packets not in the index are skipped."""
        self._fresh = False
        expected = -1
        for packet in self._container.demux(self._stream):
            if packet.size == 0:
                continue
            number = expected if self._is(expected, packet) else self._find(packet)
            if number >= 0:
                yield number, packet
                expected = number + 1

    def _is(self, number: int, packet: av.Packet[Any]) -> bool:
        """Whether a packet has the offset and length of the packet with this number."""
        return (
            0 <= number < len(self._pos)
            and packet.size == self._size[number]
            and (-1 if packet.pos is None else packet.pos) == self._pos[number]
        )

    def _find(self, packet: av.Packet[Any]) -> int:
        """Find the number of a packet after a seek; -1 if there is no match or more than one."""
        pos, pts, size = identity(packet)
        index = self._index
        found = np.flatnonzero((index.pos == pos) & (index.pts == pts) & (index.size == size))
        return int(found[0]) if len(found) == 1 else -1

    def close(self) -> None:
        """Close the file."""
        for container in (self._container, *self._retired):
            container.close()


def identity(packet: av.Packet[Any]) -> tuple[int, int, int]:
    """Return values that identify a packet in its stream, independent of the start of reading.

    Parameters
    ----------
    packet : av.Packet
        Packet as demuxed, before `tagged`.

    Returns
    -------
    tuple of int
        Byte offset, presentation timestamp and length. The offset alone is not unique in transport streams.
        The decoding timestamp is not used, because FFmpeg estimates it from the previous packets.
    """
    return (
        -1 if packet.pos is None else packet.pos,
        NO_TIME if packet.pts is None else packet.pts,
        packet.size,
    )


def tagged(packet: av.Packet[Any], number: int) -> av.Packet[Any]:
    """Replace the timestamps of a packet by its number.

    Parameters
    ----------
    packet : av.Packet
        Packet to modify.
    number : int
        Packet number in the file.

    Returns
    -------
    av.Packet
        The same packet.
    """
    packet.pts = number
    packet.dts = number
    return packet


@dataclass(frozen=True)
class Demuxed:
    """Properties of all packets of a stream.

    Attributes
    ----------
    table : ndarray of int64, shape (packets, 6)
        Columns pts, dts, pos, size, key, and discard (never shown: an edit list or the codec hides it).
    empty : int
        Number of packets without data, which stand for the last picture again.
    complete : bool
        False if reading stopped with an error.
    closed : bool
        Whether the bitstream tells that no picture refers to one before the last keyframe.
    cut_start : bool
        Whether pictures at the start refer to pictures that the file does not have.
    """

    table: IntArray
    empty: int
    complete: bool
    closed: bool = False
    cut_start: bool = False


def demux_all(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> Demuxed:
    """Read the properties of all packets of a stream, without decoding.

    Parameters
    ----------
    container, stream : InputContainer, VideoStream
        Result of `open_container`.

    Returns
    -------
    Demuxed
        The packets.
    """
    rows: list[tuple[int, int, int, int, bool, bool]] = []
    empty, cut_start, complete = 0, False, container.format.name in ENDS_WITH_AN_ERROR
    codec, extradata = stream.codec_context.name, stream.codec_context.extradata
    units = UnitReader(codec, extradata) if codec in ("h264", "hevc") else None
    closed = units is not None
    never_shown = hidden_test(codec, extradata)
    with contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(stream):
            if packet.size:
                pos, pts, size = identity(packet)
                dts = NO_TIME if packet.dts is None else packet.dts
                hidden = never_shown is not None and never_shown(memoryview(packet))
                cut_start |= hidden and not packet.is_discard and isinstance(never_shown, LeadingPictures)
                if packet.is_keyframe and closed and units is not None:
                    closed = units.is_idr(memoryview(packet))
                rows.append((pts, dts, pos, size, packet.is_keyframe, hidden or packet.is_discard))
            else:
                empty += packet.dts is not None  # the last packet, which PyAV adds, has no time
        complete = True
    return Demuxed(np.array(rows, np.int64).reshape(-1, 6), empty, complete, closed, cut_start)
