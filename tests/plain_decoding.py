"""The truth about a video, a plain decoding by PyAV from the first packet to the last; and changed copies."""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import av.error
import numpy as np

from napari_ubam.video import FrameError, VideoArray, open_video
from napari_ubam.video.convert import Converter
from napari_ubam.video.scan import describe

Change = Callable[[int, av.Packet], av.Packet | None]


def plain_pictures(path: Path) -> list[int]:
    """Checksum of the brightness of every frame that the decoder shows."""
    sums: list[int] = []
    converter: Converter | None = None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in _frames(container, stream):
            converter = converter or Converter(describe(frame))
            sums.append(zlib.crc32(converter.luma(frame).data))
    return sums


def _frames(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    with contextlib.suppress(av.error.FFmpegError):  # some formats end with an error
        for packet in container.demux(stream):
            with contextlib.suppress(av.error.FFmpegError):
                yield from packet.decode()


def pictures(video: VideoArray, numbers: list[int]) -> list[int | None]:
    """Checksum of the brightness of frames as the reader gives them, None where it refuses."""
    found: list[int | None] = []
    for number in numbers:
        try:
            found.append(zlib.crc32(np.ascontiguousarray(video.luma()[number]).data))
        except FrameError:
            found.append(None)
    return found


def assert_as_plain(path: Path) -> VideoArray:
    """Compare the reader with the plain decoding: forwards, at random with nothing cached, and backwards."""
    truth = plain_pictures(path)
    video = open_video(path, warn=False)
    everything = list(range(len(video)))
    assert pictures(video, everything) == truth
    for order in (random.Random(path.name).sample(everything, len(everything)), everything[::-1]):
        video.close()
        assert pictures(video, order) == [truth[number] for number in order]
    for number in (len(video) - 1, len(video) // 2, 1):
        video.close()
        assert pictures(video, [number]) == [truth[number]]
    return video


def changed(source: Path, target: Path, change: Change, **options: str) -> Path:
    """Copy a file packet by packet; ``change`` gives each packet as it shall be, None to leave it out."""
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        for number, packet in enumerate(packet for packet in old.demux(stream) if packet.size):
            assert packet.dts is not None, f"{source}: packet {number} has no decoding time"
            wanted = change(number, packet)
            if wanted is not None:
                wanted.stream = copy
                new.mux(wanted)
    return target


def every_packet_a_keyframe(number: int, packet: av.Packet) -> av.Packet:
    """Mark a packet as a keyframe, as muxers do that know nothing of the codec."""
    packet.is_keyframe = True
    return packet


def with_bytes(packet: av.Packet, content: bytes) -> av.Packet:
    """Copy a packet with other content."""
    new = av.Packet(content)
    new.pts, new.dts, new.duration, new.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    new.is_keyframe = packet.is_keyframe
    return new
