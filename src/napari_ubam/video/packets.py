"""Packets of one video stream, from any keyframe on, each tagged with its number in the file.

The tag travels through the decoder in place of the timestamp, so that every decoded frame names the packet
it came from. Frames are matched by it and never by timestamps, which files get wrong in many ways.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
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
from .index import NO_TIME, FrameIndex, IntArray

REFUSED_FORMATS = frozenset({"m4v", "mpegvideo", "vvc", "cavsvideo"})
"""Elementary streams whose frames depend on how they are reached."""

RAW_FORMATS = frozenset({"h264", "hevc"}) | REFUSED_FORMATS
"""FFmpeg's names of elementary streams: no container, no timestamps, no seeking."""


def open_container(path: Path) -> tuple[av.container.InputContainer, av.video.stream.VideoStream]:
    """Open a file and pick its video stream.

    Parameters
    ----------
    path : Path
        Video file.

    Returns
    -------
    container, stream
        The container and its first stream of moving pictures (cover art does not count).

    Raises
    ------
    VideoError
        In one sentence, if the file is missing, not a video, or without a stream that can be decoded.
    """
    try:
        if not path.exists():
            raise VideoError(f"{path}: there is no such file; check the path.")
        if path.stat().st_size == 0:
            raise VideoError(f"{path}: the file is empty; copy it again from the camera.")
        container = av.open(str(path))
    except PermissionError as error:
        raise VideoError(f"{path}: you may not read the file; change its permissions or copy it.") from error
    except UnicodeError as error:
        raise VideoError(f"{path!r}: the file's name is no valid text; rename the file.") from error
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path}: not a readable video ({_reason(error)}); if a player opens it, convert it with "
            "'ffmpeg -i FILE -c:v libx264 -crf 15 OUT.mp4', else copy it again from the camera."
        ) from error
    streams = [s for s in container.streams.video if not is_cover(s)]
    if not streams or streams[0].codec_context is None:
        container.close()
        raise VideoError(f"{path}: the file has no video stream that can be decoded; choose another file.")
    for other in container.streams:
        if other.index != streams[0].index:
            other.discard = av.stream.Discard.all
    return container, streams[0]


def is_cover(stream: av.video.stream.VideoStream) -> bool:
    """Tell a picture that belongs to the file as a whole from a stream of moving pictures."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _reason(error: Exception) -> str:
    """Tell what FFmpeg logged last, which says more than its error code: 'moov atom not found'."""
    log = getattr(error, "log", None)
    text = log[2] if log else getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".").lower()


def decode_in_order(stream: av.video.stream.VideoStream, threads: int) -> av.VideoCodecContext:
    """Set up the decoder of a stream: exact, and without a delay that seeking would pay for.

    Parameters
    ----------
    stream : VideoStream
        Freshly opened stream.
    threads : int
        Decoder threads, 0 for one a core. Several work on frames that follow, which pays in long forward
        reads only.

    Returns
    -------
    VideoCodecContext
        The stream's decoder.
    """
    context = stream.codec_context
    context.thread_type = "SLICE" if threads == 1 else "AUTO"
    context.thread_count = threads
    return context


class PacketSource(ABC):
    """Packets of a stream in file order, from any packet that the index knows."""

    @abstractmethod
    def since(self, packet: int) -> Iterator[tuple[int, av.Packet[Any]]]:
        """Give packets from a number on.

        Parameters
        ----------
        packet : int
            Number of the first packet.

        Yields
        ------
        number : int
            Packet number in the file.
        packet : av.Packet
            The packet; its timestamps are already replaced by the number.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""


