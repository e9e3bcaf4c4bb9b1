"""Frame-exact decoding: from a frame number to the decoded frame, with as little decoding as possible."""

from __future__ import annotations

import contextlib
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
from .packet_sources import packet_source
from .packets import PacketSource, decode_in_order, open_container

CACHE_BYTES = 256 * 2**20
"""Default size of the cache of decoded frames, in bytes."""

SEQUENTIAL_FRAMES = 64
"""A request within this distance of the last one counts as sequential reading."""

DISPOSABLE = frozenset({"h264", "mpeg4", "mpeg2video", "mpeg1video"})
"""Codecs that mark reliably which frames no other frame refers to."""

SELF_CONTAINED = frozenset({PictureType.I, PictureType.SI, PictureType.NONE})
"""Types of a picture from which decoding can start. Decoders without types say NONE."""

MAX_ATTEMPTS = 2
"""Number of clean keyframes from which a frame is decoded before it counts as damaged."""


def frame_bytes(frame: av.VideoFrame) -> int:
    """Compute the memory of a decoded frame.

    Parameters
    ----------
    frame : av.VideoFrame
        Decoded frame.

    Returns
    -------
    int
        Bytes.
    """
    return sum(plane.buffer_size for plane in frame.planes)


class FrameDecoder:
    """Decoder that returns the frames of one file by number. Threads can share it.

    Decoded frames stay in an LRU cache, so a step back needs no decoding. They are cached in the pixel format
    of the decoder, which takes half the memory of RGB and can be converted to grey or colour.

    Parameters
    ----------
    path : Path
        Video file.
    index : FrameIndex
        Index of the file.
    before_opening : callable
        Function without arguments. It is called before the file is opened, and can raise an error.
    cache_bytes : int, optional
        Size of the cache. Default: `CACHE_BYTES`.
    threads : int
        Number of decoder threads. More than one is useful only for long sequential reads of large frames.
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
        self._frames: Iterator[tuple[int, av.VideoFrame]] | None = None
        self._next_packet = 0
        self._position = -1
        self._last_request = -SEQUENTIAL_FRAMES
        self._skip_until: int | None = None
        self._key = 0
        self._key_frame = -1
        self._clean_start = True
        self._false_keys: set[int] = set()

    @property
    def lock(self) -> threading.RLock:
        """Lock that is held while frames are read. A forked process gets a new lock and opens the file again.

        Otherwise both processes would share the position of one open file, and a lock that another thread
        held during the fork would never be released.
        """
        if os.getpid() != self._process:
            self._lock = threading.RLock()
            self._packets = self._decoder = self._frames = None
            self._process = os.getpid()
        return self._lock

    def frame(self, number: int, keep: bool = True) -> av.VideoFrame:
        """Decode one frame.

        Parameters
        ----------
        number : int
            Frame number in display order, from 0. It must be in range.
        keep : bool
            Whether to cache the requested frame. The frames that are decoded before it are always cached,
            because dask can read chunks from the last to the first.

        Returns
        -------
        av.VideoFrame
            The decoded frame. It belongs to the cache: do not modify it.

        Raises
        ------
        FrameError
            If the frame cannot be decoded.
        """
        with self.lock:
            sequential = abs(number - self._last_request) <= SEQUENTIAL_FRAMES
            self._last_request = number
            cached = self._cache.get(number)
            if cached is not None:
                return cached
            # After a jump the frames before the requested one are not needed; in backward reading they are.
            self._skip_until = number if keep and not sequential else None
            if number in self._failed:
                raise FrameError(self._path, number, self._failed[number])
            frame = self._continue(number, keep)
            attempts, groups_back = 0, 0
            while frame is None and attempts < MAX_ATTEMPTS:
                key = self._index.start(number, groups_back)
                groups_back += 1
                if key in self._false_keys:
                    continue
                frame = self._from_key(number, key, keep)
                self._skip_until = None  # the next attempt skips no frames
                attempts += self._clean_start
            if frame is not None:
                return frame
            self._failed[number] = "its data is damaged or missing"
            raise FrameError(self._path, number, self._failed[number])

    def frames_from(self, key: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decode from a keyframe to the end, as after a jump. The cache is not used.

        Parameters
        ----------
        key : int
            Packet number of the keyframe.

        Yields
        ------
        number : int
            Frame number, ascending.
        frame : av.VideoFrame
            The decoded frame. No frame is returned if decoding cannot start at this packet.
        """
        self._skip_until = None
        self._restart(key)
        if self._frames is not None:
            yield from self._frames

    def close(self) -> None:
        """Close the file and clear the cache. The next request opens the file again."""
        with self.lock:
            self._close_file()
            self._cache.clear()
            self._failed.clear()  # a file on a network drive may be readable next time

    def _close_file(self) -> None:
        if self._packets is not None:
            self._packets.close()
        self._packets = self._decoder = self._frames = None

    def _continue(self, number: int, keep: bool) -> av.VideoFrame | None:
        """Continue from the current position, if no keyframe lies between it and the frame."""
        if self._frames is None or number <= self._position or self._index.start(number) > self._next_packet:
            return None
        return self._forward(self._frames, number, keep)

    def _from_key(self, number: int, key: int, keep: bool) -> av.VideoFrame | None:
        """Restart at a keyframe."""
        return self._forward(self._restart(key), number, keep)

    def _restart(self, key: int) -> Iterator[tuple[int, av.VideoFrame]]:
        packets, decoder = self._open(key)
        decoder.flush_buffers()
        # Frames displayed before the keyframe refer to frames that are not decoded now.
        self._key, self._key_frame = key, int(self._index.frame_of_packet[key])
        self._clean_start = key == 0 or self._key_frame < 0
        self._position = self._key_frame - 1 if key else -1
        self._frames = self._ascending(packets, decoder)
        return self._frames

    def _ascending(
        self, packets: PacketSource, decoder: av.VideoCodecContext
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        for current, frame in self._decoded(packets, decoder, self._key):
            if current <= self._position:
                continue
            if not self._clean_start and not self._is_clean_start(current, frame):
                return
            self._position = current
            yield current, frame

    def _forward(
        self, frames: Iterator[tuple[int, av.VideoFrame]], number: int, keep: bool
    ) -> av.VideoFrame | None:
        for current, frame in frames:
            if keep or current != number:
                self._keep(current, frame)
            if current == number:
                return frame
            if current > number:
                return None
        self._frames = None
        return None

    def _is_clean_start(self, current: int, frame: av.VideoFrame) -> bool:
        """Whether the first decoded frame is the keyframe, and refers to no other frame.

        Many files mark frames as keyframes that are none: all frames, or those at which a gradual refresh
        begins. Some decoders do not tell the type of a picture: `proof` has tried their keyframes.
        """
        inter = frame.pict_type not in SELF_CONTAINED
        if inter:
            self._false_keys.add(self._key)
        self._clean_start = current == self._key_frame and not inter
        return self._clean_start

    def _keep(self, number: int, frame: av.VideoFrame) -> None:
        if frame_bytes(frame) <= self._cache.maxsize:
            self._cache[number] = frame

    def _decoded(
        self, packets: PacketSource, decoder: av.VideoCodecContext, start: int
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        frame_of_packet = self._index.frame_of_packet
        can_skip = decoder.name in DISPOSABLE and self._index.one_packet_per_frame
        for packet_number, packet in packets.since(start):
            self._next_packet = packet_number + 1
            if can_skip:
                skipped = self._skip_until is not None and frame_of_packet[packet_number] < self._skip_until
                decoder.skip_frame = "NONREF" if skipped else "DEFAULT"
            yield from self._send(decoder, packet, frame_of_packet)
        yield from self._send(decoder, None, frame_of_packet)

    @staticmethod
    def _send(
        decoder: av.VideoCodecContext, packet: av.Packet[Any] | None, frame_of_packet: IntArray
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            return  # A request for this frame raises an error; its neighbours may still decode.
        for frame in frames:
            if frame.pts is not None and frame_of_packet[frame.pts] >= 0:
                yield int(frame_of_packet[frame.pts]), frame

    def _open(self, key: int) -> tuple[PacketSource, av.VideoCodecContext]:
        if self._index.fresh_decoder:
            self._close_file()
        if self._packets is None or self._decoder is None:
            self._before_opening()
            container, stream = open_container(self._path)
            self._decoder = decode_in_order(stream, self._threads)
            self._packets = packet_source(self._path, container, stream, self._index)
            if key and not self._index.fresh_decoder:
                self._prime(self._packets, self._decoder)
        return self._packets, self._decoder

    @staticmethod
    def _prime(packets: PacketSource, decoder: av.VideoCodecContext) -> None:
        """Decode the first packet, in which some encoders state faults that their decoding must imitate."""
        with contextlib.suppress(av.error.FFmpegError, StopIteration):
            decoder.decode(next(packets.since(0))[1])
