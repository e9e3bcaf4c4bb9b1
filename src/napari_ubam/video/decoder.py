"""Frame-exact decoding: from a frame number to the decoded frame, by the nearest way."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import av.error
from av.video.frame import PictureType
from cachetools import LRUCache

from .errors import FrameError
from .index import FrameIndex, IntArray
from .packets import ContainerPackets, PacketSource, RawPackets, decode_in_order, open_container

CACHE_BYTES = 256 * 2**20
"""Decoded frames kept by a reader, in bytes, unless told otherwise."""

NEAR = 64
"""Frames from the one asked for last within which another is taken to be part of the same walk."""

DISPOSABLE = frozenset({"h264", "mpeg4", "mpeg2video", "mpeg1video"})
"""Codecs whose frames are known to be needed by no other where the stream says so."""

TRIES = 2
"""How many sound keyframes a frame that does not come out is tried from."""


def frame_bytes(frame: av.VideoFrame) -> int:
    """Memory that a decoded frame holds, in bytes."""
    return sum(plane.buffer_size for plane in frame.planes)


class FrameDecoder:
    """Gives frames of one file by number; threads may share it.

    Decoded frames stay in a cache of the least recently used ones, as the decoder left them (half the memory
    of RGB, and grey or colour can be made of them), so that a step back costs no decoding.

    Parameters
    ----------
    path : Path
        Video file.
    index : FrameIndex
        Its index.
    before_opening : callable
        Called each time that the file is opened; what it raises goes to whoever wants a frame.
    cache_bytes : int, optional
        Memory for decoded frames, `CACHE_BYTES` unless given.
    threads : int
        Decoder threads; more than one pays only for long forward reads of large frames.
    """

    def __init__(
        self,
        path: Path,
        index: FrameIndex,
        before_opening: Callable[[], None] = lambda: None,
        cache_bytes: int | None = None,
        threads: int = 1,
    ) -> None:
        self._path = path
        self._index = index
        self._threads = threads
        self._before_opening = before_opening
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._cache: LRUCache[int, av.VideoFrame] = LRUCache(
            CACHE_BYTES if cache_bytes is None else cache_bytes, getsizeof=frame_bytes
        )
        self._failed: dict[int, str] = {}
        self._packets: PacketSource | None = None
        self._decoder: av.VideoCodecContext | None = None
        self._run: Iterator[tuple[int, av.VideoFrame]] | None = None
        self._fed = 0
        self._shown = -1
        self._asked = -NEAR
        self._wanted: int | None = None
        self._key_frame = -1
        self._sound = True

    @property
    def lock(self) -> threading.RLock:
        """Held while frames are read; a forked process gets its own, and opens the file anew.

        Otherwise both processes would move the position of the one open file that they share, and a lock that
        another thread held during the fork would never be freed.
        """
        if os.getpid() != self._process:
            self._lock = threading.RLock()
            self._packets = self._decoder = self._run = None
            self._process = os.getpid()
        return self._lock

    def frame(self, number: int, keep: bool = True) -> av.VideoFrame:
        """Decode one frame.

        Parameters
        ----------
        number : int
            Frame number in display order, from 0; must be in range.
        keep : bool
            Whether to keep the frame itself, not only those decoded on the way to it: what is read once, in a
            run of frames, need not be kept. Those on the way are asked for next where dask works through
            chunks from the last to the first.

        Returns
        -------
        av.VideoFrame
            The decoded frame. It belongs to the cache: do not change it.

        Raises
        ------
        FrameError
            If the frame does not decode.
        """
        with self.lock:
            walking, self._asked = abs(number - self._asked) <= NEAR, number
            cached = self._cache.get(number)
            if cached is not None:
                return cached
            # Frames on the way of a jump are not needed; those on the way of a walk backwards will be.
            self._wanted = number if keep and not walking else None
            if number in self._failed:
                raise FrameError(self._path, number, self._failed[number])
            frame = self._ahead(number, keep)
            tries, groups_back = 0, 0
            while frame is None and tries < TRIES:
                key = self._index.start(number, groups_back)
                frame = self._from_key(number, key, keep)
                self._wanted = None  # a frame that did not come out is tried again with nothing skipped
                tries += self._sound or key == 0
                groups_back += 1
            if frame is not None:
                return frame
            self._failed[number] = "its data is damaged or missing"
            raise FrameError(self._path, number, self._failed[number])

    def close(self) -> None:
        """Close the file and forget decoded frames; the next frame opens it again."""
        with self.lock:
            if self._packets is not None:
                self._packets.close()
            self._cache.clear()
            self._failed.clear()  # a file on a network may read the next time
            self._packets = self._decoder = self._run = None

    def _ahead(self, number: int, keep: bool) -> av.VideoFrame | None:
        """Go on from the present position, if no keyframe lies between it and the frame."""
        if self._run is None or number <= self._shown or self._index.start(number) > self._fed:
            return None
        return self._forward(self._run, number, keep)

    def _from_key(self, number: int, key: int, keep: bool) -> av.VideoFrame | None:
        """Start anew at a keyframe."""
        packets, decoder = self._open()
        decoder.flush_buffers()
        # What shows before the keyframe refers to pictures that were not decoded now.
        self._key_frame = int(self._index.frame_of_packet[key])
        self._sound = key == 0 or self._key_frame < 0
        self._shown = self._key_frame - 1 if key else -1
        self._run = self._decoded(packets, decoder, key)
        return self._forward(self._run, number, keep)

    def _forward(
        self, run: Iterator[tuple[int, av.VideoFrame]], number: int, keep: bool
    ) -> av.VideoFrame | None:
        for shown, frame in run:
            if shown <= self._shown:
                continue
            if not self._sound and not self._proves_sound(shown, frame):
                break
            self._shown = shown
            if keep or shown != number:
                self._keep(shown, frame)
            if shown == number:
                return frame
            if shown > number:
                return None
        self._run = None
        return None

    def _proves_sound(self, shown: int, frame: av.VideoFrame) -> bool:
        """Whether the keyframe that decoding began with came out first, and needs no other picture.

        Streams with gradual refresh mark frames as keyframes from which the picture is only built up.
        """
        inter = (
            frame.pict_type != PictureType.I and self._decoder is not None and self._decoder.name == "h264"
        )
        self._sound = shown == self._key_frame and not inter
        return self._sound

    def _keep(self, number: int, frame: av.VideoFrame) -> None:
        if frame_bytes(frame) <= self._cache.maxsize:
            self._cache[number] = frame

    def _decoded(
        self, packets: PacketSource, decoder: av.VideoCodecContext, start: int
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        frame_of_packet = self._index.frame_of_packet
        may_skip = decoder.name in DISPOSABLE and self._index.packet_a_frame
        for packet_number, packet in packets.since(start):
            self._fed = packet_number + 1
            if may_skip:
                passed = self._wanted is not None and frame_of_packet[packet_number] < self._wanted
                decoder.skip_frame = "NONREF" if passed else "DEFAULT"
            yield from self._send(decoder, packet, frame_of_packet)
        yield from self._send(decoder, None, frame_of_packet)

    @staticmethod
    def _send(
        decoder: av.VideoCodecContext, packet: av.Packet[Any] | None, frame_of_packet: IntArray
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            return  # The frame will be missed where it is asked for; those around it may well decode.
        for frame in frames:
            if frame.pts is not None and frame_of_packet[frame.pts] >= 0:
                yield int(frame_of_packet[frame.pts]), frame

    def _open(self) -> tuple[PacketSource, av.VideoCodecContext]:
        if self._packets is None or self._decoder is None:
            self._before_opening()
            container, stream = open_container(self._path)
            self._decoder = decode_in_order(stream, self._threads)
            if self._index.raw:
                self._packets = RawPackets(self._path, container, self._index)
            else:
                self._packets = ContainerPackets(self._path, container, stream, self._index)
        return self._packets, self._decoder