class RawPackets(PacketSource):
    """Packets of an elementary stream, read as byte ranges.

    Parameters
    ----------
    path : Path
        File.
    container : InputContainer
        As from `open_container`; it owns the decoder.
    index : FrameIndex
        Its index, which holds offset and length of every packet.
    """

    def __init__(self, path: Path, container: av.container.InputContainer, index: FrameIndex) -> None:
        self._path = path
        self._container = container
        self._index = index

    def since(self, packet: int) -> Iterator[tuple[int, av.Packet[Any]]]:
        """See `PacketSource.since`."""
        with self._path.open("rb") as file:
            file.seek(int(self._index.pos[packet]))
            for number in range(packet, len(self._index.size)):
                yield number, tagged(av.Packet(file.read(int(self._index.size[number]))), number)

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class ContainerPackets(PacketSource):
    """Packets of a container, reached by its own seeking and recognised by what the index knows of them.

    Where a seek lands is never believed: the first packet is looked up in the index, packets before the
    wanted one are passed over, and a seek that lands too late is repeated from further back.

    Parameters
    ----------
    path : Path
        File.
    container, stream
        As from `open_container`.
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
        # The decoder belongs to the first container, so those that were left stay open until the end.
        self._retired: list[av.container.InputContainer] = []

    def since(self, packet: int) -> Iterator[tuple[int, av.Packet[Any]]]:
        """See `PacketSource.since`."""
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
            raise VideoError(f"{self._path}: seeking failed; remux it with 'ffmpeg -i FILE -c copy OUT.mp4'.")
        while number < packet:
            number, found = next(packets)
        yield number, tagged(found, number)
        for number, found in packets:
            yield number, tagged(found, number)

    def _seeks(self, packet: int) -> Iterator[Callable[[], None]]:
        """Ways to get to a packet, the cheapest first; the last one always gets there."""
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
        """Go to the very first packet: not every container can be sought back to it."""
        self._retired.append(self._container)
        self._container, self._stream = open_container(self._path)

    def _known_packets(self) -> Iterator[tuple[int, av.Packet[Any]]]:
        """Packets from the present position with their numbers; what the index does not know is left out."""
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
        """Whether a packet that follows another one is the one after it, by place and length."""
        return (
            0 <= number < len(self._pos)
            and packet.size == self._size[number]
            and (-1 if packet.pos is None else packet.pos) == self._pos[number]
        )

    def _find(self, packet: av.Packet[Any]) -> int:
        """Find the number of a packet after a seek; -1 where none is like it, or several."""
        pos, pts, size = identity(packet)
        index = self._index
        found = np.flatnonzero((index.pos == pos) & (index.pts == pts) & (index.size == size))
        return int(found[0]) if len(found) == 1 else -1

    def close(self) -> None:
        """Close the file."""
        for container in (self._container, *self._retired):
            container.close()


def identity(packet: av.Packet[Any]) -> tuple[int, int, int]:
    """Tell a packet from all others of its stream wherever reading began.

    Parameters
    ----------
    packet : av.Packet
        As demuxed, before `tagged`.

    Returns
    -------
    tuple of int
        Byte offset, timestamp and length. Transport streams give several packets the same offset; decoding
        times are left out, since FFmpeg guesses them from the packets before.
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
        Any packet.
    number : int
        Its number in the file.

    Returns
    -------
    av.Packet
        The same packet.
    """
    packet.pts = number
    packet.dts = number
    return packet


def demux_all(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream
) -> tuple[IntArray, bool]:
    """Read what the packets of a stream say, without decoding.

    Parameters
    ----------
    container, stream
        As from `open_container`.

    Returns
    -------
    table : ndarray of int64, shape (packets, 6)
        Columns pts, dts, pos, size, key, discard (by an edit list).
    complete : bool
        False where the file ended in an error.
    """
    rows: list[tuple[int, int, int, int, bool, bool]] = []
    complete = True
    try:
        for packet in container.demux(stream):
            if packet.size:
                pos, pts, size = identity(packet)
                dts = NO_TIME if packet.dts is None else packet.dts
                rows.append((pts, dts, pos, size, packet.is_keyframe, packet.is_discard))
    except av.error.FFmpegError:
        complete = False
    return np.array(rows, np.int64).reshape(-1, 6), complete
