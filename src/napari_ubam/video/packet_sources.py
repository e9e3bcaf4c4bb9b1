"""Packet sources of raw streams, and the choice of the source for a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.container
import av.video.stream

from .index import FrameIndex
from .packets import ContainerPackets, PacketSource, open_container, tagged

UNSUPPORTED_FORMATS = frozenset({"m4v", "mpegvideo", "vvc", "cavsvideo", "avs2", "avs3", "evc", "vc1"})
"""Raw streams that are refused: their packets depend on where reading starts."""

BYTE_RANGES = frozenset({"h264", "hevc"})
"""Raw streams that are read by byte ranges: their packets follow each other without anything between them."""

FORWARD_ONLY = frozenset({"mpjpeg", "obu", "dirac", "h261", "h263", "dnxhd", "mjpeg", "mjpeg_2000"})
"""Raw streams that FFmpeg reads from their start alone."""


def is_raw(container: str) -> bool:
    """Check whether a format is a raw stream: no container, no timestamps, no seeking.

    Parameters
    ----------
    container : str
        FFmpeg name of the format. Images that follow each other in one file are called pipes.

    Returns
    -------
    bool
        True for a raw stream.
    """
    return container in BYTE_RANGES | FORWARD_ONLY | UNSUPPORTED_FORMATS or container.endswith("_pipe")


def packet_source(
    path: Path,
    container: av.container.InputContainer,
    stream: av.video.stream.VideoStream,
    index: FrameIndex,
) -> PacketSource:
    """Choose the packet source of a file.

    Parameters
    ----------
    path : Path
        Video file.
    container, stream : InputContainer, VideoStream
        Result of `open_container`.
    index : FrameIndex
        Index of the file.

    Returns
    -------
    PacketSource
        Source that owns the container.
    """
    if index.forward_only:
        return ForwardPackets(path, container, stream, index)
    if index.raw:
        return RawPackets(path, container, index)
    return ContainerPackets(path, container, stream, index)


class RawPackets(PacketSource):
    """Packets of an elementary stream, read as byte ranges.

    Parameters
    ----------
    path : Path
        Video file.
    container : InputContainer
        Result of `open_container`. It owns the decoder.
    index : FrameIndex
        Index of the file, with offset and length of every packet.
    """

    def __init__(self, path: Path, container: av.container.InputContainer, index: FrameIndex) -> None:
        self._path = path
        self._container = container
        self._index = index

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
        with self._path.open("rb") as file:
            file.seek(int(self._index.pos[packet]))
            for number in range(packet, len(self._index.size)):
                found = av.Packet(file.read(int(self._index.size[number])))
                found.is_keyframe = bool(self._index.key[number])  # without it, PNG adds the picture before
                yield number, tagged(found, number)

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class ForwardPackets(PacketSource):
    """Packets of a stream that cannot be sought: to go back, the file is demuxed again from its start.

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
        self._total = len(index.size)
        # The decoder belongs to the first container, so it stays open until the end.
        self._containers = [container]
        self._packets = container.demux(stream)
        self._next = 0

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
        if packet < self._next:
            self._reopen()
        while self._next < self._total:
            found = next(self._packets)
            if found.size:
                self._next += 1
                if self._next > packet:
                    yield self._next - 1, tagged(found, self._next - 1)

    def _reopen(self) -> None:
        for container in self._containers[1:]:
            container.close()
        container, stream = open_container(self._path)
        self._containers[1:] = [container]
        self._packets, self._next = container.demux(stream), 0

    def close(self) -> None:
        """Close the file."""
        for container in self._containers:
            container.close()
